//! Time passes and nobody writes anything: announcements appear and leave by themselves, at their second.

use chrono::{SecondsFormat, TimeDelta, Utc};

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::eventually;

const HUGO: &str = "[site]\ntitle = \"Town\"\nurl = \"https://town.example.org\"\nlanguage = \"en\"\ntimezone = \"Europe/Paris\"\n\
                    [content]\nprofile = \"hugo\"\n[http]\nlisten = \"127.0.0.1:0\"\n";

fn in_seconds(seconds: i64) -> (chrono::DateTime<Utc>, String) {
    let at = Utc::now() + TimeDelta::seconds(seconds);
    (at, at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[test]
fn an_announcement_dated_ahead_appears_at_its_second() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let (_, date) = in_seconds(3);
    let at: chrono::DateTime<Utc> = date.parse().expect("an instant");
    folder.write("content/actualites/a-venir.md", &announcement("Bientôt", &date));
    // published with the same save: once this one is there, the other was read too
    folder.write("content/actualites/2021-05-06-deja.md", &announcement("Déjà", "2021-05-06"));
    app.until("/atom.xml", |feed| feed.contains("<title>Déjà</title>"));
    let early = Utc::now();
    if early < at {
        let (shown, asked) = (app.text("/atom.xml").contains("<title>Bientôt</title>"), Utc::now());
        assert!(!shown || asked >= at, "it was shown before its second");
    }
    app.until("/atom.xml", |feed| feed.contains("<title>Bientôt</title>"));
    let late = Utc::now() - at;
    assert!(late >= TimeDelta::zero(), "it came {late} too early");
    println!("an announcement dated ahead came {late} after its second");
    eventually("the file", || folder.read("public/atom.xml").contains("<title>Bientôt</title>").then_some(()));
}

#[test]
fn an_expired_announcement_leaves_by_itself() {
    let folder = Folder::empty();
    folder.write("crieur.toml", HUGO);
    folder.write("content/news/stays.md", "---\ntitle: Stays\ndate: 2021-05-06\n---\n\nHere.\n");
    let (_, expiry) = in_seconds(3);
    let at: chrono::DateTime<Utc> = expiry.parse().expect("an instant");
    folder.write(
        "content/news/leaves.md",
        &format!("---\ntitle: Leaves\ndate: 2021-05-07\nexpiryDate: {expiry}\n---\n\nFor a while.\n"),
    );
    let app = folder.serve();
    let (shown, asked) = (app.text("/atom.xml").contains("<title>Leaves</title>"), Utc::now());
    assert!(shown || asked >= at, "it left before its second");
    app.until("/atom.xml", |feed| !feed.contains("<title>Leaves</title>"));
    assert!(Utc::now() >= at, "it left before its second");
    assert!(app.text("/atom.xml").contains("<title>Stays</title>"));
    assert_eq!(app.get("/news/leaves/").status, 404);
    assert_eq!(app.get("/news/stays/").status, 200);
}
