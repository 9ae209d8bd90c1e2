//! Whether an announcement is published, and whether its event takes place. What is not understood is told: somebody may
//! wait for a file that stays away, or travel to an event that does not take place.

use crate::model::announcement::Status;
use crate::model::diagnostic::Diagnostic;
use crate::model::event::EventStatus;
use crate::model::text::slugify;

use super::Mapper;

/// How other programs say under `status` that a file is not to be seen.
const HIDDEN: [&str; 8] = ["draft", "brouillon", "private", "prive", "hidden", "pending", "unpublished", "en-attente"];

impl Mapper<'_> {
    pub(super) fn status(&mut self) -> Status {
        let draft = self.is_draft();
        let unpublished = self.flag("published_flag") == Some(false);
        let in_drafts = self.path.split('/').any(|part| part == "_drafts");
        if draft || unpublished || in_drafts { Status::Draft } else { Status::Published }
    }

    /// What is neither yes nor no was hardly written into a file that is to be seen.
    fn is_draft(&mut self) -> bool {
        let Some(found) = self.find("draft").into_iter().next() else { return false };
        self.lookup.flag(&found).unwrap_or_else(|| {
            self.warn(
                &found,
                "not-a-flag",
                "this is neither yes nor no: the file is kept back".to_owned(),
                "write `true` or `false`",
            );
            true
        })
    }

    pub(super) fn event_status(&mut self) -> EventStatus {
        let named = self.find("event_status").into_iter();
        let mut named = named.filter_map(|found| self.lookup.plain(&found).map(|word| (found, word)));
        let Some((found, word)) = named.next() else { return EventStatus::default() };
        EventStatus::named(&word).unwrap_or_else(|| {
            let message = format!("`{word}` says nothing of an event: it takes place as planned");
            self.warn(&found, "event-status", message, "write `cancelled`, `tentative` or `confirmed`");
            EventStatus::default()
        })
    }

    /// A key of other programs that no profile reads.
    pub(super) fn unread_status(&self) -> Option<Diagnostic> {
        let (key, value) = self.extra().into_iter().find(|(key, _)| key.eq_ignore_ascii_case("status"))?;
        let word = value.as_str()?.to_owned();
        let hint = if HIDDEN.contains(&slugify(&word).as_str()) {
            "`draft: true` keeps the file back"
        } else if EventStatus::named(&word) == Some(EventStatus::Cancelled) {
            "`cancelled: true` calls the event off"
        } else {
            return None;
        };
        let position = self.lookup.front.spot(&key).map(|spot| spot.key)?;
        let message = format!("nothing reads the key `{key}`: this is published as if it were not there");
        Some(Diagnostic::warning("key-unread", position, message).with_hint(hint))
    }
}
