//! What becomes of documents that did not pass the gate: their last good version stays, and the operator is told.

use std::sync::{Arc, PoisonError};

use super::App;
use crate::folder::LastPublication;
use crate::model::diagnostic::{Diagnostic, Position};
use crate::output::site::{Document, Refused, Site};

/// Documents named one by one; of more there is only a count.
const MOST_NAMED: usize = 20;

impl App {
    /// Puts the last good version of what was refused in its place, and says what was refused and why.
    pub(super) fn with_last_good(&self, mut site: Site, previous: &Site) -> (Arc<Site>, Vec<Diagnostic>) {
        let mut said = Vec::new();
        for refused in &site.refused {
            let mended = site.documents.contains_key(&refused.path);
            let before =
                previous.documents.get(&refused.path).cloned().or_else(|| self.on_disk(refused)).filter(|_| !mended);
            said.push(self.say(refused, mended, before.is_some()));
            site.documents.extend(before.map(|document| (refused.path.clone(), document)));
        }
        if said.len() > MOST_NAMED {
            let more = said.len() - MOST_NAMED;
            said.truncate(MOST_NAMED);
            let message = format!("{more} more documents did not pass the gate");
            said.push(Diagnostic::error("gate", Position::START, message).in_file(&said[0].file));
        }
        let site = Arc::new(site);
        *self.previous.lock().unwrap_or_else(PoisonError::into_inner) = site.clone();
        (site, said)
    }

    /// After a start nothing is in memory yet.
    fn on_disk(&self, refused: &Refused) -> Option<Document> {
        let bytes = LastPublication::of(&self.config.publish.dir).bytes(&refused.path)?;
        Some(Document::new(bytes, refused.content_type))
    }

    fn say(&self, refused: &Refused, mended: bool, had_before: bool) -> Diagnostic {
        let Refused { path, fault, culprit, .. } = refused;
        let outcome = match (mended, had_before) {
            (true, _) => "the announcement is left out of it",
            (false, true) => "its last good version stays",
            (false, false) => "it is not published",
        };
        let file = culprit.as_ref().map(|(_, file)| self.config.content.dir.join(file).display().to_string());
        let message = format!("`/{path}` did not pass the gate, {fault}: {outcome}");
        Diagnostic::error("gate", Position::START, message)
            .in_file(&file.unwrap_or_else(|| self.config.publish.dir.join(path).display().to_string()))
    }
}
