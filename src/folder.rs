//! Writes a site into a folder: each file whole or not at all, untouched where its bytes are the same.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use tempfile::TempPath;

use crate::output::site::{Document, Site};

/// Names the files of the last publication, so that what is no longer published can be taken away and nothing else is.
const MANIFEST: &str = ".crieur-files";
/// How the names of files begin that are still being written.
const TEMPORARY: &str = ".crieur-";

/// What writing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub changed: usize,
    pub untouched: usize,
    pub removed: usize,
}

/// A folder a site is written into again and again: what was written is remembered, so that the cost grows with the change.
#[derive(Debug)]
pub struct Mirror {
    dir: PathBuf,
    /// The `ETag` of each document as it was written, by its site path; `None` where the disk has to be asked.
    written: Option<BTreeMap<String, String>>,
}

impl Mirror {
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), written: None }
    }

    /// Somebody else may have changed the folder: the next `write` looks at every file.
    pub fn distrust(&mut self) {
        self.written = None;
    }

    /// Writes what is not as it was written last. Pages come first and the documents that link to them last; files of the
    /// last publication that are no longer part of it are removed in the end. Idempotent.
    ///
    /// # Errors
    /// Where the folder cannot be written; no file is ever left half written, and where the disk is the reason, every file is
    /// the last publication's.
    pub fn write(&mut self, site: &Site) -> anyhow::Result<Written> {
        // a folder that was emptied has no manifest either
        let known = self.written.take().filter(|_| self.dir.join(MANIFEST).exists()).unwrap_or_default();
        let same_paths = known.keys().eq(site.documents.keys());
        let is_same = |path: &str, document: &Document| known.get(path).is_some_and(|etag| *etag == document.etag);
        let written = if same_paths && site.refused.is_empty() {
            put_all(site, &self.dir, is_same)?
        } else {
            write_listed(site, &self.dir, is_same)?
        };
        let etags = site.documents.iter().map(|(path, document)| (path.clone(), document.etag.clone()));
        self.written = Some(etags.collect());
        Ok(written)
    }
}

/// Writes every document of the site below `dir`, as a `Mirror` does that knows nothing.
///
/// # Errors
/// As `Mirror::write`.
pub fn write(site: &Site, dir: &Path) -> anyhow::Result<Written> {
    Mirror::of(dir).write(site)
}

/// Writes documents that are the last publication's and others, and takes away those that are gone.
fn write_listed(site: &Site, dir: &Path, is_same: impl Fn(&str, &Document) -> bool) -> anyhow::Result<Written> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create the folder `{}`", dir.display()))?;
    let files: BTreeSet<String> = site.documents.keys().map(|path| file_name(path)).collect();
    let before = fs::read_to_string(dir.join(MANIFEST)).unwrap_or_default();
    // the new ones too, before the first of them is there: a crash leaves no file that nobody takes away
    note(dir, before.lines().map(str::to_owned).chain(files.iter().cloned()).collect())?;
    let mut written = put_all(site, dir, is_same)?;
    let refused: BTreeSet<String> = site.refused.iter().map(|refused| file_name(&refused.path)).collect();
    // what did not pass the gate is not gone: its last good version stays, and stays ours
    let (stays, gone): (Vec<&str>, Vec<&str>) =
        before.lines().filter(|name| !files.contains(*name)).partition(|name| refused.contains(*name));
    for name in gone.into_iter().filter(|name| is_inside(name)) {
        written.removed += usize::from(fs::remove_file(dir.join(name)).is_ok());
        remove_empty_folders(dir, name);
    }
    note(dir, files.iter().cloned().chain(stays.into_iter().map(str::to_owned)).collect())?;
    Ok(written)
}

/// All new files stand whole beside the old ones before the first takes an old one's place: a disk that is full leaves the
/// last publication as it was. Pages come first and the documents that link to them last.
fn put_all(site: &Site, dir: &Path, is_same: impl Fn(&str, &Document) -> bool) -> anyhow::Result<Written> {
    let (mut written, mut failure, mut staged) = (Written::default(), None, Vec::new());
    let (entry_points, others): (Vec<_>, Vec<_>) = site.documents.iter().partition(|(path, _)| !path.contains('/'));
    for (path, document) in others.into_iter().chain(entry_points) {
        let name = file_name(path);
        let new = if is_same(path, document) { Ok(None) } else { stage(dir, &name, &document.bytes) };
        match new {
            Ok(Some(new)) => staged.push((name, new)),
            Ok(None) => written.untouched += 1,
            // the others go on: one page must not keep the feeds from being written
            Err(error) if is_in_the_way(&error) => failure = failure.or(Some(cannot_write(dir, &name, error))),
            Err(error) => return Err(cannot_write(dir, &name, error)),
        }
    }
    for (name, new) in staged {
        match new.persist(dir.join(&name)) {
            Ok(()) => written.changed += 1,
            Err(refused) => failure = failure.or(Some(cannot_write(dir, &name, refused.error))),
        }
    }
    failure.map_or(Ok(written), Err)
}

