//! The state file from outside, through SQLite itself: is it whole, and what is in it.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

/// Runs a query whose rows are one column of text.
pub fn ask(database: &Path, query: &str) -> Vec<String> {
    with(database, true, async |connection| {
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(connection).await.expect("an answer");
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    })
}

/// Changes what is in it, as time would.
pub fn change(database: &Path, statement: &str) {
    with(database, false, async |connection| {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.expect("changed");
    });
}

/// Everything `SQLite` finds wrong with the file; a whole one says nothing.
pub fn faults(database: &Path) -> Vec<String> {
    let mut faults = ask(database, "SELECT * FROM pragma_integrity_check");
    faults.retain(|line| line != "ok");
    faults.extend(ask(database, "SELECT \"table\" || ' ' || parent FROM pragma_foreign_key_check"));
    faults
}

/// Every row of every table, by table.
pub fn tables(database: &Path) -> BTreeMap<String, Vec<String>> {
    let names = ask(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let rows = |name: &str| {
        let columns = ask(database, &format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{name}')"));
        ask(database, &format!("SELECT {} FROM \"{name}\" ORDER BY 1", columns.join(" || '|' || ")))
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

/// Deliveries of all issues by state.
pub fn deliveries(database: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for state in ask(database, "SELECT state FROM delivery") {
        *counts.entry(state).or_default() += 1;
    }
    counts
}

/// Changes what is in it, as nothing of ours would.
pub fn spoil(database: &Path, statement: &str) {
    with(database, false, async |connection| {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.expect("a change");
    });
}

/// While another program has the file for itself, as some that make backups do.
pub fn while_locked<T: Send>(database: &Path, work: impl FnOnce() -> T + Send) -> T {
    with(database, false, async |connection| {
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut *connection).await.expect("the lock");
        let done = work();
        sqlx::query("ROLLBACK").execute(connection).await.expect("given back");
        done
    })
}

/// On a thread of its own: a story may be in the middle of something asynchronous.
fn with<T: Send>(database: &Path, read_only: bool, work: impl AsyncFnOnce(&mut SqliteConnection) -> T + Send) -> T {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(database).read_only(read_only);
            let mut connection = options.connect().await.expect("the state file");
            let answer = work(&mut connection).await;
            connection.close().await.expect("closed");
            answer
        })
    };
    std::thread::scope(|scope| scope.spawn(ask).join().expect("an answer"))
}
