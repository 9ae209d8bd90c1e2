//! kill -9 of `serve` at any moment, start again: same ids, same feeds, no second mail.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Timelike as _, Utc};
use chrono_tz::Europe::Paris;

use super::announcement;
use crate::support::chance::Chance;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::state;

const ROUNDS: u64 = 20;
/// Of which so many while mails go out.
const MID_MAIL: u64 = 3;
const NEWSLETTERS: usize = 6;
const READERS: usize = 3;
const EDITED: &str = "content/actualites/2021-05-06-sixieme.md";
const DOCUMENTS: [&str; 5] = ["/atom.xml", "/rss.xml", "/feed.json", "/calendar.ics", "/"];

/// Newsletters that fell due a few minutes ago, so that mails go out as soon as a daemon runs.
fn with_due_newsletters() -> Folder {
    let due = (Utc::now() - TimeDelta::minutes(3)).with_timezone(&Paris);
    let mut more = String::new();
    for number in 0..NEWSLETTERS {
        let schedule = format!("{} {} * * *", due.minute(), due.hour());
        writeln!(more, "[[newsletter]]\nname = \"n{number}\"\ntitle = \"N{number}\"\nschedule = \"{schedule}\"")
            .expect("text");
    }
    let folder = Folder::of_five().and(&more);
    let news = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
    folder.write("content/actualites/neuf.md", &announcement("Tout neuf", &news));
    folder
}

fn add_readers(folder: &Folder) {
    let csv = (0..READERS).fold("email\n".to_owned(), |csv, number| format!("{csv}reader{number}@example.org\n"));
    for number in 0..NEWSLETTERS {
        let name = format!("n{number}");
        folder
            .crieur(["subscribers", "import", "-", "--consent-source", "forms", "--newsletter", &name])
            .stdin(csv.clone())
            .succeeds();
    }
}

/// Saves the edited file again and again, half-written in between, until the moment comes.
fn save_until(folder: &Folder, round: u64, moment: Instant) {
    let mut turn = 0;
    while Instant::now() < moment {
        let text = announcement(&format!("Sixième {round}.{turn}"), "2021-05-06 10:00:00 +02:00");
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        folder.write(EDITED, &text[..half]);
        folder.write(EDITED, &text);
        turn += 1;
        // how fast somebody saves, not something to wait for
        thread::sleep(Duration::from_millis(20).min(moment.saturating_duration_since(Instant::now())));
    }
}

#[test]
fn whenever_it_is_killed_it_comes_back_with_the_same_ids_feeds_and_mails() {
    let folder = with_due_newsletters();
    let before = {
        let app = folder.serve();
        DOCUMENTS.map(|path| app.text(path))
    };
    add_readers(&folder);
    let database = folder.path("state/crieur.db");

    for round in 1..=ROUNDS {
        let mut chance = Chance::seeded(round);
        if round <= MID_MAIL {
            // in the middle of a mailing
            let mut app = folder.serve();
            let enough = usize::try_from(round * 4).expect("a few");
            eventually("mails", || (folder.mails().len() >= enough).then_some(()));
            app.kill9();
            folder.mails();
        } else if round % 2 == 0 {
            // while it starts, sends, and publishes for the first time
            let mut child = folder.crieur(["serve"]).spawn();
            save_until(&folder, round, Instant::now() + Duration::from_millis(chance.below(400)));
            child.kill().expect("a signal");
            child.wait().expect("its end");
        } else {
            let mut app = folder.serve();
            save_until(&folder, round, Instant::now() + Duration::from_millis(chance.below(400)));
            app.kill9();
            folder.mails();
        }
        assert_eq!(state::faults(&database), [""; 0], "round {round}");
    }

    folder.remove(EDITED);
    let app = folder.serve();
    app.until("/atom.xml", |feed| !feed.contains("Sixième"));
    for (path, before) in DOCUMENTS.iter().zip(&before) {
        assert_eq!(app.text(path), *before, "{path}");
    }
    every_mail_went_out_once(&folder);
}

/// What was in doubt twice stays so: nobody gets more than two copies, and the operator is told.
const SETTLED: &str = "SELECT count(*) || '' FROM delivery WHERE state = 'sent' OR (state = 'doubt' AND doubts = 2)";

fn every_mail_went_out_once(folder: &Folder) {
    let database = folder.path("state/crieur.db");
    let all = NEWSLETTERS * READERS;
    let counts = || state::ask(&database, "SELECT state || ', doubts ' || doubts FROM delivery");
    eventually("all mails are sent", || (state::ask(&database, SETTLED) == [all.to_string()]).then_some(()));
    assert_eq!(counts().len(), all);
    let mut mails: Vec<(String, String)> =
        folder.mails().into_iter().map(|mail| (mail.to.clone(), mail.header("List-Id"))).collect();
    let found = mails.len();
    mails.sort();
    mails.dedup();
    assert_eq!(mails.len(), found, "nobody has a newsletter twice");
    let sent = counts().iter().filter(|state| state.starts_with("sent")).count();
    assert!((sent..=all).contains(&found), "{found} mails, {sent} sent");
    let slots = state::ask(&database, "SELECT newsletter || slot || state FROM issue WHERE state = 'frozen'");
    assert_eq!(slots.len(), NEWSLETTERS, "{slots:?}");
}

#[test]
fn a_daemon_that_is_stopped_and_started_again_says_the_same() {
    let folder = Folder::of_five();
    let mut app = folder.serve();
    let before = DOCUMENTS.map(|path| app.get(path).header("etag").to_owned());
    for _ in 0..2 {
        app.terminate();
        app.restart();
        assert_eq!(DOCUMENTS.map(|path| app.get(path).header("etag").to_owned()), before);
        app.kill9();
        app.restart();
        assert_eq!(DOCUMENTS.map(|path| app.get(path).header("etag").to_owned()), before);
    }
}
