//! Why a document could not be written.

/// A document that its writer gave up on; nothing of it is to be published.
#[derive(Debug, thiserror::Error)]
#[error("the {format} document could not be written: {reason}")]
pub struct OutputError {
    /// "RSS", "Atom", …
    pub format: &'static str,
    pub reason: String,
}

impl OutputError {
    /// For `map_err`: what a format's own writer reports.
    pub(super) fn in_format<E: std::fmt::Display>(format: &'static str) -> impl Fn(E) -> Self {
        move |error| Self { format, reason: error.to_string() }
    }
}
