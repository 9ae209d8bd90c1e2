//! The closed archives, as the site is built with them.

use std::sync::PoisonError;

use super::App;
use crate::model::archive::Archive;
use crate::output::archive::Closed;
use crate::store;

impl App {
    /// All closed archives by number. Only those the store holds otherwise than we know them are read: another daemon may
    /// have closed one.
    pub(super) async fn closed_archives(&self) -> store::Result<Vec<Closed>> {
        let known = self.archives.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut closed = Vec::with_capacity(known.len());
        for (number, digest) in self.store.archive_digests().await? {
            match known.iter().find(|one| one.archive.number == number && one.digest == digest) {
                Some(one) => closed.push(one.clone()),
                None => closed.extend(self.store.archive(number).await?.map(Closed::new)),
            }
        }
        self.archives.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&closed);
        Ok(closed)
    }

    /// Keeps what was closed or written anew, and tells the operator of the latter: it should be rare.
    pub(super) async fn keep_archives(&self, changed: &[Archive], before: &[Closed]) -> store::Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        self.store.keep_archives(changed).await?;
        for archive in changed {
            let (number, members) = (archive.number, archive.members.len());
            if let Some(one) = before.iter().find(|one| one.archive.number == number) {
                let withdrawn = one.archive.members.len().saturating_sub(members);
                tracing::warn!(number, withdrawn, "a closed archive was written anew");
            } else {
                tracing::info!(number, members, "archive closed");
            }
        }
        Ok(())
    }
}
