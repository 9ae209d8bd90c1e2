//! That `subscribers show` hands out everything there is of a person, whatever a later migration adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::model::bounce::{About, BounceKind, NewBounce, Status};
use crieur::model::letter::LetterText;
use crieur::model::signup::{Choice, NewSignup, SignedUp, Wish, Wording};
use crieur::model::subscription::{EmailAddress, NewSubscription};
use crieur::store::{SqliteStore, Store};
use serde_json::{Value, json};

use super::MONDAY;
use crate::support::folder::Folder;
use crate::support::state;

const CANARY: &str = "kanarienvogel@example.org";

/// Tables that hold nothing of anybody, or only what a report of everybody's is known again by.
const OF_NOBODY: [&str; 22] = [
    "_sqlx_migrations",
    "archive",
    "bounce_report",
    "erasures",
    "hub_told",
    "issue",
    "issue_item",
    "last_publish",
    "ledger",
    "memory",
    "memory_maker",
    "pause",
    "retention",
    "sending",
    "signing_key",
    "source",
    "sqlite_sequence",
    "sqlite_stat1",
    "sqlite_stat4",
    "variant",
    // what they say of a person stands in the rows that name them
    "letter_text",
    "wording",
];

/// Columns that say nothing beyond what the others do: numbers of rows, what is found by, and turns of the outbox.
const INNER: [&str; 14] = [
    "id",
    "subscriber",
    "subscription",
    "signup",
    "issue",
    "import",
    "key",
    "hash",
    "text_hash",
    "epoch",
    "lease_until",
    "doubts",
    // the date of `at`
    "day",
    // the end of the address
    "domain",
];

fn letter(subject: &str) -> LetterText {
    LetterText {
        lang: "fr".to_owned(),
        subject: subject.to_owned(),
        html: "<a href=\"%link%\">…</a>".to_owned(),
        text: "Suivez %link%".to_owned(),
        mark: "%link%".to_owned(),
    }
}

fn mailbox() -> EmailAddress {
    EmailAddress::parse(CANARY).expect("an address")
}

