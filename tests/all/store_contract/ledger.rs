//! The ledger, the last good bytes, the last publish, the key.

use crieur::model::announcement::AnnouncementId;
use crieur::model::change::{Change, ChangeNote};
use crieur::model::revision::{Ledger, LedgerEntry, Standing};
use crieur::model::shown::Shown;
use crieur::model::token::{SigningKey, sha256_hex};
use crieur::store::LastPublish;

use super::{Place, minute};

super::promises! {
    the_first_signing_key_stays
    ledger_entries_come_back_as_they_were_noted
    only_what_was_noted_since_is_asked_for
    last_good_bytes_are_kept_until_their_file_is_gone
    the_last_publish_is_the_one_told_of
}

async fn the_first_signing_key_stays(place: &Place) {
    let store = place.open().await;
    let kept = store.signing_key(SigningKey::new([9; 32])).await.expect("a key");
    assert!(kept == SigningKey::new([7; 32]), "the key of the first call");
    let again = place.open().await.signing_key(SigningKey::new([8; 32])).await.expect("a key");
    assert!(again == kept, "another process has the same");
}

fn entry(id: &str, sequence: u32) -> LedgerEntry {
    LedgerEntry {
        id: AnnouncementId::pinned(id),
        path: format!("agenda/{id}.md"),
        semantic_hash: format!("hash {sequence}"),
        sequence,
        first_seen: minute(0),
        modified: minute(i64::from(sequence)),
        standing: Standing::ALL[sequence as usize % 3],
        shown: Shown {
            title: format!("Réunion {sequence}"),
            former_addresses: vec!["/avant/".to_owned()],
            changes: vec![ChangeNote { sequence, at: minute(1), change: Change::Cancelled }],
            ..Shown::default()
        },
        likeness: format!("like {sequence}"),
    }
}

fn shown(ledger: &Ledger, entry: &LedgerEntry) -> bool {
    ledger.get(&entry.id) == Some(entry)
}

async fn ledger_entries_come_back_as_they_were_noted(place: &Place) {
    let store = place.open().await;
    let (first, other, changed) = (entry("a", 0), entry("b", 0), entry("a", 1));
    for _ in 0..2 {
        store.take_note(&[first.clone(), other.clone()]).await.expect("noted");
    }
    store.take_note(std::slice::from_ref(&changed)).await.expect("noted");
    let ledger = place.open().await.ledger().await.expect("a ledger");
    assert!(shown(&ledger, &changed) && shown(&ledger, &other) && !shown(&ledger, &first), "{ledger:?}");
}

async fn only_what_was_noted_since_is_asked_for(place: &Place) {
    let (store, other) = (place.open().await, place.open().await);
    let nothing = store.ledger_since(0).await.expect("a ledger");
    assert_eq!(nothing, (0, vec![]));
    store.take_note(&[entry("a", 0), entry("b", 0)]).await.expect("noted");
    let (known, all) = store.ledger_since(0).await.expect("a ledger");
    assert_eq!(all.len(), 2);
    assert_eq!(store.ledger_since(known).await.expect("a ledger"), (known, vec![]));
    // by another process too
    other.take_note(&[entry("a", 1)]).await.expect("noted");
    let (later, changed) = store.ledger_since(known).await.expect("a ledger");
    assert_eq!(changed, [entry("a", 1)]);
    assert_eq!(store.ledger_since(later).await.expect("a ledger"), (later, vec![]));
}

async fn last_good_bytes_are_kept_until_their_file_is_gone(place: &Place) {
    let store = place.open().await;
    let file = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
    store.keep_last_good(&[file("a.md", b"one\xff\0"), file("b.md", b"")], &[]).await.expect("kept");
    store.keep_last_good(&[file("a.md", b"two")], &["b.md".to_owned(), "never.md".to_owned()]).await.expect("kept");
    let kept = store.last_good().await.expect("hashes");
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [("a.md".to_owned(), sha256_hex(b"two"))]);
    let asked = ["a.md", "b.md"].map(str::to_owned).into();
    let bytes = store.last_good_bytes(&asked).await.expect("bytes");
    assert_eq!(bytes.into_iter().collect::<Vec<_>>(), [file("a.md", b"two")]);
}

async fn the_last_publish_is_the_one_told_of(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.last_publish().await.expect("read"), None);
    for (at, errors) in [(0, 3), (5, 0)] {
        let publish = LastPublish { at: minute(at), announcements: 5, documents: 40, errors, warnings: 1 };
        store.record_publish(&publish).await.expect("recorded");
        assert_eq!(store.last_publish().await.expect("read"), Some(publish));
    }
}
