//! What spares the next process work.

use crieur::model::reminder::{About, Reminder, Reminders};

use super::Place;

super::promises! {
    what_is_remembered_comes_back_until_it_is_forgotten
    a_new_stamp_counts_for_the_same_bytes_only
    pages_go_by_path_and_each_matter_is_by_itself
    what_was_remembered_for_another_maker_is_nothing
}

fn reminder(path: &str, stamp: &str, hash: &str, said: Option<&[u8]>) -> Reminder {
    let [path, stamp, hash] = [path, stamp, hash].map(str::to_owned);
    Reminder { path, stamp, hash, said: said.map(<[u8]>::to_vec) }
}

fn kept<const N: usize>(kept: [Reminder; N]) -> Reminders {
    Reminders { kept: kept.into(), gone: Vec::new() }
}

async fn remembered(place: &Place, maker: &str) -> Vec<Reminder> {
    place.open().await.reminders(About::Files, maker, "", 10).await.expect("reminders")
}

async fn what_is_remembered_comes_back_until_it_is_forgotten(place: &Place) {
    let store = place.open().await;
    let (a, b) = (reminder("a.md", "1", "x", Some(b"\xff\0")), reminder("b/\u{e9}.md", "1", "x", Some(b"")));
    for _ in 0..2 {
        store.remember(About::Files, "r", &kept([a.clone(), b.clone()])).await.expect("remembered");
        assert_eq!(remembered(place, "r").await, [a.clone(), b.clone()]);
    }
    let anew = reminder("a.md", "2", "y", Some(b"other"));
    let gone = vec![b.path.clone(), "never.md".to_owned()];
    store.remember(About::Files, "r", &Reminders { kept: vec![anew.clone()], gone }).await.expect("remembered");
    assert_eq!(remembered(place, "r").await, [anew]);
}

async fn a_new_stamp_counts_for_the_same_bytes_only(place: &Place) {
    let store = place.open().await;
    store.remember(About::Files, "r", &kept([reminder("a.md", "1", "x", Some(b"said"))])).await.expect("remembered");
    let looks = [reminder("a.md", "2", "x", None), reminder("a.md", "3", "y", None), reminder("b.md", "3", "y", None)];
    store.remember(About::Files, "r", &kept(looks)).await.expect("remembered");
    assert_eq!(remembered(place, "r").await, [reminder("a.md", "2", "x", Some(b"said"))]);
}

async fn what_was_remembered_for_another_maker_is_nothing(place: &Place) {
    let store = place.open().await;
    let (a, b) = (reminder("a.md", "1", "x", Some(b"a")), reminder("b.md", "1", "x", Some(b"b")));
    store.remember(About::Files, "one", &kept([a.clone()])).await.expect("remembered");
    assert_eq!(remembered(place, "other").await, []);
    assert_eq!(remembered(place, "one").await, [a]);
    store.remember(About::Files, "other", &kept([b.clone()])).await.expect("remembered");
    assert_eq!(remembered(place, "one").await, []);
    assert_eq!(remembered(place, "other").await, [b]);
}

async fn pages_go_by_path_and_each_matter_is_by_itself(place: &Place) {
    let store = place.open().await;
    let [a, b, c] = ["a", "b", "c"].map(|path| reminder(path, "1", "x", Some(b"said")));
    store.remember(About::Files, "r", &kept([c.clone(), a.clone(), b.clone()])).await.expect("remembered");
    store.remember(About::Documents, "other", &kept([a.clone()])).await.expect("remembered");
    let page = store.reminders(About::Files, "r", "a", 1).await.expect("a page");
    assert_eq!(page, [b]);
    assert_eq!(store.reminders(About::Files, "r", "b", 5).await.expect("a page"), [c]);
    assert_eq!(store.reminders(About::Files, "r", "c", 5).await.expect("a page"), []);
    assert_eq!(store.reminders(About::Documents, "other", "", 5).await.expect("a page"), [a]);
}
