//! Walks the content folder: which files are announcements, and their bytes.
//!
//! From folder to folder by descriptors, each opened below the one before and never through a link: whatever is put in the
//! place of a file or folder between two looks, nothing outside is read and nothing that would keep us waiting is opened.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, DirEntry, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use serde::{Deserialize, Serialize};

use crate::model::diagnostic::{Diagnostic, Position};

/// Deepest folder that is entered.
pub(super) const MAX_DEPTH: usize = 32;

/// One file as found.
#[derive(Debug)]
pub struct SourceFile {
    /// Below the content folder, with `/` between its parts.
    pub path: String,
    pub stamp: Stamp,
    /// Its bytes, `None` where its stamp was known; or why it could not be read.
    pub bytes: Result<Option<Vec<u8>>, Diagnostic>,
}

/// What the folder itself says of a file, without reading it. A file with the stamp it had has the bytes it had, unless it
/// was written twice within the clock's tick (see `Memory`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub len: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// When anything about it changed, its name too: `touch -r` does not turn it back.
    pub changed: i64,
    pub inode: u64,
}

impl Stamp {
    #[expect(clippy::unnecessary_cast, clippy::cast_possible_wrap, reason = "their types differ from system to system")]
    fn of(file: &Stat) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            len: u64::try_from(file.st_size).unwrap_or_default(),
            modified: nanos(file.st_mtime as i64, file.st_mtime_nsec as i64),
            changed: nanos(file.st_ctime as i64, file.st_ctime_nsec as i64),
            inode: file.st_ino as u64,
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Ordered by path.
    pub files: Vec<SourceFile>,
    /// About things that were passed over.
    pub diagnostics: Vec<Diagnostic>,
    /// Folders that could not be read: nothing is known about what is below them.
    pub unknown: Vec<String>,
}

impl Walk {
    /// Whether a path is below a folder that could not be read.
    pub fn is_unknown(&self, path: &str) -> bool {
        self.unknown.iter().any(|folder| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the content folder `{0}` cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
}

/// Whether the folder can be read at all.
///
/// # Errors
/// As `walk`.
pub fn walk_is_possible(dir: &Path) -> Result<(), FolderError> {
    fs::read_dir(dir).map(|_| ()).map_err(|error| FolderError::Unreadable(dir.to_owned(), error))
}

/// Reads all announcements below `dir`, none larger than `max_bytes`, except those whose stamp `is_known` for their path.
///
/// # Errors
/// Only where the folder itself cannot be read: it may be unmounted, which says nothing about its files.
pub fn walk(dir: &Path, max_bytes: u64, is_known: &dyn Fn(&str, &Stamp) -> bool) -> Result<Walk, FolderError> {
    let mut walk = Walk::default();
    // the folder itself may be a link: where it leads is the operator's say
    let root = openat(CWD, dir, FOLDER, Mode::empty())
        .map_err(|error| FolderError::Unreadable(dir.to_owned(), error.into()))?;
    let entries = Dir::read_from(&root).map_err(|error| FolderError::Unreadable(dir.to_owned(), error.into()))?;
    let mut walker = Walker { max_bytes, is_known, walk: &mut walk };
    walker.enter(entries, &Place { folder: root.as_fd(), shown: dir, prefix: "", depth: 1 });
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk)
}

/// A folder, and nothing else in its place.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// What is opened is nothing a link leads to, and opening it waits for nobody: a pipe may have taken the name.
pub(crate) const AS_FOUND: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// Where a walk is.
struct Place<'a> {
    folder: BorrowedFd<'a>,
    /// The same by name, to ask where a link leads.
    shown: &'a Path,
    prefix: &'a str,
    depth: usize,
}

struct Walker<'a> {
    max_bytes: u64,
    is_known: &'a dyn Fn(&str, &Stamp) -> bool,
    walk: &'a mut Walk,
}

