use chrono::{DateTime, Utc};

use super::*;
use crate::model::announcement::Source;
use crate::model::change::Change;
use crate::model::sample;
use crate::model::text::RichText;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn now() -> DateTime<Utc> {
    at("2026-01-02T03:04:05Z")
}

fn written(title: &str, html: &str) -> Announcement {
    let mut announcement = sample::announcement("x");
    title.clone_into(&mut announcement.title);
    announcement.body.html = html.to_owned();
    announcement
}

fn catalog(announcements: &[Announcement]) -> Catalog {
    Catalog::new(announcements.to_vec(), |_| None).0
}

fn noted(ledger: &mut Ledger, announcements: &[Announcement], now: DateTime<Utc>) -> Vec<LedgerEntry> {
    ledger.take_note(&catalog(announcements), now)
}

/// On 12 March 2026 at 09:30 in Paris.
fn meeting() -> Announcement {
    Announcement {
        event: Some(sample::event(sample::timed("2026-03-12 09:30", None))),
        summary: None,
        body: RichText { text: "Venez nombreux.".to_owned(), ..sample::rich("Venez nombreux.") },
        ..sample::announcement("reunion")
    }
}

#[test]
fn a_correction_changes_nothing_and_a_change_of_meaning_does() {
    let first = written("Réunion d'information", "<p>On se voit le <a href=\"https://a/\">12</a> !</p>");
    for (title, html, sequence) in [
        ("Réunion d’information", "<p class=\"x\">On  se voit&nbsp;le <a href=\"https://a/\">12</a>&#8239;!</p>", 0),
        ("Reunion d'Information", "<div>on se voit le <a href=\"https://a/\">12</a></div>", 0),
        ("Réunion d'information", "<p>On se voit le <a href=\"https://a/\">19</a> !</p>", 1),
        ("Réunion d'information", "<p>On se voit le <a href=\"https://b/\">12</a> !</p>", 1),
    ] {
        let mut ledger = Ledger::default();
        assert_eq!(noted(&mut ledger, std::slice::from_ref(&first), first.published.instant).len(), 1);
        assert_eq!(noted(&mut ledger, std::slice::from_ref(&first), now()), []);
        let next = written(title, html);
        noted(&mut ledger, std::slice::from_ref(&next), now());
        let revision = ledger.revision(&next);
        assert_eq!(revision.sequence, sequence, "{title} {html}");
        assert_eq!(revision.updated, if sequence == 0 { first.published.instant } else { now() });
    }
}

#[test]
fn a_file_without_a_date_keeps_the_moment_it_was_read() {
    let mut announcement = written("t", "<p>b</p>");
    let dated = noted(&mut Ledger::default(), std::slice::from_ref(&announcement), now()).remove(0);
    assert_eq!(dated.first_seen, now());
    FIRST_SEEN.clone_into(&mut announcement.published.origin);
    let undated = noted(&mut Ledger::default(), std::slice::from_ref(&announcement), now()).remove(0);
    assert_eq!(undated.first_seen, announcement.published.instant);
}

#[test]
fn new_rules_for_the_hash_are_no_change_of_meaning() {
    let announcement = written("t", "<p>b</p>");
    let mut ledger = Ledger::default();
    let mut entry = noted(&mut ledger, std::slice::from_ref(&announcement), now()).remove(0);
    entry.semantic_hash = "0:of older rules".to_owned();
    let mut ledger = Ledger::new([entry]);
    let changed = noted(&mut ledger, &[announcement], now());
    assert_eq!((changed.len(), changed[0].sequence), (1, 0));
}