fn cannot_write(dir: &Path, name: &str, error: std::io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("cannot write `{}`", dir.join(name).display()))
}

/// Something that is no file or folder of ours has the place: it says nothing about the other places.
fn is_in_the_way(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory, PermissionDenied};
    matches!(error.kind(), AlreadyExists | InvalidFilename | IsADirectory | NotADirectory | PermissionDenied)
}

/// Whether files can be written into the folder, which is made if it is not there.
///
/// # Errors
/// What keeps them from it.
pub fn is_writable(dir: &Path) -> Result<(), Unwritable> {
    let unwritable = |error| Unwritable(dir.to_owned(), error);
    fs::create_dir_all(dir).map_err(unwritable)?;
    tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(dir).map(drop).map_err(unwritable)
}

#[derive(Debug, thiserror::Error)]
#[error("the folder `{0}` cannot be written: {1}")]
pub struct Unwritable(PathBuf, std::io::Error);

/// Takes away what a process that was killed left half written, wherever files of the last publication are. Only what was
/// written before `start`: what is younger belongs to somebody who writes now.
pub fn sweep(dir: &Path, start: SystemTime) -> usize {
    let manifest = fs::read_to_string(dir.join(MANIFEST)).unwrap_or_default();
    let ours = manifest.lines().filter(|name| is_inside(name)).filter_map(|name| Path::new(name).parent());
    let folders: BTreeSet<&Path> = ours.chain([Path::new("")]).collect();
    let is_old = |file: &fs::DirEntry| file.metadata().and_then(|file| file.modified()).is_ok_and(|at| at < start);
    let is_left = |file: &fs::DirEntry| {
        let name = file.file_name();
        name.to_str().is_some_and(|name| name.starts_with(TEMPORARY) && name != MANIFEST) && is_old(file)
    };
    let files = folders.into_iter().filter_map(|folder| fs::read_dir(dir.join(folder)).ok()).flatten().flatten();
    files.filter(is_left).filter(|file| fs::remove_file(file.path()).is_ok()).count()
}

/// What is left of the last publication in a folder.
#[derive(Debug)]
pub struct LastPublication {
    dir: PathBuf,
    /// What was written then.
    files: HashSet<String>,
}

impl LastPublication {
    pub fn of(dir: &Path) -> Self {
        let manifest = fs::read_to_string(dir.join(MANIFEST)).unwrap_or_default();
        let files = manifest.lines().filter(|name| is_inside(name)).map(str::to_owned).collect();
        Self { dir: dir.to_owned(), files }
    }

    /// The bytes of a document, by its site path.
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let name = file_name(path);
        self.files.contains(&name).then(|| fs::read(self.dir.join(name)).ok()).flatten()
    }
}

/// Notes what is ours in the folder.
fn note(dir: &Path, files: BTreeSet<String>) -> anyhow::Result<()> {
    let manifest = files.into_iter().fold(String::new(), |lines, name| lines + &name + "\n");
    put(dir, MANIFEST, manifest.as_bytes()).with_context(|| format!("cannot write in `{}`", dir.display()))
}

fn file_name(path: &str) -> String {
    if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() }
}

/// Writes a file to a temporary name and renames it, unless it holds these bytes already.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    match stage(dir, name, bytes)? {
        Some(new) => Ok(new.persist(dir.join(name))?),
        None => Ok(()),
    }
}