impl Walker<'_> {
    fn enter(&mut self, entries: Dir, place: &Place<'_>) {
        for entry in entries {
            let Ok(entry) = entry.inspect_err(|error| unreadable(self.walk, place.prefix, *error)) else { continue };
            let Ok(name) = entry.file_name().to_str() else {
                let shown = format!("{}{}", place.prefix, entry.file_name().to_string_lossy());
                self.walk.diagnostics.push(passed_over(&shown, "file-name", "its name is no UTF-8"));
                continue;
            };
            if !is_ignored(name) {
                self.look_at(&entry, name, place);
            }
        }
    }

    fn look_at(&mut self, entry: &DirEntry, name: &str, place: &Place<'_>) {
        let path = format!("{}{name}", place.prefix);
        let Ok(kind) = kind(entry, place).inspect_err(|error| unreadable(self.walk, &path, *error)) else { return };
        let is_meant = || is_announcement(name) || kind.is_symlink() && leads_to_folder(&place.shown.join(name));
        if kind.is_dir() {
            self.enter_folder(name, &path, place);
        } else if kind.is_file() && is_announcement(name) {
            let file = self.file(name, path, place);
            self.walk.files.push(file);
        } else if !kind.is_file() && is_meant() {
            let what = if kind.is_symlink() { "it is a link" } else { "it is no regular file" };
            let hint = "put the file or folder itself there: a link could lead out of the content folder";
            self.walk.diagnostics.push(passed_over(&path, "not-a-file", what).with_hint(hint));
        }
    }

    fn enter_folder(&mut self, name: &str, path: &str, place: &Place<'_>) {
        if place.depth >= MAX_DEPTH {
            self.walk.diagnostics.push(passed_over(path, "too-deep", "folders are nested too deep"));
            return;
        }
        let opened = openat(place.folder, name, FOLDER | AS_FOUND, Mode::empty());
        match opened.and_then(|folder| Ok((Dir::read_from(&folder)?, folder))) {
            Ok((entries, folder)) => {
                let (shown, prefix) = (place.shown.join(name), format!("{path}/"));
                let inner = Place { folder: folder.as_fd(), shown: &shown, prefix: &prefix, depth: place.depth + 1 };
                self.enter(entries, &inner);
            }
            Err(error) => unreadable(self.walk, path, error),
        }
    }

    /// What is read belongs to the stamp: where the file is written meanwhile, all of it is done again, also the question
    /// whether it is known. One that never rests is taken as it is, and has another stamp the next time.
    fn file(&self, name: &str, path: String, place: &Place<'_>) -> SourceFile {
        let mut tries = 5;
        loop {
            let found = statat(place.folder, name, AtFlags::SYMLINK_NOFOLLOW);
            let stamp = found.map(|file| Stamp::of(&file)).unwrap_or_default();
            if (self.is_known)(&path, &stamp) {
                return SourceFile { path, stamp, bytes: Ok(None) };
            }
            let opened = openat(place.folder, name, OFlags::RDONLY | OFlags::CLOEXEC | AS_FOUND, Mode::empty());
            let (bytes, after) = read(opened, self.max_bytes);
            tries -= 1;
            // a file may grow and shrink again within one tick of the clock
            let is_all = bytes.as_ref().map_or(true, |bytes| bytes.len() as u64 == stamp.len);
            if tries == 0 || is_all && after.is_none_or(|after| after == stamp) {
                let bytes = bytes.map(Some).map_err(|diagnostic| diagnostic.in_file(&path));
                return SourceFile { path, stamp, bytes };
            }
        }
    }
}

