//! The admin listener: the status page, the metrics, and a health that tells the truth.

use crate::support::folder::Folder;
use crate::support::served::TestApp;

fn with_admin() -> Folder {
    Folder::of_five().and("admin_listen = \"127.0.0.1:0\"")
}

fn value(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

fn metrics(app: &TestApp) -> String {
    let answer = app.ask_admin("GET", "/metrics", &[]);
    assert_eq!(answer.status, 200);
    answer.text().to_owned()
}

#[test]
fn the_metrics_tell_the_catalog_the_site_and_the_outbox() {
    let folder = with_admin();
    folder.crieur(["subscribers", "add", "canary@example.org"]).succeeds();
    folder.crieur(["send", "--at", "2019-04-08T12:00:00+02:00"]).succeeds();
    assert_eq!(folder.mails().len(), 1);
    let app = folder.serve();
    app.get("/nowhere");
    let answer = app.ask_admin("GET", "/metrics", &[]);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    for (name, expected) in [
        ("crieur_announcements", 5.0),
        ("crieur_diagnostics{severity=\"error\"}", 0.0),
        ("crieur_deliveries{state=\"sent\"}", 1.0),
        ("crieur_publishes_total{result=\"done\"}", 1.0),
        ("crieur_publish_duration_seconds_count", 1.0),
        ("crieur_http_responses_total{class=\"4xx\"}", 1.0),
        ("crieur_degraded{trouble=\"held\"}", 0.0),
        ("crieur_scan_mode{mode=\"events\"}", 1.0),
        ("crieur_suppressions", 0.0),
    ] {
        assert_eq!(value(text, name), Some(expected), "{name}\n{text}");
    }
    assert!(!text.contains("canary") && !text.contains('@'), "an address in the metrics:\n{text}");
}

#[test]
fn a_stranger_s_name_for_the_loopback_gets_nothing() {
    let folder = with_admin();
    let app = folder.serve();
    for path in ["/", "/metrics", "/status.css"] {
        assert_eq!(app.ask_admin("GET", path, &[("host", "evil.example")]).status, 421, "{path}");
        assert_eq!(app.ask_admin("GET", path, &[("host", "localhost:1")]).status, 200, "{path}");
        assert_eq!(app.ask_admin("POST", path, &[]).status, 405, "{path}");
    }
    assert_eq!(app.get("/metrics").status, 404, "only on the admin listener");
    let page = app.ask_admin("GET", "/", &[]);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
}

#[test]
fn what_is_held_back_is_said_everywhere_until_it_is_over() {
    let folder = with_admin();
    let app = folder.serve();
    assert_eq!(app.text("/healthz"), "ok\n");
    assert!(app.ask_admin("GET", "/", &[]).text().contains("Tout va bien"));
    folder.rename("content", "elsewhere");
    folder.write("content/empty.txt", "");
    app.until("/healthz", |text| text.starts_with("degraded: the content folder is held back"));
    assert!(!app.text("/healthz").contains("content/"), "nothing of the machine");
    assert_eq!(app.get("/readyz").status, 200, "the last good site is served");
    assert_eq!(value(&metrics(&app), "crieur_degraded{trouble=\"held\"}"), Some(1.0));
    let page = app.ask_admin("GET", "/", &[]);
    assert!(page.text().contains("crieur build --confirm"), "{}", page.text());
}

#[test]
fn a_wrong_configuration_is_said_until_a_right_one_is_read_and_the_figures_count_on() {
    let folder = with_admin();
    let app = folder.serve();
    app.get("/nowhere");
    let right = folder.read("crieur.toml");
    folder.write("crieur.toml", "[site]\ntitle = 1\n");
    app.hang_up();
    app.until("/healthz", |text| text.starts_with("degraded: a changed configuration cannot be used"));
    assert_eq!(value(&metrics(&app), "crieur_degraded{trouble=\"configuration\"}"), Some(1.0));
    folder.write("crieur.toml", &right.replace("language = \"fr\"", "language = \"en\""));
    app.hang_up();
    app.until("/healthz", |text| text == "ok\n");
    let text = metrics(&app);
    assert_eq!(value(&text, "crieur_degraded{trouble=\"configuration\"}"), Some(0.0));
    assert_eq!(value(&text, "crieur_http_responses_total{class=\"4xx\"}"), Some(1.0), "{text}");
    let page = app.ask_admin("GET", "/", &[]);
    assert!(page.text().contains("lang=\"en\""), "the page of the new configuration: {}", page.text());
}

#[test]
fn a_mistake_in_a_file_stands_on_the_page_with_its_place() {
    let folder = with_admin();
    folder.write("content/actualites/faux.md", "---\ntitle: [\n---\n<script>alert(1)</script>\n");
    let app = folder.serve();
    let page = app.ask_admin("GET", "/", &[]);
    assert!(page.text().contains("content/actualites/faux.md:"), "{}", page.text());
    assert!(!page.text().contains("<script"), "{}", page.text());
    assert_eq!(value(&metrics(&app), "crieur_diagnostics{severity=\"error\"}"), Some(1.0));
}
