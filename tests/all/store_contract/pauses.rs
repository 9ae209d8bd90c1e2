//! What keeps everything from being mailed, and what ends that.

use std::fs;

use crieur::model::delivery::{DeliveryState, OnDoubt, Outcome};
use crieur::model::pause::Cause;
use crieur::model::token::SigningKey;
use crieur::store::{Freeze, SqliteStore, Store};

use crate::support::state::change;

use super::{Place, add_readers, begin_one, claim, counts, freeze, frozen, minute, new_issue};

super::promises! {
    a_pause_keeps_everything_from_being_claimed_and_frozen
    a_clock_that_shows_an_earlier_hour_than_the_last_mails_pauses
}

async fn causes(store: &dyn Store) -> Vec<Cause> {
    store.pauses().await.expect("read").into_iter().map(|pause| pause.cause).collect()
}

async fn a_pause_keeps_everything_from_being_claimed_and_frozen(place: &Place) {
    let (store, _) = frozen(place, 2, OnDoubt::Resend).await;
    assert!(store.pause(Cause::Clock, "a year ahead").await.expect("an answer"));
    assert!(!store.pause(Cause::Clock, "another").await.expect("an answer"));
    assert_eq!(store.pauses().await.expect("read")[0].reason, "a year ahead", "what was said first stays");
    assert!(claim(&*store, 0, 9).await.is_empty());
    assert_eq!(store.next_due().await.expect("read"), None);
    assert_eq!(store.freeze(&new_issue(2, 15, OnDoubt::Resend)).await.expect("an answer"), Freeze::Paused);
    assert!(!store.end_pause(Cause::Restored, minute(0)).await.expect("an answer"), "it was none");
    assert!(store.end_pause(Cause::Clock, minute(0)).await.expect("an answer"));
    assert!(!store.end_pause(Cause::Clock, minute(0)).await.expect("an answer"));
    assert_eq!(claim(&*store, 0, 9).await.len(), 2);
    freeze(&*store, &new_issue(2, 15, OnDoubt::Resend)).await;
}

async fn a_clock_that_shows_an_earlier_hour_than_the_last_mails_pauses(place: &Place) {
    const DAY: i64 = 24 * 60;
    let (store, _) = frozen(place, 2, OnDoubt::Resend).await;
    for (at, expected) in [(DAY, vec![]), (DAY - 59, vec![]), (800 * DAY, vec![]), (799 * DAY, vec![Cause::Clock])] {
        let charge = store.take_charge(minute(at)).await.expect("an answer");
        assert!(charge.is_some());
        assert_eq!(causes(&*store).await, expected, "at {at}");
    }
    assert!(claim(&*store, 799 * DAY, 9).await.is_empty());
    assert!(store.end_pause(Cause::Clock, minute(799 * DAY)).await.expect("an answer"), "this hour is right");
    drop(store.take_charge(minute(799 * DAY)).await.expect("an answer"));
    assert_eq!(causes(&*store).await, []);
    drop(store.take_charge(minute(700 * DAY)).await.expect("an answer"));
    assert_eq!(causes(&*store).await, [Cause::Clock]);
    assert!(!store.end_pause_of_a_clock_behind(minute(701 * DAY)).await.expect("an answer"), "still behind");
    drop(store.take_charge(minute(800 * DAY)).await.expect("an answer"));
    assert_eq!(causes(&*store).await, [], "the clock is right again");
    assert!(store.pause(Cause::Clock, "a year ahead").await.expect("an answer"));
    drop(store.take_charge(minute(801 * DAY)).await.expect("an answer"));
    assert_eq!(causes(&*store).await, [Cause::Clock], "nobody can tell");
}

/// A state with an issue of three mails, one of them sent, and the bytes it had in the middle of that.
async fn half_sent(path: &std::path::Path, on_doubt: OnDoubt) -> Vec<u8> {
    let store = opened(path).await;
    add_readers(&store, 3).await;
    freeze(&store, &new_issue(1, 8, on_doubt)).await;
    let first = begin_one(&store, 0).await;
    let copy = path.with_file_name("copy.db");
    change(path, &format!("VACUUM INTO '{}'", copy.display()));
    let half = fs::read(copy).expect("a copy");
    store.record_outcome(&first, &Outcome::Sent, minute(0)).await.expect("recorded");
    for _ in 0..2 {
        let claim = begin_one(&store, 1).await;
        store.record_outcome(&claim, &Outcome::Sent, minute(1)).await.expect("recorded");
    }
    assert!(claim(&store, 1, 9).await.is_empty(), "that was all");
    store.close().await;
    half
}

async fn opened(path: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(path).await.expect("opens");
    store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
    store
}

fn put_back(path: &std::path::Path, bytes: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    fs::write(path, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_sends_nothing_and_what_it_has_open_is_in_doubt() {
    for (on_doubt, resent) in [(OnDoubt::Resend, 3), (OnDoubt::Hold, 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("crieur.db");
        let half = half_sent(&path, on_doubt).await;
        put_back(&path, &half);
        for _ in 0..2 {
            let store = opened(&path).await;
            assert_eq!(causes(&store).await, [Cause::Restored]);
            assert!(claim(&store, 2, 9).await.is_empty());
            assert_eq!(store.outbox_counts().await.expect("counts"), counts([(DeliveryState::Doubt, 3)]));
            store.close().await;
        }
        let store = opened(&path).await;
        drop(store.take_charge(minute(2)).await.expect("an answer"));
        assert!(store.end_pause(Cause::Restored, minute(2)).await.expect("an answer"));
        assert_eq!(claim(&store, 2, 9).await.len(), resent, "{on_doubt:?}");
        store.close().await;
        assert_eq!(causes(&opened(&path).await).await, [], "it is the newest now");
    }
}

/// As `sqlite3 .restore` would, while we run.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_put_back_while_we_run_is_noticed_at_the_next_claim() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    half_sent(&path, OnDoubt::Resend).await;
    let store = opened(&path).await;
    change(&path, "UPDATE sending SET epoch = epoch - 1");
    change(&path, "UPDATE delivery SET state = 'waiting'");
    assert!(claim(&store, 2, 9).await.is_empty());
    assert_eq!(causes(&store).await, [Cause::Restored]);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_crash_nor_another_machine_nor_another_state_looks_like_an_older_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crieur.db");
    half_sent(&path, OnDoubt::Resend).await;
    let note = folder.path().join("crieur.db.epoch");
    let before = fs::read(&note).expect("the file beside it");
    // a crash between the state and the file
    drop(opened(&path).await.take_charge(minute(2)).await.expect("an answer"));
    fs::write(&note, &before).expect("written");
    assert_eq!(causes(&opened(&path).await).await, []);
    // another machine, without the file
    fs::remove_file(&note).expect("removed");
    assert_eq!(causes(&opened(&path).await).await, []);
    // another state beside what is left of a former one
    fs::write(&note, "1000 1554706800000 3fZk1Qxy\n").expect("written");
    assert_eq!(causes(&opened(&path).await).await, []);
    // nobody knows what it said
    fs::write(&note, "10").expect("written");
    assert_eq!(causes(&opened(&path).await).await, [Cause::Restored]);
}
