//! Being the one daemon that is in charge of a file, and what is looked at before it is: who was in charge before, and which
//! clock they went by.

use chrono::{DateTime, Utc};

use super::{SqliteStore, epoch, open, outbox, pauses, turns};
use crate::model::pause::{Cause, went_back};
use crate::store::{Charge, Result, Store as _};

impl SqliteStore {
    /// What those before us had claimed is free, or in doubt; what they left in the middle is brought to its end.
    pub(super) async fn take_over(&self, now: DateTime<Utc>) -> Result<Option<Charge>> {
        let Some(lock) = open::lock_charge(&self.path)? else { return Ok(None) };
        open::check_all(&self.path, &self.writer).await?;
        self.explained(outbox::take_back_all(&self.writer, &self.in_hand, now).await)?;
        let (_, last) = self.explained(epoch::here(&self.readers).await)?;
        if let Some(reason) = went_back(now, last) {
            self.pause(Cause::Clock, &reason).await.map(drop)?;
        } else {
            self.end_pause_of_a_clock_behind(now).await?;
            self.explained(self.epoch.move_on(&self.writer, now).await)?;
        }
        self.explained(turns::carry_out(&self.writer, now).await)?;
        Ok(Some(Charge { _lock: Some(lock) }))
    }

    pub(super) async fn trust_the_clock_again(&self, now: DateTime<Utc>) -> Result<bool> {
        let pauses = self.pauses().await?;
        let Some(pause) = pauses.iter().find(|pause| pause.is_of_a_clock_behind()) else { return Ok(false) };
        let (_, last) = self.explained(epoch::here(&self.readers).await)?;
        if went_back(now, last).is_some() {
            return Ok(false);
        }
        self.explained(pauses::end_pause(&self.writer, pause.cause).await)
    }
}