/// A file under a temporary name beside the one it is to replace, closed, gone when dropped; `None` where that one holds these
/// bytes already.
fn stage(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<Option<TempPath>> {
    let file = dir.join(name);
    if fs::read(&file).is_ok_and(|present| present == bytes) {
        return Ok(None);
    }
    let folder = file.parent().unwrap_or(dir);
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    readable_by_all(temporary.as_file())?;
    // not synced: thousands of files would take minutes, and whatever a power cut spoils differs at the next publication
    Ok(Some(temporary.into_temp_path()))
}

/// Temporary files are private; what is published is for everyone (a web server beside us may serve it).
fn readable_by_all(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// A manifest somebody changed must not make us remove files elsewhere.
fn is_inside(name: &str) -> bool {
    PathBuf::from(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn remove_empty_folders(dir: &Path, name: &str) {
    let mut folder = Path::new(name).parent();
    while let Some(inner) = folder.filter(|inner| !inner.as_os_str().is_empty()) {
        if fs::remove_dir(dir.join(inner)).is_err() {
            return;
        }
        folder = inner.parent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(files: &[(&str, &str)]) -> Site {
        let document =
            |text: &str| Document { bytes: text.to_owned().into(), content_type: "text/plain", etag: text.to_owned() };
        let documents = files.iter().map(|(path, text)| ((*path).to_owned(), document(text))).collect();
        Site { documents, ..Site::default() }
    }

    #[test]
    fn unchanged_files_are_left_alone_and_gone_ones_are_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("robots.txt"), "not ours").expect("a file");
        let first = write(&site(&[("rss.xml", "a"), ("agenda/x/", "page")]), dir.path()).expect("written");
        assert_eq!(first, Written { changed: 2, untouched: 0, removed: 0 });
        let modified = fs::metadata(dir.path().join("rss.xml")).and_then(|file| file.modified()).expect("a time");
        let second = write(&site(&[("rss.xml", "a"), ("b", "b")]), dir.path()).expect("written");
        assert_eq!(second, Written { changed: 1, untouched: 1, removed: 1 });
        assert_eq!(
            fs::metadata(dir.path().join("rss.xml")).and_then(|file| file.modified()).expect("a time"),
            modified
        );
        assert!(!dir.path().join("agenda").exists());
        assert!(dir.path().join("robots.txt").exists());
    }

    #[test]
    fn what_was_written_before_a_crash_is_taken_away_like_the_rest() {
        let dir = tempfile::tempdir().expect("a folder");
        write(&site(&[("rss.xml", "a")]), dir.path()).expect("written");
        // a folder where the feed should go ends the next one half way, as a crash does
        fs::remove_file(dir.path().join("rss.xml")).expect("removed");
        fs::create_dir_all(dir.path().join("rss.xml/x")).expect("a folder");
        write(&site(&[("rss.xml", "b"), ("agenda/x/", "page")]), dir.path()).expect_err("a folder is in the way");
        assert!(dir.path().join("agenda/x/index.html").exists());
        fs::remove_dir_all(dir.path().join("rss.xml")).expect("removed");
        write(&site(&[("rss.xml", "b")]), dir.path()).expect("written");
        assert!(!dir.path().join("agenda").exists());
    }

    #[test]
    fn what_was_written_is_not_looked_at_again_until_it_is_distrusted() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, mut mirror) = (dir.path().join("rss.xml"), Mirror::of(dir.path()));
        let both = [("rss.xml", "a"), ("agenda/x/", "page")];
        assert_eq!(mirror.write(&site(&both)).expect("written").changed, 2);
        fs::write(&file, "somebody").expect("a file");
        let written = mirror.write(&site(&[("rss.xml", "a"), ("agenda/x/", "other")])).expect("written");
        assert_eq!(written, Written { changed: 1, untouched: 1, removed: 0 });
        assert_eq!(fs::read_to_string(&file).expect("a file"), "somebody");
        mirror.distrust();
        assert_eq!(mirror.write(&site(&both)).expect("written").changed, 2);
        assert_eq!(fs::read_to_string(&file).expect("a file"), "a");
        assert_eq!(mirror.write(&site(&[("rss.xml", "a")])).expect("written").removed, 1);
        fs::remove_dir_all(dir.path()).expect("removed");
        assert_eq!(mirror.write(&site(&both)).expect("written").changed, 2, "a folder that was taken away");
    }

    #[test]
    fn a_publication_that_failed_is_written_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut mirror = Mirror::of(dir.path());
        mirror.write(&site(&[("a", "1"), ("b", "1")])).expect("written");
        fs::remove_file(dir.path().join("a")).expect("removed");
        fs::create_dir_all(dir.path().join("a/x")).expect("a folder in the way");
        mirror.write(&site(&[("a", "2"), ("b", "2")])).expect_err("a folder is in the way");
        fs::remove_dir_all(dir.path().join("a")).expect("removed");
        let written = mirror.write(&site(&[("a", "2"), ("b", "2")])).expect("written");
        assert_eq!(written, Written { changed: 1, untouched: 1, removed: 0 });
    }

    #[test]
    fn what_was_left_half_written_is_swept_away_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        write(&site(&[("rss.xml", "a"), ("agenda/x/", "page")]), dir.path()).expect("written");
        fs::create_dir(dir.path().join("theirs")).expect("a folder");
        for name in [".crieur-Ab1", "agenda/x/.crieur-Ab2", "agenda/x/mine", "theirs/.crieur-Ab3"] {
            fs::write(dir.path().join(name), "half").expect("a file");
        }
        assert_eq!(sweep(dir.path(), SystemTime::UNIX_EPOCH), 0, "they are being written now");
        assert_eq!(sweep(dir.path(), SystemTime::now() + std::time::Duration::from_mins(1)), 2);
        assert!(dir.path().join("theirs/.crieur-Ab3").exists() && dir.path().join(MANIFEST).exists());
    }

    #[test]
    fn a_manifest_cannot_reach_outside() {
        let outer = tempfile::tempdir().expect("a folder");
        let dir = outer.path().join("public");
        fs::create_dir(&dir).expect("a folder");
        fs::write(outer.path().join("precious"), "").expect("a file");
        fs::write(dir.join(MANIFEST), "../precious\n/etc/hostname\n").expect("a manifest");
        assert_eq!(write(&site(&[]), &dir).expect("written").removed, 0);
        assert!(outer.path().join("precious").exists());
    }
}
