//! Which mails are being made ready, in a file beside the state: it outlives a process that dies of one of them, and needs no
//! commit for each. Names claims by number, nobody by address.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sqlx::SqliteConnection;

use super::claims::Table;
use crate::model::delivery::Claim;

/// After so many deaths a mail is the operator's.
const TOO_MANY: i64 = 5;

const KILLS: &str = "crieur died each time while it made this mail ready";

/// Kind, number, epoch.
const RECORD: usize = 17;

#[derive(Debug, Clone)]
pub(super) struct InHand(Arc<Slots>);

#[derive(Debug)]
struct Slots {
    path: PathBuf,
    file: OnceLock<Option<File>>,
    taken: Mutex<Vec<bool>>,
}

/// A claim is in hand until this is dropped.
pub(super) struct Hand {
    slots: Arc<Slots>,
    slot: usize,
}

impl InHand {
    pub(super) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".in-hand");
        Self(Arc::new(Slots { path: path.into(), file: OnceLock::new(), taken: Mutex::default() }))
    }

    /// Where it cannot be written, a death is not counted, and nothing else is the worse for it.
    pub(super) fn take(&self, claim: &Claim) -> Hand {
        let slot = {
            let mut taken = self.0.taken();
            let slot = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
            match taken.get_mut(slot) {
                Some(free) => *free = true,
                None => taken.push(true),
            }
            slot
        };
        let mut record = [0; RECORD];
        record[0] = match Table::of(claim) {
            Table::Delivery => b'd',
            Table::Letter => b'l',
        };
        record[1..9].copy_from_slice(&claim.delivery.to_le_bytes());
        record[9..].copy_from_slice(&claim.epoch.to_le_bytes());
        self.0.write(slot, record);
        Hand { slots: Arc::clone(&self.0), slot }
    }

    /// What a process that is gone had in hand.
    fn left(&self) -> io::Result<Vec<(Table, i64, i64)>> {
        let bytes = match fs::read(&self.0.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        Ok(bytes.as_chunks().0.iter().filter_map(record).collect())
    }
}

fn record(bytes: &[u8; RECORD]) -> Option<(Table, i64, i64)> {
    let table = match bytes[0] {
        b'd' => Table::Delivery,
        b'l' => Table::Letter,
        _ => return None,
    };
    let number = |bytes: &[u8]| bytes.try_into().map(i64::from_le_bytes).ok();
    Some((table, number(&bytes[1..9])?, number(&bytes[9..])?))
}

impl Slots {
    fn taken(&self) -> MutexGuard<'_, Vec<bool>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, slot: usize, record: [u8; RECORD]) {
        let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path).ok();
        if let Some(file) = self.file.get_or_init(open) {
            let _ = file.write_all_at(&record, (slot * RECORD) as u64);
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.slots.write(self.slot, [0; RECORD]);
        if let Some(taken) = self.slots.taken().get_mut(self.slot) {
            *taken = false;
        }
    }
}

/// Counts the deaths of those before us, while their claims are still theirs: counting twice finds other epochs. What was
/// being sent is in doubt and not counted.
pub(super) async fn count_deaths(connection: &mut SqliteConnection, in_hand: &InHand) -> sqlx::Result<()> {
    for (table, number, epoch) in in_hand.left()? {
        sqlx::query(table.says(
            "UPDATE {outbox} SET deaths = deaths + 1
             WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('waiting', 'deferred', 'doubt')",
        ))
        .bind(number)
        .bind(epoch)
        .execute(&mut *connection)
        .await?;
        // nobody settles letters: whoever waits for one asks for another
        let (state, then) = match table {
            Table::Delivery => ("doubt", "so it is left to you: see `crieur issues doubts`"),
            Table::Letter => ("refused", "so the letter is given up"),
        };
        let held = sqlx::query(table.says(
            "UPDATE {outbox} SET state = ?, doubts = 2, next_attempt = NULL, reason = ?
             WHERE id = ? AND deaths >= ? AND state IN ('waiting', 'deferred', 'doubt') AND doubts < 2",
        ))
        .bind(state)
        .bind(KILLS)
        .bind(number)
        .bind(TOO_MANY)
        .execute(&mut *connection)
        .await?;
        if held.rows_affected() > 0 {
            tracing::error!(delivery = number, "{KILLS}, {then}");
        }
    }
    Ok(())
}
