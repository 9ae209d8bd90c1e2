//! What an editor is told about a file: a code, a place, what is wrong and how to mend it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Hint,
    Warning,
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in a file, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte offset in a text; an offset inside a character counts as that character.
    pub fn at(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// One remark about one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable and searchable, e.g. `yaml-syntax`. Owned only where it was remembered by another process.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    /// Path as the editor knows it.
    pub file: String,
    #[serde(flatten)]
    pub position: Position,
    pub message: String,
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn new(severity: Severity, code: &'static str, position: Position, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), severity, file: String::new(), position, message: message.into(), hint: None }
    }

    pub fn error(code: &'static str, position: Position, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, position, message)
    }

    pub fn warning(code: &'static str, position: Position, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, position, message)
    }

    pub fn hint(code: &'static str, position: Position, message: impl Into<String>) -> Self {
        Self::new(Severity::Hint, code, position, message)
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }
}

/// `file:line:column: severity[code]: message`, the form editors and CI systems jump to.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, file, position, message, .. } = self;
        write!(f, "{file}:{}:{}: {severity}[{code}]: {message}", position.line, position.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "é1\nàb";
        assert_eq!(Position::at(text, 0), Position::START);
        assert_eq!(Position::at(text, 2), Position { line: 1, column: 2 });
        assert_eq!(Position::at(text, 1), Position { line: 1, column: 1 }, "inside é");
        assert_eq!(Position::at(text, 6), Position { line: 2, column: 2 });
        assert_eq!(Position::at(text, 99), Position { line: 2, column: 3 });
    }
}