/// Of the entry itself: a link is not followed. Some file systems do not say it with the name.
fn kind(entry: &DirEntry, place: &Place<'_>) -> rustix::io::Result<FileType> {
    match entry.file_type() {
        FileType::Unknown => {
            let found = statat(place.folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(FileType::from_raw_mode(found.st_mode))
        }
        kind => Ok(kind),
    }
}

/// Whether a link leads to a folder, or round in a circle.
fn leads_to_folder(link: &Path) -> bool {
    match fs::metadata(link) {
        Ok(target) => target.is_dir(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Hidden files and what editors leave lying about.
pub(crate) fn is_ignored(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    name.starts_with(['.', '#']) || name.ends_with('~') || matches!(ending.as_deref(), Some("swp" | "tmp"))
}

/// The endings Jekyll and Hugo take for Markdown.
const MARKDOWN: &[&str] = &["md", "markdown", "mdown", "mkdown", "mkdn", "mkd"];

/// Markdown, except what generators keep about a folder rather than in it.
pub(crate) fn is_announcement(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let is_markdown = MARKDOWN.iter().any(|known| ending.eq_ignore_ascii_case(known));
    // `_index.fr.md` is the French one
    let stem = stem.split('.').next().unwrap_or(stem);
    is_markdown && stem != "_index" && !stem.eq_ignore_ascii_case("readme")
}

/// The bytes of a file, and its stamp after they were read.
fn read(opened: rustix::io::Result<OwnedFd>, max_bytes: u64) -> (Result<Vec<u8>, Diagnostic>, Option<Stamp>) {
    let fail = |error: io::Error| {
        Diagnostic::error("file-unreadable", Position::START, format!("the file cannot be read: {error}"))
    };
    let file = match opened {
        Ok(file) => File::from(file),
        Err(error) => return (Err(fail(error.into())), None),
    };
    let bytes = bytes(&file, max_bytes).map_err(fail).and_then(|bytes| {
        if bytes.len() as u64 <= max_bytes {
            return Ok(bytes);
        }
        let message = format!("the file is larger than {max_bytes} bytes");
        Err(Diagnostic::error("file-too-large", Position::START, message)
            .with_hint("an announcement is a text; put pictures and documents beside it"))
    });
    (bytes, fstat(&file).ok().map(|file| Stamp::of(&file)))
}

/// All bytes, or one more than allowed.
fn bytes(file: &File, max_bytes: u64) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Nothing is known then of what is there or below.
fn unreadable(walk: &mut Walk, path: &str, error: rustix::io::Errno) {
    let error = io::Error::from(error);
    walk.unknown.push(path.trim_end_matches('/').to_owned());
    let diagnostic = Diagnostic::error("folder-unreadable", Position::START, format!("cannot be read: {error}"));
    walk.diagnostics.push(diagnostic.in_file(path));
}

fn passed_over(path: &str, code: &'static str, why: &str) -> Diagnostic {
    Diagnostic::warning(code, Position::START, format!("passed over: {why}")).in_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_markdown_files_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        fs::create_dir(root.join("agenda")).expect("a folder");
        fs::create_dir(root.join("x.md")).expect("a folder named like a file");
        for name in [
            "agenda/a.md",
            "c.mkd",
            "Readme.markdown",
            "b.MARKDOWN",
            "c.txt",
            ".d.md",
            "e.md~",
            "f.md.swp",
            "_index.md",
            "_index.fr.md",
            "README.md",
        ] {
            fs::write(root.join(name), name).expect(name);
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("link.md")).expect("a link");
        std::os::unix::fs::symlink(root, root.join("agenda/loop")).expect("a loop");
        std::os::unix::fs::symlink("circle", root.join("agenda/circle")).expect("a circle");
        std::os::unix::fs::symlink("../c.txt", root.join("agenda/c.txt")).expect("a link nobody would read");
        let walk = walk(root, 1024, &|_, _| false).expect("a walk");
        let paths: Vec<&str> = walk.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["agenda/a.md", "b.MARKDOWN", "c.mkd"]);
        let mut passed: Vec<_> = walk.diagnostics.iter().map(|link| (link.file.as_str(), link.code.as_ref())).collect();
        passed.sort_unstable();
        assert_eq!(passed, [("agenda/circle", "not-a-file"), ("agenda/loop", "not-a-file"), ("link.md", "not-a-file")]);
    }

    #[test]
    fn a_file_that_is_too_large_is_named_and_the_others_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.md"), "x".repeat(11)).expect("a file");
        fs::write(dir.path().join("b.md"), "x".repeat(10)).expect("a file");
        let walk = walk(dir.path(), 10, &|_, _| false).expect("a walk");
        assert_eq!(walk.files[0].bytes.as_ref().expect_err("too large").code, "file-too-large");
        assert!(walk.files[1].bytes.is_ok());
    }

    /// What never rests is read by somebody else's clock: this one swaps files and folders with links out of the folder, and
    /// appends to a file, as long as the walks take.
    #[test]
    fn whatever_is_swapped_between_two_looks_nothing_outside_is_read() {
        const SWAPS: usize = 10_000;
        let dir = tempfile::tempdir().expect("a folder");
        let (root, outside) = (dir.path().join("content"), dir.path().join("outside"));
        for folder in [&root, &outside, &root.join("inner")] {
            fs::create_dir(folder).expect("a folder");
        }
        for (file, text) in [("outside/x.md", "secret"), ("content/inner/x.md", "public"), ("content/a.md", "public")] {
            fs::write(dir.path().join(file), text).expect("a file");
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("a.link")).expect("a link");
        std::os::unix::fs::symlink(&outside, root.join("inner.link")).expect("a link");
        let swap = |one: &str, other: &str| {
            rustix::fs::renameat_with(CWD, root.join(one), CWD, root.join(other), rustix::fs::RenameFlags::EXCHANGE)
        };
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let (mut walks, mut seen) = (0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..SWAPS {
                    swap("a.md", "a.link").expect("swapped");
                    swap("inner", "inner.link").expect("swapped");
                }
                is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let walk = walk(&root, 1024 * 1024, &|_, _| false).expect("a walk");
                for bytes in walk.files.iter().filter_map(|file| file.bytes.as_ref().ok()?.as_ref()) {
                    assert_eq!(String::from_utf8_lossy(bytes), "public");
                    seen += 1;
                }
                walks += 1;
            }
        });
        println!("{SWAPS} swaps, {walks} walks, {seen} files");
        assert!(walks > 10 && seen > 10, "{walks} walks, {seen} files");
    }

    #[test]
    fn bytes_and_stamp_belong_together_while_somebody_writes() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.md");
        fs::write(&file, "").expect("a file");
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for length in (0..40_000).map(|turn| turn % 100) {
                    fs::write(&file, "x".repeat(length)).expect("written");
                }
                is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let asked = std::cell::Cell::new(0);
                let walk = walk(dir.path(), 1024, &|_, _| {
                    asked.set(asked.get() + 1);
                    false
                });
                let file = walk.expect("a walk").files.remove(0);
                let length = file.bytes.expect("readable").expect("bytes").len() as u64;
                assert!(length == file.stamp.len || asked.get() == 5, "{length} bytes, {:?}", file.stamp);
            }
        });
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_not_an_empty_catalog() {
        assert!(walk(Path::new("/nowhere/at/all"), 10, &|_, _| false).is_err());
    }
}