/// Of each kind of thing something, of the one person there is.
async fn live_through_everything(folder: &Folder) {
    folder.crieur(["subscribers", "add", CANARY, "--name", "Kanarienvogel", "--consent-source", "stand 5"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let _ = folder.only_mail();
    let store = Arc::new(SqliteStore::open(&folder.path("state/crieur.db")).await.expect("the store"));
    let now = Utc::now();
    let subscription = store.subscriptions(None, 0, 1).await.expect("read")[0].id;
    let about = About::Delivery { issue: 1.max(issue(folder)), subscription };
    for (report, at) in [("a", now), ("b", now + TimeDelta::days(1))] {
        let bounce =
            NewBounce { report: report.to_owned(), about, kind: BounceKind::Soft, status: Status::find("5.2.2") };
        store.record_bounce(&bounce, at).await.expect("recorded");
    }
    let choices = vec![Choice { newsletter: "autre-lettre".to_owned(), topics: vec!["atelier".to_owned()] }];
    let asked = NewSignup {
        wish: None,
        address: mailbox(),
        lang: "fr-CA".to_owned(),
        choices,
        wording: Wording("Nous gardons votre adresse.".to_owned()),
        known: store.known(&mailbox()).await.expect("read"),
        letter: letter("Confirmez donc"),
    };
    assert_eq!(store.sign_up(&asked, now).await.expect("asked"), SignedUp::Asked);
    let choices = vec![Choice { newsletter: "quatrieme".to_owned(), topics: vec!["apero".to_owned()] }];
    let wish = Wish {
        address: mailbox(),
        lang: "it".to_owned(),
        page_lang: "en".to_owned(),
        choices,
        wording: Some(Wording("What this page showed.".to_owned())),
    };
    assert!(store.note_wish(&wish, now).await.expect("noted"));
    let import = store.begin_import("vieux fichier", now - TimeDelta::hours(1)).await.expect("a list");
    let row = NewSubscription {
        address: mailbox(),
        name: Some("Vogel, Kanarien".to_owned()),
        lang: "de".to_owned(),
        newsletter: "troisieme".to_owned(),
        topics: vec!["rencontre".to_owned()],
        consent_source: String::new(),
    };
    store.import(import, &[row], now).await.expect("taken");
    store.suppress(&mailbox(), "la personne l'a dit", now + TimeDelta::minutes(1)).await.expect("suppressed");
}

fn issue(folder: &Folder) -> i64 {
    state::ask(&folder.path("state/crieur.db"), "SELECT CAST(max(id) AS TEXT) FROM issue")[0].parse().expect("an id")
}

/// Every cell there is, by `table.column`.
fn cells(folder: &Folder) -> BTreeMap<String, Vec<String>> {
    let database = folder.path("state/crieur.db");
    let mut cells: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in state::ask(&database, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
        let columns = state::ask(&database, &format!("SELECT name FROM pragma_table_info('{table}')"));
        for column in columns.iter().filter(|column| !INNER.contains(&column.as_str())) {
            let query = format!("SELECT CAST(\"{column}\" AS TEXT) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
            let found = if OF_NOBODY.contains(&table.as_str()) { Vec::new() } else { state::ask(&database, &query) };
            cells.insert(format!("{table}.{column}"), found);
        }
    }
    cells
}

/// All strings in an array, however deep.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(members) => members.iter().flat_map(words).collect(),
        _ => value.as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// A cell as it stands in the JSON, and as it stands on a terminal: instants are times of day, arrays their members.
fn shown(cell: &str) -> Vec<(String, String)> {
    if let Ok(members @ Value::Array(_)) = serde_json::from_str(cell) {
        return words(&members).into_iter().map(|it| (json!(it).to_string(), it)).collect();
    }
    match cell.parse::<i64>().ok().filter(|number| *number > 1_000_000_000_000).map(DateTime::from_timestamp_millis) {
        Some(Some(at)) => {
            vec![(serde_json::to_string(&at).expect("JSON"), at.format("%F %R UTC").to_string())]
        }
        _ if cell.parse::<i64>().is_ok() => vec![(cell.to_owned(), cell.to_owned())],
        _ => vec![(serde_json::to_string(cell).expect("JSON"), cell.to_owned())],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_kept_of_a_person_is_handed_out() {
    let folder = Folder::of_five();
    live_through_everything(&folder).await;
    let json = folder.crieur(["subscribers", "show", CANARY, "--format", "json"]).succeeds().stdout;
    let text = folder.crieur(["subscribers", "show", CANARY]).succeeds().stdout;
    let mut seen = 0;
    for (place, found) in cells(&folder) {
        for cell in found {
            for (in_json, in_text) in shown(&cell) {
                assert!(json.contains(&in_json), "{place}: {in_json}\n{json}");
                assert!(text.contains(&in_text), "{place}: {in_text}\n{text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 45, "{seen}");
    for table in [
        "subscriber",
        "subscription",
        "consent",
        "delivery",
        "bounce",
        "signup",
        "signup_choice",
        "letter",
        "arrival",
        "wish",
    ] {
        assert!(
            state::tables(&folder.path("state/crieur.db"))[table].len()
                == 1 + usize::from(matches!(table, "subscription" | "bounce")),
            "{table}"
        );
    }
    let all: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(all["suppression"]["reason"], "la personne l'a dit");
    assert_eq!(all["signups"][0]["wording"], "Nous gardons votre adresse.");
    assert_eq!(all["letters"][0]["subject"], "Confirmez donc");
    assert_eq!(all["letters"][0]["text"], "Suivez …");
    assert_eq!(all["letter_limit"]["letters"], 1);
    assert!(all["bounce_score"].as_f64().expect("a number") > 1.9, "{}", all["bounce_score"]);
    assert_eq!(all["arrivals"][0]["source"], "vieux fichier");
    assert!(text.contains("score of soft bounces: 2.0"), "{text}");

    // and of nobody's else
    folder.crieur(["subscribers", "erase", CANARY]).succeeds();
    let left: Value =
        serde_json::from_str(&folder.crieur(["subscribers", "show", CANARY, "--format", "json"]).succeeds().stdout)
            .expect("JSON");
    assert_eq!(
        (&left["suppression"]["reason"], &left["signups"]),
        (&"la personne l'a dit".into(), &Value::Array(vec![]))
    );
}
