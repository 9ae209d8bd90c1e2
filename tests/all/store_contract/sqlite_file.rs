//! What is promised of the `SQLite` file itself: its rights, its health, its neighbours.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crieur::model::delivery::OnDoubt;
use crieur::model::token::SigningKey;
use crieur::store::{Freeze, SqliteStore, Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{NEWS, add_readers, address, freeze, minute, new_issue, reader};

async fn refusal(path: &Path) -> String {
    match SqliteStore::open(path).await {
        Err(error @ StoreError::Unusable { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A store with some readers, closed again.
async fn filled(path: &Path) {
    let store = SqliteStore::open(path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    add_readers(&store, 500).await;
    store.close().await;
}

#[tokio::test]
async fn files_and_folders_are_for_their_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/state/crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    let _charge = store.take_charge(minute(0)).await.expect("an answer").expect("in charge");
    for name in ["crieur.db", "crieur.db-wal", "crieur.db-shm", "crieur.db.lock", "crieur.db.epoch"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
    for folder in [folder.path().join("deep"), folder.path().join("deep/state")] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    let holder = fs::read_to_string(path.with_file_name("crieur.db.lock")).expect("a lock file");
    assert_eq!(holder.trim(), std::process::id().to_string());
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("short.db", "hello\n".to_owned()), ("long.db", "not a database\n".repeat(1000))] {
        let path = folder.path().join(name);
        fs::write(&path, &text).expect("written");
        assert!(refusal(&path).await.contains("no crieur database"));
        assert_eq!(fs::read_to_string(&path).expect("read"), text, "it is left as it was");
    }
    assert!(refusal(folder.path()).await.contains("directory"));
    assert!(refusal(&folder.path().join("short.db/state/crieur.db")).await.contains("irectory"));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    filled(&path).await;
    let sound = fs::read(&path).expect("read");
    for page in 1..sound.len() / 4096 {
        let mut damaged = sound.clone();
        // the header of a page, where SQLite keeps what sort it is and how many cells it has
        for byte in &mut damaged[page * 4096..page * 4096 + 8] {
            *byte ^= 0xff;
        }
        let path = folder.path().join(format!("{page}.db"));
        fs::write(&path, damaged).expect("written");
        assert!(refusal(&path).await.contains("damaged"), "page {page}");
    }
    fs::write(&path, &sound[..sound.len() / 2]).expect("cut");
    refusal(&path).await;
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    filled(&path).await;
    let pool =
        sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&path)).await.expect("opens");
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', 0, TRUE, x'00', 0)")
        .execute(&pool)
        .await
        .expect("written");
    pool.close().await;
    assert!(refusal(&path).await.contains("newer version"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fresh_file_may_be_opened_by_many_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10 {
        let path = folder.path().join(format!("{round}.db"));
        let openings: Vec<_> = (0..16)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { SqliteStore::open(&path).await.map(drop) })
            })
            .collect();
        for opening in openings {
            opening.await.expect("no panic").expect("opens");
        }
    }
}

#[tokio::test]
async fn a_suppression_keeps_nothing_of_the_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    store.suppress(&address("canary@example.org"), "complaint", minute(0)).await.expect("suppressed");
    for name in ["crieur.db", "crieur.db-wal"] {
        let bytes = fs::read(path.with_file_name(name)).expect("read");
        assert!(!bytes.windows(6).any(|window| window.eq_ignore_ascii_case(b"canary")), "{name}");
    }
}

/// Runs a statement from outside, as another program would.
async fn tamper(path: &Path, statement: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the state file");
    sqlx::query(statement).execute(&mut connection).await.expect(statement);
    connection.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_while_nothing_can_be_written_has_left_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    add_readers(&store, 3).await;
    freeze(&store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let readers = store.subscriptions(None, 0, 9).await.expect("readers");
    tamper(&path, "CREATE TRIGGER no BEFORE UPDATE ON subscription BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    assert!(store.unsubscribe(readers[0].id, minute(1)).await.expect("it is noted"));
    assert!(store.unsubscribe(readers[0].id, minute(2)).await.expect("twice"));
    assert_eq!(mode(&path.with_file_name("crieur.db.leaving")), 0o600);
    assert!(store.claim(minute(3), minute(9), 9).await.is_err(), "nothing is sent before it is carried out");
    tamper(&path, "DROP TRIGGER no").await;
    let claims = store.claim(minute(4), minute(9), 9).await.expect("claims");
    assert_eq!(claims.len(), 2);
    let left = store.subscription(readers[0].id).await.expect("read").expect("there");
    assert_eq!(left.unsubscribed, Some(minute(1)), "when they asked");

    // also where the process ended before that, with a line that was cut
    tamper(&path, "CREATE TRIGGER no BEFORE UPDATE ON subscription BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    store.unsubscribe(readers[1].id, minute(5)).await.expect("noted");
    store.close().await;
    let notes = path.with_file_name("crieur.db.leaving");
    fs::write(&notes, format!("{}99 12", fs::read_to_string(&notes).expect("notes"))).expect("cut");
    tamper(&path, "DROP TRIGGER no").await;
    let store = SqliteStore::open(&path).await.expect("opens");
    let left = store.subscription(readers[1].id).await.expect("read").expect("there");
    assert_eq!(left.unsubscribed, Some(minute(5)));
    let names = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("leaving")), "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_not_given_again_after_an_older_copy_was_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    filled(&path).await;
    let older = fs::read(&path).expect("a copy");
    let newest = |store: SqliteStore, name: &'static str, at| async move {
        store.add_subscriptions(&[reader(name, "fr")], false, at).await.expect("added");
        let all = store.subscriptions(None, 0, 9_999).await.expect("all");
        let id = all.iter().find(|it| it.address.local_part() == name).expect("there").id;
        store.close().await;
        id
    };
    let first = newest(SqliteStore::open(&path).await.expect("opens"), "avant", minute(1)).await;
    fs::write(&path, older).expect("put back");
    let second = newest(SqliteStore::open(&path).await.expect("opens"), "apres", minute(2)).await;
    assert_ne!(first, second, "a link of one would be the other's");
}

/// Whoever died between two turns left a list of which some are subscribed.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_decided_on_is_subscribed_to_its_end_before_an_issue_is_frozen() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    add_readers(&store, 1).await;
    let import = store.begin_import("paper, 2019", minute(0)).await.expect("begun");
    let list = ["anne", "bob", "carl"].map(|name| reader(name, "fr"));
    store.import(import, &list, minute(1)).await.expect("taken");
    store.suppress(&address("bob@example.org"), "complaint", minute(2)).await.expect("suppressed");
    tamper(&path, "UPDATE import SET finished = touched").await;
    let Freeze::Frozen { recipients, .. } = store.freeze(&new_issue(1, 8, OnDoubt::Resend)).await.expect("frozen")
    else {
        panic!("not frozen")
    };
    assert_eq!(recipients, 3, "all of the list but who was suppressed");
    let names: Vec<_> = store.subscriptions(None, 0, 9).await.expect("read").into_iter().map(|it| it.name).collect();
    assert_eq!(names.into_iter().flatten().collect::<Vec<_>>(), ["reader0", "anne", "carl"]);
    let sources = ask(&path, "SELECT source FROM consent ORDER BY id").await;
    assert_eq!(sources, ["operator", "paper, 2019", "paper, 2019"], "with a receipt each");
    assert_eq!(ask(&path, "SELECT address FROM arrival").await, [""; 0]);
    assert_eq!(store.finish_import(import, minute(9)).await.expect("asked again"), None);
    assert!(!store.forget_import(import).await.expect("asked"), "what is finished is not forgotten");
}

/// What hashes such a list carries is known only to the key they were made with.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_and_a_log_of_erasures_wait_for_no_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    let import = store.begin_import("paper, 2019", minute(0)).await.expect("begun");
    store.import(import, &["anne", "bob"].map(|name| reader(name, "fr")), minute(1)).await.expect("taken");
    tamper(&path, "UPDATE import SET finished = touched").await;
    store.rotate_key(SigningKey::new([9; 32])).await.expect("rotated");
    store.suppress(&address("anne@example.org"), "complaint", minute(2)).await.expect("suppressed");
    assert_eq!(store.readers(NEWS).await.expect("readers").values().sum::<u64>(), 1, "by the hash of the new key");

    let import = store.begin_import("paper, 2020", minute(3)).await.expect("begun");
    store.import(import, &["carl", "dana"].map(|name| reader(name, "fr")), minute(4)).await.expect("taken");
    tamper(&path, "UPDATE import SET finished = touched").await;
    store.close().await;
    let older = fs::read(&path).expect("a copy");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.erase(&address("carl@example.org"), false, minute(5)).await.expect("erased");
    store.close().await;
    fs::write(&path, older).expect("put back");
    SqliteStore::open(&path).await.expect("opens").close().await;
    let left = ask(&path, "SELECT address FROM subscriber UNION SELECT address FROM arrival ORDER BY 1").await;
    assert_eq!(left, ["anne@example.org", "bob@example.org", "dana@example.org"]);
}

