//! That what was erased is no longer on the disk. `secure_delete` overwrites rows; what is left is the log of writes, and
//! whatever moving rows about may have left behind on a page.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::PATIENCE;

/// How long a try to empty the log of writes waits for readers in other processes. Meanwhile nobody can write.
const A_MOMENT: Duration = Duration::from_secs(2);
/// Between two tries others write.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is tried: once where it will be tried again anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tries {
    Once,
    ForAWhile,
}

/// Empties the log of writes, and writes the whole file anew if one of `traces` still stands in it (which it may rightly: in
/// an announcement). `false` where another process was reading all the time.
pub(super) async fn wipe(writer: &SqlitePool, path: &Path, traces: Vec<String>) -> sqlx::Result<bool> {
    if !empty_log(writer, Tries::ForAWhile).await? {
        return Ok(false);
    }
    let place = path.to_owned();
    let found = tokio::task::spawn_blocking(move || holds_any(place, &traces)).await.map_err(io::Error::other)??;
    if !found {
        return Ok(true);
    }
    sqlx::query("VACUUM").execute(writer).await?;
    empty_log(writer, Tries::ForAWhile).await
}

/// `false` where another process was reading all the time.
pub(super) async fn empty_log(writer: &SqlitePool, tries: Tries) -> sqlx::Result<bool> {
    let tries = if tries == Tries::Once { 1 } else { 5 };
    for tried in 0..tries {
        if tried > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let mut connection = writer.acquire().await?;
        wait_for_others(&mut connection, A_MOMENT).await?;
        let emptied = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        wait_for_others(&mut connection, PATIENCE).await?;
        let (busy, _, _): (i64, i64, i64) = emptied?;
        if busy == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn wait_for_others(connection: &mut SqliteConnection, patience: Duration) -> sqlx::Result<()> {
    let pragma = format!("PRAGMA busy_timeout = {}", patience.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(connection).await?;
    Ok(())
}

/// Piece by piece: the file may be larger than the memory.
fn holds_any(path: PathBuf, traces: &[String]) -> io::Result<bool> {
    const PIECE: usize = 1 << 20;
    let longest = traces.iter().map(String::len).max().unwrap_or(0);
    let finders: Vec<_> = traces.iter().filter(|trace| !trace.is_empty()).map(memchr::memmem::Finder::new).collect();
    let (mut file, mut piece) = (File::open(path)?, Vec::with_capacity(PIECE + longest));
    loop {
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if finders.iter().any(|finder| finder.find(&piece).is_some()) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // a trace may stand across two pieces
        piece.drain(..piece.len() - longest.min(piece.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_found_wherever_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for place in [0, 1, (1 << 20) - 3, 1 << 20, (1 << 21) - 1] {
            let mut bytes = vec![b'x'; place];
            bytes.extend(b"canary@example.org, and more");
            std::fs::write(&path, bytes).expect("written");
            let traces = ["other".to_owned(), "canary@example.org".to_owned()];
            assert!(holds_any(path.clone(), &traces).expect("read"), "{place}");
            assert!(!holds_any(path.clone(), &traces[..1]).expect("read"), "{place}");
        }
    }
}
