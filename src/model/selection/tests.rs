//! What is in an issue, and what is not.

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::model::sample;

fn at(text: &str) -> DateTime<Utc> {
    sample::moment(text).instant
}

fn post(slug: &str, published: &str) -> Announcement {
    let mut it = sample::announcement(slug);
    it.published = sample::moment(published);
    it
}

fn meeting(slug: &str, day: &str) -> Announcement {
    let mut it = post(slug, "2027-03-01T09:00:00Z");
    it.event = Some(sample::event(sample::timed(&format!("{day} 09:30"), Some(&format!("{day} 12:00")))));
    it
}

/// The ledger after these catalogs were published one after the other, a day apart from 2 March 2027.
fn history(versions: &[Vec<Announcement>]) -> (Ledger, Catalog) {
    let (mut ledger, mut catalog) = (Ledger::default(), Catalog::default());
    for (version, day) in versions.iter().zip(0..) {
        catalog = Catalog::new(version.iter().cloned().map(Arc::new), |_| None).0;
        ledger.take_note(&catalog, at("2027-03-02T12:00:00Z") + TimeDelta::days(day));
    }
    (ledger, catalog)
}

fn told(ids: &[(&Announcement, Option<u32>)]) -> Told {
    ids.iter().map(|(it, sequence)| (it.id.clone(), *sequence)).collect()
}

/// Slugs of what is new, changed, ahead and passed over.
fn selected(versions: &[Vec<Announcement>], told: Option<&Told>, now: &str) -> [Vec<String>; 4] {
    let (ledger, catalog) = history(versions);
    let withdrawn = ledger.tombstones(at(now));
    let sources = Sources { catalog: &catalog, ledger: &ledger, withdrawn: &withdrawn };
    let selection = sample::newsletter().select(sources, told, at(now));
    let slugs = |list: Vec<&Announcement>| list.iter().map(|it| it.slug.clone()).collect();
    let changed = selection.changed.iter().map(|it| it.announcement).collect();
    [slugs(selection.new), slugs(changed), slugs(selection.upcoming), slugs(selection.baseline)]
}

fn are(expected: [&[&str]; 4]) -> [Vec<String>; 4] {
    expected.map(|slugs| slugs.iter().map(|slug| (*slug).to_owned()).collect())
}

#[test]
fn the_first_issue_looks_back_and_the_second_brings_up_nothing_older() {
    let (old, late) = (post("old", "2027-01-10T09:00:00Z"), post("late", "2027-03-04T09:00:00Z"));
    let all = vec![old.clone(), late.clone()];
    let now = "2027-03-05T09:00:00Z";
    assert_eq!(selected(std::slice::from_ref(&all), None, now), are([&["late"], &[], &[], &["old"]]));
    let first = told(&[(&late, Some(0)), (&old, None)]);
    // dated back, merged late: new all the same
    let back = post("back", "2026-06-01T09:00:00Z");
    let more = vec![old, late, back];
    assert_eq!(selected(&[more], Some(&first), now), are([&["back"], &[], &[], &[]]));
}

#[test]
fn what_was_told_and_moved_is_told_again_and_not_listed_as_ahead() {
    let (before, after) = (meeting("matinee", "2027-03-12"), meeting("matinee", "2027-03-19"));
    let known = told(&[(&before, Some(0))]);
    let now = "2027-03-05T09:00:00Z";
    assert_eq!(selected(&[vec![before.clone()]], Some(&known), now), are([&[], &[], &["matinee"], &[]]));
    let moved = [vec![before.clone()], vec![after.clone()]];
    assert_eq!(selected(&moved, Some(&known), now), are([&[], &["matinee"], &[], &[]]));
    // once
    let again = told(&[(&before, Some(1))]);
    assert_eq!(selected(&moved, Some(&again), now), are([&[], &[], &["matinee"], &[]]));
    // never told: new, as it is now; passed over: nobody knew the former date
    assert_eq!(selected(&moved, Some(&Told::new()), now), are([&["matinee"], &[], &["matinee"], &[]]));
    let passed = told(&[(&before, None)]);
    assert_eq!(selected(&moved, Some(&passed), now), are([&[], &[], &["matinee"], &[]]));
    // and back again
    let back = [vec![before.clone()], vec![after], vec![before]];
    assert_eq!(selected(&back, Some(&known), now), are([&[], &[], &["matinee"], &[]]));
}

#[test]
fn a_withdrawn_event_is_called_off_to_those_who_were_told_until_it_is_over() {
    let it = meeting("matinee", "2027-03-12");
    let gone = [vec![it.clone()], Vec::new()];
    let known = told(&[(&it, Some(0))]);
    assert_eq!(selected(&gone, Some(&known), "2027-03-05T09:00:00Z"), are([&[], &["matinee"], &[], &[]]));
    assert_eq!(selected(&gone, Some(&known), "2027-03-13T09:00:00Z"), are([&[], &[], &[], &[]]));
    assert_eq!(selected(&gone, Some(&Told::new()), "2027-03-05T09:00:00Z"), are([&[], &[], &[], &[]]));
}

#[test]
fn one_by_one_the_oldest_comes_first_and_takes_what_is_passed_over_along() {
    let posts = [("a", "2027-03-02T09:00:00Z"), ("b", "2027-03-03T09:00:00Z"), ("old", "2027-01-01T09:00:00Z")];
    let posts: Vec<_> = posts.map(|(slug, published)| post(slug, published)).into();
    let (ledger, catalog) = history(&[posts]);
    let sources = Sources { catalog: &catalog, ledger: &ledger, withdrawn: &[] };
    let issues = sample::newsletter().select(sources, None, at("2027-03-05T09:00:00Z")).one_by_one();
    let slugs: Vec<_> = issues.iter().map(|issue| (issue.new[0].slug.as_str(), issue.baseline.len())).collect();
    assert_eq!(slugs, [("a", 1), ("b", 0)]);
}
