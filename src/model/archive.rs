//! The closed archives of the whole site's feed (RFC 5005 §4): documents that are written once and then kept.

use bytes::Bytes;

use super::announcement::AnnouncementId;
use super::token::sha256_hex;

/// One closed archive, byte for byte as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// From 1, the oldest.
    pub number: u32,
    /// Newest first.
    pub members: Vec<AnnouncementId>,
    /// The public address that its links start with.
    pub base: String,
    pub atom: Bytes,
    pub json: Bytes,
}

impl Archive {
    /// Tells one state of an archive from another without holding its bytes.
    pub fn digest(&self) -> String {
        sha256_hex(&[self.atom.as_ref(), self.json.as_ref()].concat())
    }
}