async fn ask(path: &Path, query: &'static str) -> Vec<String> {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the state file");
    sqlx::query_scalar(query).fetch_all(&mut connection).await.expect(query)
}

/// What a reader in another process still sees cannot leave the log of writes; that is said, and done the next time.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_for_its_age_leaves_the_log_of_writes_as_soon_as_nobody_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    let store = SqliteStore::open(&path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    let canary = reader("kanarienvogel", "fr");
    store.add_subscriptions(&[canary], false, minute(0)).await.expect("added");
    let id = store.subscriptions(None, 0, 1).await.expect("read")[0].id;
    store.unsubscribe(id, minute(1)).await.expect("left");
    let traces = || {
        let files = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let has = |path: &std::path::PathBuf| {
            fs::read(path).expect("bytes").windows(13).any(|window| window.eq_ignore_ascii_case(b"kanarienvogel"))
        };
        files.filter(has).count()
    };
    assert!(traces() > 0, "the scan finds what is there");

    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.expect("the state file");
    let mut reading = other.begin().await.expect("a transaction");
    sqlx::query("SELECT count(*) FROM subscriber").fetch_one(&mut *reading).await.expect("a count");
    let mut years = minute(2);
    let retained = loop {
        years += chrono::TimeDelta::days(365);
        let retained = store.retain(years).await.expect("looked");
        assert!(!retained.bytes_gone, "somebody reads");
        if retained.left > 0 {
            break retained;
        }
    };
    assert_eq!(retained.left, 1);
    assert!(traces() > 0, "and still could");
    drop(reading);
    other.close().await.expect("closed");
    assert!(store.retain(years).await.expect("looked").bytes_gone);
    assert_eq!(traces(), 0);
}
