//! Composing by two processes at once, of which one has read a configuration that was edited meanwhile.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::app::{App, Decision};
use crieur::config::Config;
use crieur::model::issue::Section;

use crate::support::folder::Folder;

/// How often the two meet.
fn races() -> i64 {
    std::env::var("CRIEUR_TEST_RACES").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

async fn app(folder: &Folder) -> App {
    App::open(Config::load(&folder.path("crieur.toml")).expect("a configuration")).await.expect("the store")
}

/// Each day one announcement is new, and both the hour of the old schedule and that of the new one have come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_edited_while_a_slot_is_due_sends_what_is_new_once() {
    let first: DateTime<Utc> = "2021-03-01T07:00:00Z".parse().expect("an instant");
    let folder = Folder::of_five().but("0 9 * * MON", "0 9 * * *").but("look_back = \"31d\"", "look_back = \"3d\"");
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    for day in 0..races() {
        let date = (first + TimeDelta::days(day)).to_rfc3339();
        folder.write(
            &format!("content/actualites/jour-{day}.md"),
            &format!("---\ntitle: Jour {day}\ndate: {date}\n---\n\nUn.\n"),
        );
    }
    let old = app(&folder).await;
    let folder = folder.but("0 9 * * *", "30 9 * * *");
    let new = app(&folder).await;
    let loaded = old.load(first).await.expect("loaded");
    for day in 0..races() {
        let now = first + TimeDelta::days(day) + TimeDelta::minutes(165);
        let (by_old, by_new) = tokio::join!(old.compose(&loaded, now), new.compose(&loaded, now));
        let decisions = [by_old.expect("composed"), by_new.expect("composed")].concat();
        let frozen = decisions.iter().filter(|one| matches!(one.decision, Decision::Frozen { .. })).count();
        assert_eq!(frozen, 1, "day {day}: {decisions:?}");
    }
    let mut told = HashMap::<String, u32>::new();
    for issue in old.store.issues("communaute-ux", u32::MAX).await.expect("issues") {
        let items = old.store.issue_items(issue.id).await.expect("items");
        for item in items.iter().filter(|item| item.section == Section::New) {
            *told.entry(item.announcement.as_str().to_owned()).or_default() += 1;
        }
    }
    assert!(told.len() >= usize::try_from(races()).expect("few"), "{}", told.len());
    assert!(told.values().all(|times| *times == 1), "{told:?}");
}
