//! What is done for people beyond mailing them: erasing, and a new key for what is signed.

use chrono::{DateTime, Utc};

use super::{App, random_bytes};
use crate::delivery::leftovers;
use crate::model::settings::MailTransport;
use crate::model::subscriber::{Erased, Retained};
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

impl App {
    /// Erases a person from the state, and then their mails from the outbox folder, where there is one; how many those were.
    ///
    /// # Errors
    /// Where the store fails or a mail cannot be removed; asked again, it goes on.
    pub async fn erase(
        &self,
        address: &EmailAddress,
        objected: bool,
        now: DateTime<Utc>,
    ) -> anyhow::Result<(Erased, usize)> {
        // first: from then on no mail to them is written
        let erased = self.store.erase(address, objected, now).await?;
        let MailTransport::Folder { dir } = &self.config.mail.transport else { return Ok((erased, 0)) };
        let (dir, address) = (dir.clone(), address.clone());
        let mails = tokio::task::spawn_blocking(move || leftovers::remove(&dir, &address)).await??;
        Ok((erased, mails))
    }

    /// Erases what was kept for long enough, and sign-ups nobody confirmed in time, and says so in the log, by number.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn retain(&self, now: DateTime<Utc>) -> anyhow::Result<Retained> {
        let unconfirmed = self.store.forget_expired_signups(now).await?;
        if unconfirmed > 0 {
            tracing::info!(unconfirmed, "sign-ups nobody confirmed in time are erased");
        }
        let retained = self.store.retain(now).await?;
        if retained.left + retained.silent > 0 {
            tracing::info!(
                left = retained.left,
                silent = retained.silent,
                "subscriptions kept for long enough are erased"
            );
        }
        if !retained.bytes_gone {
            tracing::warn!(
                "what was erased for its age is still in the log of the state: another process is reading it"
            );
        }
        Ok(retained)
    }

    /// Has a new key sign what is signed from now on.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn rotate_key(&self) -> anyhow::Result<SigningKey> {
        Ok(self.store.rotate_key(SigningKey::new(random_bytes()?)).await?)
    }
}
