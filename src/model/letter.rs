//! A letter: a mail to one person that is no issue's. It asks to confirm a sign-up, or leads to the preferences.

use super::token::sha256_hex;

/// A rendered letter without its personal part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterText {
    pub lang: String,
    pub subject: String,
    pub html: String,
    pub text: String,
    /// Stands where the reader's own link goes.
    pub mark: String,
}

impl LetterText {
    /// What it is known by: the same for the same bytes.
    pub fn hash(&self) -> String {
        let Self { lang, subject, html, text, mark } = self;
        let parts = [lang, subject, html, text, mark];
        sha256_hex(parts.map(|part| format!("{}:{part}", part.len())).concat().as_bytes())
    }
}
