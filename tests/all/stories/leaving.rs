//! Leaving: the link of a real mail, on a daemon that runs.

use std::time::{Duration, Instant};

use super::{MONDAY, announcement};
use crate::support::folder::Folder;
use crate::support::state;

const FORM: &str = "application/x-www-form-urlencoded";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

fn with_mail() -> (Folder, String) {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let path = folder.only_mail().leave_path();
    (folder, path)
}

fn listed(folder: &Folder) -> String {
    folder.crieur(["subscribers", "list"]).succeeds().stdout
}

fn gets_no_more(folder: &Folder) {
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-12 10:00:00 +02:00"));
    folder.crieur(["send", "--at", "2019-04-15T09:00:00+02:00"]).succeeds();
    assert_eq!(folder.mails().len(), 1, "no mail after leaving");
}

#[test]
fn following_the_link_changes_nothing() {
    let (folder, path) = with_mail();
    let before = listed(&folder);
    {
        let app = folder.serve();
        for _ in 0..3 {
            let page = app.get(&path);
            assert_eq!(page.status, 200);
            assert!(page.text().contains("<form") && page.text().contains("method=\"post\""), "{}", page.text());
            // what the button sends is what the server listens to
            assert!(page.text().contains("name=\"List-Unsubscribe\" value=\"One-Click\""), "{}", page.text());
            assert!(!page.text().contains("reader@example.org"), "the link may be forwarded");
            assert_eq!((page.header("cache-control"), page.header("x-robots-tag")), ("no-store", "noindex"));
            assert_eq!(app.ask("HEAD", &path, &[], &[]).status, 200);
        }
        // G11: what scanners do with links
        let query = format!("{path}?{ONE_CLICK}");
        for (method, path) in [("GET", &query), ("HEAD", &query), ("OPTIONS", &path), ("PUT", &path), ("DELETE", &path)]
        {
            let purpose = [("sec-purpose", "prefetch"), ("user-agent", "Barracuda Sentinel (EE)")];
            app.ask(method, path, &purpose, &[]);
        }
        // G13
        for (path, body) in [(&path, ""), (&query, ""), (&query, "x=y")] {
            assert_eq!(app.post(path, FORM, body).status, 400, "{path:.14} {body}");
        }
        assert_eq!(listed(&folder), before);
    }
    assert!(before.contains("confirmed"), "{before}");
}

#[test]
fn one_click_leaves_at_once_and_twice_is_fine() {
    let (folder, path) = with_mail();
    let app = folder.serve();
    for _ in 0..2 {
        let left = app.post(&path, FORM, ONE_CLICK);
        assert_eq!((left.status, left.header("set-cookie"), left.header("location")), (200, "", ""), "{}", left.text());
        assert!(listed(&folder).contains("unsubscribed"));
    }
    let page = app.get(&path);
    assert!(page.status == 200 && !page.text().contains("<form"), "old links live for ever, and say the truth");
    gets_no_more(&folder);
}

#[test]
fn one_click_may_come_as_multipart() {
    let (folder, path) = with_mail();
    let app = folder.serve();
    let body =
        "--b0undary\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b0undary--\r\n";
    assert_eq!(app.post(&path, "multipart/form-data; boundary=b0undary", body).status, 200);
    assert!(listed(&folder).contains("unsubscribed"));
    gets_no_more(&folder);
}

/// G12: told so at once, and kept, also where the daemon is killed before it could be carried out.
#[test]
fn whoever_leaves_while_the_state_is_locked_is_told_so_at_once() {
    let (folder, path) = with_mail();
    let mut app = folder.serve();
    let database = folder.path("state/crieur.db");
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let kinds = [(FORM, ONE_CLICK), ("multipart/form-data; boundary=b", multipart)];
    let slowest = state::while_locked(&database, || {
        let leave = |kind: usize| {
            let (asked, (kind, body)) = (Instant::now(), kinds[kind % 2]);
            let left = app.post(&path, kind, body);
            assert_eq!((left.status, left.header("location")), (200, ""), "{}", left.text());
            asked.elapsed()
        };
        let alone = leave(0);
        let crowd: Vec<Duration> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..100).map(|number| scope.spawn(move || leave(number))).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        app.kill9();
        (alone, crowd.into_iter().max().expect("a hundred"))
    });
    println!("alone, the slowest of a hundred at once: {slowest:?}");
    assert!(slowest.0 < Duration::from_secs(1) && slowest.1 < Duration::from_secs(3), "{slowest:?}");
    app.restart();
    assert!(listed(&folder).contains("unsubscribed"), "{}", listed(&folder));
    drop(app);
    assert!(!folder.path("state/crieur.db.leaving").exists() && !folder.path("state/crieur.db.leaving-taken").exists());
    gets_no_more(&folder);
}

#[test]
fn nothing_else_lets_anybody_leave() {
    let (folder, path) = with_mail();
    let app = folder.serve();
    for body in ["x=y", "List-Unsubscribe=", "One-Click"] {
        assert_eq!(app.post(&path, FORM, body).status, 400, "{body}");
    }
    let mut forged = path.clone().into_bytes();
    let last = forged.last_mut().expect("a token");
    *last = if *last == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    for path in [forged.as_str(), "/unsubscribe/AAAAAAAAAAE", "/unsubscribe/x", "/unsubscribe/"] {
        assert_eq!(app.post(path, FORM, ONE_CLICK).status / 100, 4, "{path}");
    }
    let long = format!("{ONE_CLICK}&x={}", "y".repeat(20_000));
    assert_eq!(app.post(&path, FORM, &long).status, 413);
    assert!(listed(&folder).contains("\tconfirmed\t"), "{}", listed(&folder));
}

#[test]
fn who_left_is_not_brought_back_by_an_import_but_by_the_operators_word() {
    let (folder, path) = with_mail();
    folder.serve().post(&path, FORM, ONE_CLICK);
    let import = folder
        .crieur(["subscribers", "import", "-", "--consent-source", "forms"])
        .stdin("email\nreader@example.org\n")
        .succeeds();
    assert!(import.stdout.contains("1 left before"), "{}", import.stdout);
    assert!(listed(&folder).contains("unsubscribed"));
    folder.crieur(["subscribers", "add", "reader@example.org"]).exits(1);
    folder.crieur(["subscribers", "add", "reader@example.org", "--again"]).succeeds();
    assert!(listed(&folder).contains("\tconfirmed\t"));
}
