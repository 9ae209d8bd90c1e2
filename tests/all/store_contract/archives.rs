//! Closed archives, and what hubs were told.

use std::collections::HashMap;

use crieur::model::announcement::AnnouncementId;
use crieur::model::archive::Archive;

use super::Place;

super::promises! {
    an_archive_comes_back_byte_for_byte
    a_kept_archive_changes_for_a_takedown_or_another_address_only
    what_a_hub_was_told_is_remembered_for_each_hub
}

fn archive(number: u32, members: &[&str], atom: &'static [u8]) -> Archive {
    Archive {
        number,
        members: members.iter().map(|id| AnnouncementId::pinned(id)).collect(),
        base: "https://www.example.org/".to_owned(),
        atom: atom.into(),
        json: "{}".into(),
    }
}

async fn an_archive_comes_back_byte_for_byte(place: &Place) {
    let store = place.open().await;
    assert!(store.archive_digests().await.expect("digests").is_empty());
    let archives = [archive(1, &["b", "a"], b"\xff\0\r\n"), archive(2, &[], b"")];
    for _ in 0..2 {
        store.keep_archives(&archives).await.expect("kept");
    }
    let store = place.open().await;
    for one in archives {
        assert_eq!(store.archive_digests().await.expect("digests").get(&one.number), Some(&one.digest()));
        assert_eq!(store.archive(one.number).await.expect("read"), Some(one));
    }
    assert_eq!(store.archive(3).await.expect("read"), None);
}

async fn a_kept_archive_changes_for_a_takedown_or_another_address_only(place: &Place) {
    let store = place.open().await;
    let first = archive(1, &["b", "a"], b"first");
    store.keep_archives(std::slice::from_ref(&first)).await.expect("kept");
    // another daemon closed the same number, with others in it
    store.keep_archives(&[archive(1, &["c", "a"], b"second"), archive(2, &["d"], b"x")]).await.expect("kept");
    assert_eq!(store.archive(1).await.expect("read"), Some(first));
    assert!(store.archive(2).await.expect("read").is_some());
    let taken_down = archive(1, &["a"], b"third");
    store.keep_archives(std::slice::from_ref(&taken_down)).await.expect("kept");
    assert_eq!(store.archive(1).await.expect("read"), Some(taken_down.clone()));
    let moved = Archive { base: "https://b.example/".to_owned(), atom: "fourth".into(), ..taken_down };
    store.keep_archives(std::slice::from_ref(&moved)).await.expect("kept");
    assert_eq!(store.archive(1).await.expect("read"), Some(moved));
}

async fn what_a_hub_was_told_is_remembered_for_each_hub(place: &Place) {
    let store = place.open().await;
    for etag in ["\"1\"", "\"2\"", "\"2\""] {
        store.record_told_hub("https://hub.example/", "https://a.example/rss.xml", etag).await.expect("recorded");
    }
    let store = place.open().await;
    let told = HashMap::from([("https://a.example/rss.xml".to_owned(), "\"2\"".to_owned())]);
    assert_eq!(store.told_hub("https://hub.example/").await.expect("read"), told);
    assert!(store.told_hub("https://other.example/").await.expect("read").is_empty());
}
