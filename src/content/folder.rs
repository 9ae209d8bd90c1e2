//! Walks the content folder: which files are announcements, and their bytes.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

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
    fn of(file: &fs::Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            len: file.len(),
            modified: nanos(file.mtime(), file.mtime_nsec()),
            changed: nanos(file.ctime(), file.ctime_nsec()),
            inode: file.ino(),
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
    let entries = fs::read_dir(dir).map_err(|error| FolderError::Unreadable(dir.to_owned(), error))?;
    Walker { max_bytes, is_known, walk: &mut walk }.enter(entries, "", 1);
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk)
}

struct Walker<'a> {
    max_bytes: u64,
    is_known: &'a dyn Fn(&str, &Stamp) -> bool,
    walk: &'a mut Walk,
}

impl Walker<'_> {
    fn enter(&mut self, entries: fs::ReadDir, prefix: &str, depth: usize) {
        for entry in entries {
            let Ok(entry) = entry.inspect_err(|error| unreadable(self.walk, prefix, error)) else { continue };
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                let shown = format!("{prefix}{}", entry.file_name().to_string_lossy());
                self.walk.diagnostics.push(passed_over(&shown, "file-name", "its name is no UTF-8"));
                continue;
            };
            if !is_ignored(&name) {
                self.look_at(&entry, format!("{prefix}{name}"), &name, depth);
            }
        }
    }

    fn look_at(&mut self, entry: &fs::DirEntry, path: String, name: &str, depth: usize) {
        // of the entry itself: a link is not followed
        let Ok(kind) = entry.file_type().inspect_err(|error| unreadable(self.walk, &path, error)) else { return };
        let is_meant = || is_announcement(name) || kind.is_symlink() && leads_to_folder(&entry.path());
        if kind.is_dir() {
            self.enter_folder(&entry.path(), &path, depth);
        } else if kind.is_file() && is_announcement(name) {
            let file = self.file(&entry.path(), path);
            self.walk.files.push(file);
        } else if !kind.is_file() && is_meant() {
            let what = if kind.is_symlink() { "it is a link" } else { "it is no regular file" };
            let hint = "put the file or folder itself there: a link could lead out of the content folder";
            self.walk.diagnostics.push(passed_over(&path, "not-a-file", what).with_hint(hint));
        }
    }

    fn enter_folder(&mut self, folder: &Path, path: &str, depth: usize) {
        if depth >= MAX_DEPTH {
            self.walk.diagnostics.push(passed_over(path, "too-deep", "folders are nested too deep"));
            return;
        }
        match fs::read_dir(folder) {
            Ok(entries) => self.enter(entries, &format!("{path}/"), depth + 1),
            Err(error) => unreadable(self.walk, path, &error),
        }
    }

    /// The stamp is taken first: a file that is written meanwhile has another one the next time.
    fn file(&self, file: &Path, path: String) -> SourceFile {
        let stamp = fs::symlink_metadata(file).map(|file| Stamp::of(&file)).unwrap_or_default();
        let bytes = if (self.is_known)(&path, &stamp) {
            Ok(None)
        } else {
            read(file, self.max_bytes).map(Some).map_err(|diagnostic| diagnostic.in_file(&path))
        };
        SourceFile { path, stamp, bytes }
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

fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Diagnostic> {
    let fail = |error: std::io::Error| {
        Diagnostic::error("file-unreadable", Position::START, format!("the file cannot be read: {error}"))
    };
    let file = fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("the file is larger than {max_bytes} bytes");
        return Err(Diagnostic::error("file-too-large", Position::START, message)
            .with_hint("an announcement is a text; put pictures and documents beside it"));
    }
    Ok(bytes)
}

/// Nothing is known then of what is there or below.
fn unreadable(walk: &mut Walk, path: &str, error: &std::io::Error) {
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

    #[test]
    fn a_folder_that_is_not_there_is_an_error_not_an_empty_catalog() {
        assert!(walk(Path::new("/nowhere/at/all"), 10, &|_, _| false).is_err());
    }
}