#[test]
fn what_one_maker_noted_from_the_same_file_is_not_compared_again() {
    let first = written("t", "<p>b</p>");
    // what cannot be: other words in the same bytes, read by the same rules
    let other = written("t", "<p>c</p>");
    let edited = Announcement { source: Source { hash: "1".repeat(64), ..other.source.clone() }, ..other.clone() };
    let sequences = |before: &str, now_: &str, next: &Announcement| {
        let mut ledger = Ledger::default().kept_by(before);
        let entries = noted(&mut ledger, std::slice::from_ref(&first), now());
        assert_eq!(noted(&mut ledger, std::slice::from_ref(&first), now()), []);
        let mut ledger = Ledger::new(entries).kept_by(now_);
        noted(&mut ledger, std::slice::from_ref(next), now());
        ledger.revision(next).sequence
    };
    assert_eq!(sequences("one", "one", &other), 0);
    for (before, now, next) in [("one", "one", &edited), ("one", "two", &other), ("", "", &other), ("one", "", &other)]
    {
        assert_eq!(sequences(before, now, next), 1, "{before} {now}");
    }
    // withdrawn and back
    let mut ledger = Ledger::default().kept_by("one");
    for (shown, standing) in [(true, Standing::Live), (false, Standing::Withdrawn), (true, Standing::Live)] {
        let all: &[Announcement] = if shown { std::slice::from_ref(&first) } else { &[] };
        assert_eq!(noted(&mut ledger, all, now())[0].standing, standing);
    }
}

#[test]
fn front_matter_says_when_a_feed_was_updated_but_a_calendar_never_hides_a_change() {
    let mut ledger = Ledger::default();
    let mut event = meeting();
    event.updated = Some(sample::moment("2019-02-01T00:00:00Z"));
    noted(&mut ledger, std::slice::from_ref(&event), event.published.instant);
    assert_eq!(ledger.revision(&event).stamp, at("2019-02-01T00:00:00Z"));
    event.event = Some(sample::event(sample::timed("2026-03-19 09:30", None)));
    noted(&mut ledger, std::slice::from_ref(&event), now());
    let revision = ledger.revision(&event);
    assert_eq!((revision.updated, revision.stamp), (at("2019-02-01T00:00:00Z"), now()));
}

#[test]
fn a_withdrawn_event_is_said_to_be_cancelled_until_thirty_days_after_its_end() {
    for gone in
        [&[][..], &[Announcement { status: Status::Draft, ..meeting() }], &[Announcement { event: None, ..meeting() }]]
    {
        let mut ledger = Ledger::default();
        noted(&mut ledger, &[meeting()], now());
        assert_eq!(ledger.tombstones(now()), []);
        let later = at("2026-02-01T00:00:00Z");
        noted(&mut ledger, gone, later);
        assert_eq!(noted(&mut ledger, gone, at("2026-02-02T00:00:00Z")), [], "once");
        let tombstones = ledger.tombstones(later);
        assert_eq!(tombstones.len(), 1);
        assert_eq!(tombstones[0].event.as_ref().map(|event| event.status), Some(EventStatus::Cancelled));
        assert_eq!(tombstones[0].summary.as_ref().map(|summary| summary.text.as_str()), Some("Venez nombreux."));
        let revision = ledger.revision(&tombstones[0]);
        assert_eq!((revision.sequence, revision.stamp), (1, later));
        assert_eq!(ledger.changes(&meeting().id).last().map(|note| &note.change), Some(&Change::Cancelled));
        // an event without an end is over when its day is: 13 March at midnight in Paris
        let forgotten = at("2026-04-11T23:00:00Z");
        assert_eq!(ledger.next_change(later), Some(forgotten));
        assert_eq!(ledger.tombstones(forgotten - TimeDelta::seconds(1)).len(), 1);
        assert_eq!(ledger.tombstones(forgotten), []);
        // what was deleted is not kept for ever, and may come back all the same
        let mut late = ledger.clone();
        noted(&mut late, gone, forgotten);
        let is_kept = late.get(&meeting().id).is_some_and(|entry| entry.shown.event.is_some());
        assert_eq!(is_kept, gone.iter().any(|it| it.status == Status::Published));
        noted(&mut late, &[meeting()], forgotten);
        assert_eq!(late.revision(&meeting()).sequence, 2);
        // and when it comes back, calendars hear of it
        noted(&mut ledger, &[meeting()], at("2026-02-03T00:00:00Z"));
        assert_eq!(ledger.tombstones(later), []);
        assert_eq!(ledger.revision(&meeting()).sequence, 2);
        assert_eq!(ledger.changes(&meeting().id).last().map(|note| &note.change), Some(&Change::Reinstated));
    }
}

