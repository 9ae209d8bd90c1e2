//! Where in crieur.toml something is wrong.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::model::diagnostic::Position;

/// Something wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl ConfigError {
    pub(super) fn folder(folder: &Path) -> Self {
        let inside = folder.join("crieur.toml");
        let hint = if inside.is_file() {
            format!("did you mean `{}`?", inside.display())
        } else {
            format!("`crieur init {}` writes one to begin with", folder.display())
        };
        let message = "is a folder; a configuration file is wanted".to_owned();
        Self { file: folder.to_owned(), line: 0, column: 0, message, hint: Some(hint) }
    }

    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let hint = (error.kind() == std::io::ErrorKind::NotFound)
            .then(|| "`crieur init` writes one to begin with; `--config` names another".to_owned());
        Self { file: file.to_owned(), line: 0, column: 0, message: format!("cannot be read: {error}"), hint }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.line {
            0 => write!(f, "{file}: {}", self.message)?,
            line => write!(f, "{file}:{line}:{}: {}", self.column, self.message)?,
        }
        self.hint.iter().try_for_each(|hint| write!(f, "\n  hint: {hint}"))
    }
}

impl std::error::Error for ConfigError {}

/// A fault before it is known in which file: bytes of the text, and what is wrong there.
#[derive(Debug)]
pub(super) struct Fault {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn at(self, file: &Path, text: &str) -> ConfigError {
        let Position { line, column } = Position::at(text, self.span.start);
        ConfigError { file: file.to_owned(), line, column, message: self.message, hint: self.hint }
    }
}

/// The known word most like `given`, if any is.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |word: &str| strsim::jaro_winkler(&given.to_lowercase(), &word.to_lowercase());
    let best = known.into_iter().map(|word| (likeness(word), word)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}
