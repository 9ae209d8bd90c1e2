//! What outlives the process only to spare the next one work: all of it could be found out again.

/// What is remembered about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What the files of the content folder said when they were read.
    Files,
    /// What the published documents were made from.
    Documents,
}

impl About {
    pub const ALL: [Self; 2] = [Self::Files, Self::Documents];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Documents => "documents",
        }
    }
}

/// What is remembered of one file or document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Below the content folder, or on the site.
    pub path: String,
    /// By which it is known to be the same without a look at its bytes.
    pub stamp: String,
    /// By which its bytes are known.
    pub hash: String,
    /// `None` where the same bytes have another stamp now.
    pub said: Option<Vec<u8>>,
}

/// What is to be remembered, and the paths of which nothing is any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminders {
    pub kept: Vec<Reminder>,
    pub gone: Vec<String>,
}

impl Reminders {
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.gone.is_empty()
    }
}
