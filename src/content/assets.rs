//! Lengths of attachments from the folder that holds them, where it is at hand.

use std::fs;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::model::announcement::{Announcement, Attachment};
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::settings::SiteSettings;

/// Fills in the lengths of an announcement's attachments. One that should be in the folder and is not there is taken out,
/// with a warning.
pub fn measure(announcement: &mut Announcement, assets: &Path, site: &SiteSettings) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    announcement.attachments.retain_mut(|attachment| {
        if attachment.href.host() != site.url.host() {
            return true;
        }
        match length(attachment, assets) {
            Some(bytes) => attachment.bytes = Some(bytes),
            None => diagnostics.push(missing(attachment, assets, &announcement.source.path)),
        }
        attachment.bytes.is_some()
    });
    diagnostics
}

/// The folder stands for the site's root or for the first folder of the path (`/uploads`).
fn length(attachment: &Attachment, assets: &Path) -> Option<u64> {
    let path = percent_decode_str(attachment.href.path()).decode_utf8().ok()?;
    let path = PathBuf::from(path.trim_start_matches('/'));
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let below_first: PathBuf = path.components().skip(1).collect();
    [path, below_first]
        .iter()
        .filter_map(|path| fs::metadata(assets.join(path)).ok())
        .find(fs::Metadata::is_file)
        .map(|file| file.len())
}

fn missing(attachment: &Attachment, assets: &Path, file: &str) -> Diagnostic {
    let message = format!("the attachment `{}` is not in `{}`", attachment.href.path(), assets.display());
    Diagnostic::warning("attachment-missing", Position::START, message)
        .with_hint("put the file there, or correct its name; until then it is not published")
        .in_file(file)
}
