//! The site over HTTP: validators, methods, headers.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::served::TestApp;

#[test]
fn what_is_served_is_what_is_written() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for (name, bytes) in folder.files("public") {
        if name != ".crieur-files" {
            let path = format!("/{}", name.strip_suffix("index.html").unwrap_or(&name));
            assert_eq!(app.get(&path).body, bytes, "{path}");
        }
    }
}

#[test]
fn a_reader_who_has_it_is_told_so() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for path in ["/atom.xml", "/rss.xml", "/feed.json", "/calendar.ics", "/"] {
        let first = app.get(path);
        let (etag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
        assert!(
            etag.starts_with('"') && etag.ends_with('"') && etag.len() > 16,
            "{path}: `{etag}` is no strong validator"
        );
        let weak = format!("W/{etag}");
        let among = format!("\"other\", {etag}");
        for known in [etag.as_str(), weak.as_str(), among.as_str(), "*"] {
            let again = app.ask("GET", path, &[("if-none-match", known)], &[]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.header("etag"), etag);
            assert_eq!(again.header("cache-control"), first.header("cache-control"));
        }
        assert_eq!(app.ask("GET", path, &[("if-none-match", "\"other\"")], &[]).status, 200, "{path}");
        if !modified.is_empty() {
            assert_eq!(app.ask("GET", path, &[("if-modified-since", &modified)], &[]).status, 304, "{path}");
            let early = "Sat, 01 Jan 2000 00:00:00 GMT";
            assert_eq!(app.ask("GET", path, &[("if-modified-since", early)], &[]).status, 200, "{path}");
            let both = [("if-none-match", "\"other\""), ("if-modified-since", modified.as_str())];
            assert_eq!(app.ask("GET", path, &both, &[]).status, 200, "{path}: the ETag decides");
        }
    }
}

#[test]
fn a_post_merged_late_is_news_to_a_reader_who_only_knows_the_date() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let since = app.get("/atom.xml").header("last-modified").to_owned();
    folder.write("content/actualites/tard.md", &announcement("Tard", "2018-01-01 10:00:00 +01:00"));
    app.until("/atom.xml", |feed| feed.contains("<title>Tard</title>"));
    assert_eq!(app.ask("GET", "/atom.xml", &[("if-modified-since", &since)], &[]).status, 200);
    assert_eq!(
        app.ask("GET", "/calendar.ics", &[("if-modified-since", &since)], &[]).status,
        304,
        "it has the same bytes"
    );
}

#[test]
fn head_says_what_get_says_without_the_body() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for path in ["/atom.xml", "/", "/nowhere"] {
        let (get, head) = (app.get(path), app.ask("HEAD", path, &[], &[]));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in ["etag", "last-modified", "content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        assert_eq!(get.header("content-length"), get.body.len().to_string(), "{path}");
    }
}

#[test]
fn types_are_exact_and_every_answer_is_fenced_in() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json; charset=utf-8"),
        ("/calendar.ics", "text/calendar; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
    ] {
        let answer = app.get(path);
        assert_eq!(answer.header("content-type").to_lowercase(), kind, "{path}");
        assert_eq!(answer.header("vary"), "Accept-Encoding", "{path}");
        assert!(answer.header("cache-control").contains("max-age="), "{path}");
    }
    for path in ["/", "/rss.xml", "/nowhere", "/healthz", "/unsubscribe/x"] {
        let answer = app.get(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
}

#[test]
fn other_paths_and_methods_are_answered_as_such() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for path in [
        "/nowhere",
        "/../Cargo.toml",
        "/%2e%2e/crieur.toml",
        "/crieur.toml",
        "/.crieur-files",
        "/%ff",
        "/state/crieur.db",
    ] {
        assert_eq!(app.get(path).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for path in ["/atom.xml", "/", "/nowhere"] {
            let answer = app.ask(method, path, &[], b"x");
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method} {path}");
        }
    }
    let moved = app.get("/categories/atelier");
    assert_eq!((moved.status, moved.header("location")), (301, "/categories/atelier/"));
    assert_eq!((app.get("/healthz").status, app.get("/readyz").status), (200, 200));
}

#[test]
fn when_asked_to_stop_it_ends_well() {
    let folder = Folder::of_five();
    let mut app = folder.serve();
    assert!(app.terminate().success());
}

/// What another program makes of it.
fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    // a feed of five fits the pipe
    gzip.stdin.take().expect("its stdin").write_all(bytes).expect("written");
    let mut text = Vec::new();
    gzip.stdout.take().expect("its stdout").read_to_end(&mut text).expect("read");
    assert!(gzip.wait().expect("its end").success());
    text
}

#[test]
fn every_text_is_there_in_gzip_and_means_the_same() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for path in ["/atom.xml", "/rss.xml", "/feed.json", "/calendar.ics", "/feeds.opml", "/style.css", "/"] {
        let packed = || {
            let answer = app.ask("GET", path, &[("accept-encoding", "gzip")], &[]);
            (answer.header("content-encoding") == "gzip").then_some(answer)
        };
        let (packed, plain) = (eventually(path, packed).0, app.get(path));
        assert!(packed.body.len() < plain.body.len(), "{path}");
        assert_eq!(gunzipped(&packed.body), plain.body, "{path}");
        assert_ne!(packed.header("etag"), plain.header("etag"), "{path}");
        for same in ["content-type", "last-modified", "cache-control", "vary"] {
            assert_eq!(packed.header(same), plain.header(same), "{path}: {same}");
        }
    }
}

#[test]
fn the_log_says_nothing_of_who_asked_for_what() {
    let folder = Folder::of_five().and("trusted_proxies = [\"127.0.0.1\", \"2001:db8::/32\"]");
    let app = TestApp::start(&folder, &["serve", "-v"]);
    let proxied =
        [("x-forwarded-for", "203.0.113.9"), ("user-agent", "secret-agent"), ("referer", "https://secret.example/")];
    app.ask("GET", "/atom.xml?secret=1", &proxied, &[]);
    app.ask("GET", "/unsubscribe/secret?secret", &proxied, &[]);
    app.ask("GET", "/%75nsubscribe/secret", &proxied, &[]);
    app.ask("POST", "/unsubscribe/secret", &proxied, b"secret=List-Unsubscribe");
    app.get("/the-last");
    app.until_logged("/the-last");
    let log = app.log();
    let answers: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(answers.len(), 5, "{log}");
    assert!(!log.contains("secret") && !log.contains("203.0.113"), "{log}");
    assert!(answers.iter().all(|line| !line.contains("127.0.0.1")), "{log}");
    assert!(!log.contains("does nothing yet"), "{log}");
}

#[test]
fn a_name_the_reader_invents_is_in_no_answer() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for path in ["/", "/atom.xml", "/categories/atelier", "/nowhere", "/unsubscribe/x"] {
        let answer = app.ask("GET", path, &[("host", "evil.example"), ("x-forwarded-host", "evil.example")], &[]);
        assert!(!answer.text().contains("evil.example"), "{path}");
        assert!(
            answer.headers.values().all(|value| !value.as_bytes().windows(4).any(|four| four == b"evil")),
            "{path}"
        );
    }
}
