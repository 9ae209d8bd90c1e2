//! Walks the content folder: which files are announcements, and their bytes. The only file of this room that reads folders.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::model::diagnostic::{Diagnostic, Position};

/// Deepest folder that is entered.
const MAX_DEPTH: usize = 32;

/// One file as found.
#[derive(Debug)]
pub struct SourceFile {
    /// Below the content folder, with `/` between its parts.
    pub path: String,
    /// Its bytes, or why it could not be read.
    pub bytes: Result<Vec<u8>, Diagnostic>,
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
    #[error(
        "the content folder `{0}` holds no announcement any more, {1} were there: nothing is withdrawn, in case it is not \
         mounted\n  hint: if they are gone for good, `crieur build --confirm` says so"
    )]
    Emptied(PathBuf, usize),
}

/// Whether the folder can be read at all.
///
/// # Errors
/// As `walk`.
pub fn walk_is_possible(dir: &Path) -> Result<(), FolderError> {
    fs::read_dir(dir).map(|_| ()).map_err(|error| FolderError::Unreadable(dir.to_owned(), error))
}

/// Reads all announcements below `dir`, none larger than `max_bytes`.
///
/// # Errors
/// Only where the folder itself cannot be read: it may be unmounted, which says nothing about its files.
pub fn walk(dir: &Path, max_bytes: u64) -> Result<Walk, FolderError> {
    let mut walk = Walk::default();
    let entries = fs::read_dir(dir).map_err(|error| FolderError::Unreadable(dir.to_owned(), error))?;
    enter(entries, "", max_bytes, 1, &mut walk);
    walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk)
}

fn enter(entries: fs::ReadDir, prefix: &str, max_bytes: u64, depth: usize, walk: &mut Walk) {
    for entry in entries {
        let Ok(entry) = entry.inspect_err(|error| unreadable(walk, prefix, error)) else { continue };
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            let shown = format!("{prefix}{}", entry.file_name().to_string_lossy());
            walk.diagnostics.push(passed_over(&shown, "file-name", "its name is no UTF-8"));
            continue;
        };
        if is_ignored(&name) {
            continue;
        }
        let path = format!("{prefix}{name}");
        // of the entry itself: a link is not followed
        let Ok(kind) = entry.file_type().inspect_err(|error| unreadable(walk, &path, error)) else { continue };
        if kind.is_dir() {
            enter_folder(&entry.path(), &path, max_bytes, depth, walk);
        } else if !is_announcement(&name) {
        } else if kind.is_file() {
            walk.files.push(SourceFile { bytes: read(&entry.path(), max_bytes).map_err(|d| d.in_file(&path)), path });
        } else {
            let what = if kind.is_symlink() { "it is a link" } else { "it is no regular file" };
            walk.diagnostics.push(passed_over(&path, "not-a-file", what));
        }
    }
}

fn enter_folder(folder: &Path, path: &str, max_bytes: u64, depth: usize, walk: &mut Walk) {
    if depth >= MAX_DEPTH {
        walk.diagnostics.push(passed_over(path, "too-deep", "folders are nested too deep"));
        return;
    }
    match fs::read_dir(folder) {
        Ok(entries) => enter(entries, &format!("{path}/"), max_bytes, depth + 1, walk),
        Err(error) => {
            unreadable(walk, path, &error);
        }
    }
}

/// Hidden files and what editors leave lying about.
fn is_ignored(name: &str) -> bool {
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
        let walk = walk(root, 1024).expect("a walk");
        let paths: Vec<&str> = walk.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["agenda/a.md", "b.MARKDOWN", "c.mkd"]);
        let [link] = &walk.diagnostics[..] else { panic!("{:?}", walk.diagnostics) };
        assert_eq!((link.file.as_str(), link.code), ("link.md", "not-a-file"));
    }

    #[test]
    fn a_file_that_is_too_large_is_named_and_the_others_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.md"), "x".repeat(11)).expect("a file");
        fs::write(dir.path().join("b.md"), "x".repeat(10)).expect("a file");
        let walk = walk(dir.path(), 10).expect("a walk");
        assert_eq!(walk.files[0].bytes.as_ref().expect_err("too large").code, "file-too-large");
        assert!(walk.files[1].bytes.is_ok());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_not_an_empty_catalog() {
        assert!(walk(Path::new("/nowhere/at/all"), 10).is_err());
    }
}