#[test]
fn what_leaves_by_its_own_date_is_neither_cancelled_nor_withdrawn() {
    let mut ledger = Ledger::default();
    noted(&mut ledger, &[meeting()], now());
    let expired = Announcement { expires: Some(sample::moment("2026-01-31T00:00:00Z")), ..meeting() };
    let later = at("2026-02-01T00:00:00Z");
    assert_eq!(noted(&mut ledger, std::slice::from_ref(&expired), later)[0].standing, Standing::Away);
    assert_eq!(ledger.tombstones(later), []);
    assert_eq!(ledger.withdrawals(&catalog(&[expired])).0.len(), 0);
    noted(&mut ledger, &[], later);
    assert_eq!(ledger.tombstones(later), [], "it had left before");
}

#[test]
fn withdrawals_are_counted_before_they_happen() {
    let mut ledger = Ledger::default();
    let all: Vec<Announcement> = ["a", "b", "c", "d"].map(sample::announcement).into();
    noted(&mut ledger, &all, now());
    let draft = Announcement { status: Status::Draft, ..all[1].clone() };
    let (withdrawn, live) = ledger.withdrawals(&catalog(&[all[0].clone(), draft, all[3].clone()]));
    let ids: Vec<&AnnouncementId> = withdrawn.iter().map(|entry| &entry.id).collect();
    assert_eq!((ids, live), (vec![&all[1].id, &all[2].id], 4));
}

#[test]
fn a_moved_event_is_noted_with_both_its_dates() {
    let mut ledger = Ledger::default();
    noted(&mut ledger, &[meeting()], now());
    let when = sample::timed("2026-03-19 09:30", None);
    let moved = Announcement { event: Some(sample::event(when.clone())), ..meeting() };
    for _ in 0..2 {
        noted(&mut ledger, std::slice::from_ref(&moved), at("2026-02-01T00:00:00Z"));
    }
    let change = Change::Moved { from: sample::timed("2026-03-12 09:30", None), to: when };
    let note = ChangeNote { sequence: 1, at: at("2026-02-01T00:00:00Z"), change };
    assert_eq!(ledger.changes(&moved.id), [note]);
}

#[test]
fn former_addresses_are_kept_until_they_are_its_own_again() {
    let mut ledger = Ledger::default();
    let named = |slug: &str| Announcement {
        slug: slug.to_owned(),
        url: sample::url(&format!("https://www.example.org/{slug}/")),
        ..sample::announcement("x")
    };
    for slug in ["a", "b", "c", "a"] {
        noted(&mut ledger, &[named(slug)], now());
    }
    let shown = &ledger.get(&named("a").id).expect("known").shown;
    assert_eq!(
        (shown.address.as_str(), &shown.former_addresses[..]),
        ("/a/", &["/b/".to_owned(), "/c/".to_owned()][..])
    );
    assert_eq!(shown.former_slugs, ["b", "c"]);
}

#[test]
fn labels_are_remembered_after_the_last_announcement_left_them() {
    let mut ledger = Ledger::default();
    let with = |labels: &[&str]| Announcement {
        categories: labels.iter().map(|label| sample::label(label)).collect(),
        ..sample::announcement("x")
    };
    noted(&mut ledger, &[with(&["Réunion", "Atelier"])], now());
    noted(&mut ledger, &[with(&["Ateliers"])], now());
    noted(&mut ledger, &[], now());
    let slugs: Vec<String> = ledger.labels(|shown| &shown.categories).into_iter().map(|label| label.slug).collect();
    assert_eq!(slugs, ["atelier", "ateliers", "reunion"]);
}
