//! The content folder from outside: which folders there are to watch, whether it is still the same one, whether anything in
//! it changed. Reads no file.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::folder::{MAX_DEPTH, is_ignored, walk};

/// What tells a folder or file from another one that took its name: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

/// Of what a path leads to, or `None` where it leads nowhere.
pub fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|found| Identity(found.dev(), found.ino()))
}

/// Where a path leads, links followed; itself where it leads nowhere.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Shows `dir` and every folder below that a walk would enter, each before it is listed: whoever starts to watch it then
/// misses nothing that is put into it later.
pub fn folders(dir: &Path, seen: &mut dyn FnMut(&Path)) {
    show(dir, 1, seen);
}

fn show(folder: &Path, depth: usize, seen: &mut dyn FnMut(&Path)) {
    seen(folder);
    if depth >= MAX_DEPTH {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name().to_str().is_some_and(|name| !is_ignored(name)) {
            show(&entry.path(), depth + 1, seen);
        }
    }
}

/// A number that is another one, but for chance, as soon as a file is added, taken away, renamed or written.
pub fn fingerprint(dir: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    match walk(dir, 0, &|_, _| true) {
        Ok(walk) => {
            walk.unknown.hash(&mut hasher);
            for file in walk.files {
                let stamp = file.stamp;
                (file.path, stamp.len, stamp.modified, stamp.changed, stamp.inode).hash(&mut hasher);
            }
        }
        Err(error) => error.to_string().hash(&mut hasher),
    }
    hasher.finish()
}

/// File systems on which others write without our system hearing of it.
const SHARED: &[&str] =
    &["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "ceph", "afs", "lustre", "beegfs", "vboxsf", "fuse"];

/// The kind of file system a folder is on, where others may write to it unheard.
pub fn shared_file_system(dir: &Path) -> Option<String> {
    let device = fs::metadata(dir).ok()?.dev();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of(device, &mounts).filter(|kind| SHARED.contains(&kind.split('.').next().unwrap_or(kind)))
}

/// By proc(5): `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`.
fn kind_of(device: u64, mounts: &str) -> Option<String> {
    // by makedev(3), as glibc packs them
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & 0xffff_f000);
    let minor = (device & 0xff) | ((device >> 12) & 0xffff_ff00);
    let device = format!("{major}:{minor}");
    let line = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    let (_, kind) = line.split_once(" - ")?;
    kind.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_file_changes_the_fingerprint() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        let mut seen = vec![fingerprint(root)];
        let mut look = |what: &str| {
            let now = fingerprint(root);
            assert!(!seen.contains(&now), "{what}");
            assert_eq!(now, fingerprint(root));
            seen.push(now);
        };
        fs::write(root.join("a.md"), "one").expect("a file");
        look("a new file");
        fs::write(root.join("a.md"), "three").expect("a file");
        look("a longer one");
        fs::rename(root.join("a.md"), root.join("b.md")).expect("renamed");
        look("a renamed one");
        fs::remove_file(root.join("b.md")).expect("removed");
        fs::remove_dir(root).expect("removed");
        look("no folder");
    }

    #[test]
    fn folders_are_shown_before_what_is_in_them_and_hidden_ones_are_not() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("a/b")).expect("folders");
        fs::create_dir_all(dir.path().join(".git/objects")).expect("folders");
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/loop")).expect("a loop");
        let mut shown = Vec::new();
        folders(dir.path(), &mut |folder| shown.push(folder.to_owned()));
        assert_eq!(shown, [dir.path().to_owned(), dir.path().join("a"), dir.path().join("a/b")]);
    }

    #[test]
    fn a_network_file_system_is_known_by_its_mount() {
        let mounts = "36 35 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                      40 36 0:52 / /srv rw - nfs4 server:/srv rw\n41 36 0:300 / /x rw - fuse.sshfs x rw\n";
        assert_eq!(kind_of(52, mounts).as_deref(), Some("nfs4"));
        assert_eq!(kind_of(0x0801, mounts).as_deref(), Some("ext4"));
        assert_eq!(kind_of(0x0010_002c, mounts).as_deref(), Some("fuse.sshfs"));
        assert_eq!(kind_of(53, mounts), None);
    }
}
