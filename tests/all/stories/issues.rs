//! Issues from being composed to being read: approved, one an announcement, with what changed, and on the web.

use super::{MONDAY, announcement, due_newsletter};
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::served::TestApp;

const EVENT: &str =
    "content/agenda/2019-04-08-expert-ux-tout-savoir-avant-de-candidater-pour-devenir-designer-dinteret-general.md";
const MORNING: &str = "Expert UX : tout savoir avant de candidater pour devenir designer d’intérêt général !";
const NEXT_MONDAY: &str = "2019-04-15T12:00:00+02:00";

fn with_reader(key: &str) -> Folder {
    let folder = Folder::of_five().but("look_back = \"31d\"", &format!("look_back = \"31d\"\n{key}"));
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder
}

#[test]
fn an_issue_waits_for_approval_and_can_be_looked_through_before() {
    let folder = with_reader("approval = true");
    let composed = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(
        composed.stdout.contains("waits for approval") && composed.stdout.contains("0 sent"),
        "{}",
        composed.stdout
    );
    assert!(folder.mails().is_empty());
    let listed = folder.crieur(["issues", "list"]).succeeds().stdout;
    assert!(listed.contains("2019-04-08 09:00  number 1: 1 waiting, waits for approval"), "{listed}");

    let shown = folder.crieur(["issues", "show", "1", "--out", "review"]).succeeds().stdout;
    assert!(shown.contains("new") && shown.contains("(revision 0)") && shown.contains("subject: "), "{shown}");
    assert!(folder.read("review/fr.txt").contains("Expert UX\u{a0}: tout savoir avant de candidater"));
    assert!(folder.read("review/fr.eml").contains("List-Unsubscribe: <https://"));
    let about: serde_json::Value = serde_json::from_str(&folder.read("review/issue.json")).expect("JSON");
    assert_eq!((about["number"].as_u64(), about["slot"].as_str()), (Some(1), Some("2019-04-08T09:00:00")));
    assert!(about["items"].as_array().is_some_and(|items| !items.is_empty()));

    folder.crieur(["build"]).succeeds();
    assert!(!folder.path("public/newsletters/communaute-ux/1/index.html").exists(), "not before it is approved");
    let resumed = folder.crieur(["issues", "resume", "1"]).succeeds().stdout;
    assert!(resumed.contains("waits for approval"), "{resumed}");
    assert!(folder.crieur(["issues", "approve", "1"]).succeeds().stdout.contains("it goes out now"));
    assert!(folder.crieur(["issues", "approve", "1"]).succeeds().stdout.contains("did not wait"));
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(folder.only_mail().words().contains(MORNING));
    let unknown = folder.crieur(["issues", "show", "9"]).exits(2).stderr;
    assert!(unknown.contains("has no issue 9"), "{unknown}");
}

#[test]
fn a_held_issue_goes_on_when_it_is_resumed() {
    let folder = with_reader("approval = true");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.crieur(["issues", "approve", "1"]).succeeds();
    folder.crieur(["issues", "hold", "1", "--reason", "une coquille"]).succeeds();
    let listed = folder.crieur(["issues", "list"]).succeeds().stdout;
    assert!(listed.contains("held (operator: une coquille)"), "{listed}");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(folder.mails().is_empty());
    folder.crieur(["issues", "resume", "1"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(folder.mails().len(), 1);
}

#[test]
fn what_waits_for_approval_can_be_held_and_waits_for_it_again() {
    let folder = with_reader("approval = true");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let held = folder.crieur(["issues", "hold", "1", "--reason", "une coquille"]).succeeds().stdout;
    assert!(held.contains("held; what is being"), "{held}");
    let approved = folder.crieur(["issues", "approve", "1"]).exits(1).stdout;
    assert!(approved.contains("is held") && approved.contains("issues resume"), "{approved}");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(folder.mails().is_empty());
    let resumed = folder.crieur(["issues", "resume", "1"]).succeeds().stdout;
    assert!(resumed.contains("waits for approval"), "{resumed}");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(folder.mails().is_empty());
    folder.crieur(["issues", "approve", "1"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.only_mail();
    let late = folder.crieur(["issues", "hold", "1"]).succeeds().stdout;
    assert!(late.contains("nothing is left to hold"), "{late}");
}

#[test]
fn each_announcement_has_a_mail_of_its_own() {
    let folder = with_reader("").but("schedule = \"0 9 * * MON\"", "schedule = \"each\"");
    let sent = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(sent.stdout.contains("2 sent"), "{}", sent.stdout);
    let mut subjects: Vec<String> = folder.mails().into_iter().map(|mail| mail.subject).collect();
    subjects.sort();
    assert!(
        subjects[0].starts_with("Expert UX\u{a0}: tout savoir") && subjects[1].starts_with("L’État s’ouvre"),
        "{subjects:?}"
    );
    let again = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(again.stdout.contains("0 sent"), "{}", again.stdout);
    folder.write("content/actualites/neuf.md", &announcement("Tout neuf", "2019-04-09 10:00:00 +02:00"));
    folder.crieur(["send", "--at", "2019-04-09T10:00:00+02:00"]).succeeds();
    let mails = folder.mails();
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().any(|mail| mail.subject == "Tout neuf"));
}

#[test]
fn the_daemon_sends_each_announcement_as_it_appears() {
    let folder = with_reader("").but("schedule = \"0 9 * * MON\"", "schedule = \"each\"");
    let app = folder.serve();
    let today = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S +00:00").to_string();
    folder.write("content/actualites/neuf.md", &announcement("Tout neuf", &today));
    app.until_logged("issue frozen");
    eventually("the mail", || (folder.unseen_mails() == 1).then_some(()));
    let mail = folder.only_mail();
    assert_eq!(mail.subject, "Tout neuf");
    // the page its mail leads to is there
    app.until("/newsletters/communaute-ux/1/", |page| page.contains("Tout neuf"));
}

#[test]
fn an_issue_that_another_process_froze_has_its_page_as_well() {
    let folder = with_reader("approval = true");
    let app = folder.serve();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(app.get("/newsletters/communaute-ux/1/").status, 404, "it waits for approval");
    folder.crieur(["issues", "approve", "1"]).succeeds();
    app.until("/newsletters/communaute-ux/1/", |page| page.contains("lundi"));
    eventually("the mail", || (folder.unseen_mails() == 1).then_some(()));
    folder.only_mail();
}

#[test]
fn a_moved_event_is_told_to_those_who_knew_and_a_deleted_one_is_called_off() {
    let folder = with_reader("");
    folder.write("content/agenda/soiree.md", &evening("2019-04-25"));
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.only_mail();
    folder.write("content/agenda/soiree.md", &evening("2019-05-02"));
    folder.crieur(["send", "--at", NEXT_MONDAY]).succeeds();
    let second = newest(&folder);
    let words = second.words();
    let (changed, rest) = words.split_once("CE QUI CHANGE").map(|(_, rest)| rest).unwrap_or_default().split_at(300);
    assert!(changed.contains("Reporté : 25 avril → 2 mai"), "{words}");
    assert!(second.subject.contains("Soirée portes ouvertes – Reporté"), "{}", second.subject);
    assert!(!rest.contains("Soirée portes ouvertes"), "once: {words}");
    assert!(second.html.contains("Ce qui change") && second.html.contains("Reporté"));

    folder.remove("content/agenda/soiree.md");
    folder.crieur(["send", "--at", "2019-04-22T12:00:00+02:00"]).succeeds();
    let third = newest(&folder);
    assert_eq!(third.subject, "Annulé\u{a0}: Soirée portes ouvertes");
    assert!(third.words().contains("ANNULÉ"), "{}", third.words());
    folder.crieur(["build", "--at", "2019-04-22T12:00:00+02:00"]).succeeds();
    let page = folder.read("public/newsletters/communaute-ux/3/index.html");
    assert!(page.contains("Soirée portes ouvertes") && page.contains("Mettre à jour l’agenda"), "{page}");
    // its page is gone
    assert!(!folder.path("public/agenda/soiree/index.html").exists());
    for shown in [&third.html, &third.text, &page, &folder.read("public/newsletters/communaute-ux/rss.xml")] {
        let third = shown.split("<item>").nth(1).unwrap_or(shown);
        assert!(!third.contains("/agenda/soiree/"), "{third}");
        assert!(third.contains("/events/soiree.ics"), "{third}");
    }
    let quiet = folder.crieur(["send", "--at", "2019-04-29T12:00:00+02:00"]).succeeds();
    assert!(quiet.stdout.contains("nothing new"), "told once: {}", quiet.stdout);
}

fn evening(day: &str) -> String {
    format!(
        "---\ntitle: Soirée portes ouvertes\ndate: 2019-04-05 10:00:00 +02:00\n\
         event_start_date: {day} 18:00:00 +02:00\nevent_end_date: {day} 20:00:00 +02:00\n---\nVenez.\n"
    )
}

/// The mail no story has looked at yet.
fn newest(folder: &Folder) -> crate::support::mails::Mail {
    assert_eq!(folder.unseen_mails(), 1, "one new mail");
    let newest = folder.mails().into_iter().max_by_key(|mail| mail.header("Feedback-ID").clone());
    newest.expect("a mail")
}

#[test]
fn an_issue_can_be_read_on_the_web_and_followed_by_feed() {
    let folder = with_reader("");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let mail = folder.only_mail();
    let address = "https://www.numerique.gouv.fr/newsletters/communaute-ux/1/";
    assert!(mail.html.contains(address) && mail.text.contains(address));
    folder.crieur(["build"]).succeeds();
    let page = folder.read("public/newsletters/communaute-ux/1/index.html");
    let words = page.replace(['\u{a0}', '\u{202f}'], " ");
    assert!(words.contains(MORNING) && words.contains("lundi 8 avril 2019"), "{page}");
    let token = mail.leave.rsplit('/').next().expect("a token");
    for name in ["1/index.html", "rss.xml", "index.html"] {
        let text = folder.read(&format!("public/newsletters/communaute-ux/{name}"));
        assert!(!text.contains(token) && !text.contains("/unsubscribe/") && !text.contains("reader@"), "{name}");
    }
    let feed = feed_rs::parser::parse(&folder.bytes("public/newsletters/communaute-ux/rss.xml")[..]).expect("a feed");
    assert_eq!(feed.entries.len(), 1);
    assert_eq!(feed.entries[0].id, "tag:www.numerique.gouv.fr,2019-04-08:newsletters/communaute-ux/1");
    assert_eq!(feed.entries[0].links[0].href, address);
    assert!(folder.read("public/newsletters/communaute-ux/index.html").contains(address));

    // frozen: what is edited since changes nothing
    folder.write(EVENT, &announcement("Tout autre chose", "2019-04-08 10:00:00 +02:00"));
    folder.crieur(["build"]).succeeds();
    assert_eq!(folder.read("public/newsletters/communaute-ux/1/index.html"), page);
}

#[test]
fn an_issue_that_cannot_be_rendered_is_not_frozen_and_goes_out_once_it_can() {
    let folder = with_reader("");
    folder.write("templates/email/issue.html", "<html lang=\"{{ lang }}\">\n{{ nobody_knows }}\n{{ unsubscribe }}");
    let failed = folder.crieur(["send", "--at", MONDAY]).exits(1);
    assert!(failed.stdout.contains("email/issue.html:2:"), "{}", failed.stdout);
    assert!(folder.mails().is_empty());
    folder.remove("templates/email/issue.html");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(folder.mails().len(), 1);
}

#[test]
fn a_daemon_says_that_an_issue_cannot_be_made_until_it_can() {
    let folder = due_newsletter();
    folder.crieur(["subscribers", "add", "lecteur@example.org"]).succeeds();
    folder.write("templates/email/issue.html", "<html lang=\"{{ lang }}\">\n{{ nobody_knows }}\n{{ unsubscribe }}");
    let app = folder.serve();
    app.until("/healthz", |text| text.contains("an issue that is due cannot be made"));
    folder.remove("templates/email/issue.html");
    app.hang_up();
    app.until("/healthz", |text| text == "ok\n");
    eventually("the mail", || (folder.mails().len() == 1).then_some(()));
}

/// Signs up, follows the link of the letter, and presses the button.
fn subscribe(app: &TestApp, folder: &Folder, email: &str, topics: &[&str]) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let topics = topics.iter().map(|topic| format!("&topic=communaute-ux%2F{topic}")).collect::<Vec<_>>().concat();
    let body = format!("page_lang=fr&newsletter=communaute-ux{topics}&lang=fr&email={email}%40example.org");
    assert_eq!(app.post("/subscribe", FORM, &body).status, 200);
    let address = format!("{email}@example.org");
    let (letter, _) = eventually("the letter", || folder.mails().into_iter().find(|mail| mail.to == address));
    let link = letter.text.split_whitespace().find(|word| word.contains("/confirm/")).expect("a link");
    let path = url::Url::parse(link).expect("an address").path().to_owned();
    assert_eq!(app.post(&path, FORM, "confirm=yes").status, 200);
}

#[test]
fn readers_get_one_mail_with_only_their_topics() {
    let folder = Folder::of_five();
    let app = folder.serve();
    subscribe(&app, &folder, "tout", &[]);
    subscribe(&app, &folder, "atelier", &["atelier"]);
    subscribe(&app, &folder, "presse", &["communique-de-presse"]);
    subscribe(&app, &folder, "rien", &["article"]);
    drop(app);
    let preview = folder.crieur(["preview", "communaute-ux", "--at", MONDAY]).succeeds().stdout;
    for words in ["variant fr: 1 recipient,", "variant fr+atelier: 1", "1 reader gets no mail"] {
        assert!(preview.contains(words), "no `{words}` in\n{preview}");
    }
    let sent = folder.crieur(["send", "--at", MONDAY]).succeeds().stdout;
    assert!(sent.contains("frozen for 3 recipients") && sent.contains("3 sent"), "{sent}");
    let press = "L’État s’ouvre à l’UX design";
    let issues: Vec<_> = folder.mails().into_iter().filter(|mail| !mail.text.contains("/confirm/")).collect();
    assert_eq!(issues.len(), 3, "one mail each");
    for (reader, has_event, has_press) in [("tout", true, true), ("atelier", true, false), ("presse", false, true)] {
        let mail = issues.iter().find(|mail| mail.to == format!("{reader}@example.org")).expect("their mail");
        let words = mail.words();
        assert_eq!((words.contains(MORNING), words.contains(press)), (has_event, has_press), "{reader}: {words}");
    }
}

#[test]
fn a_calendar_is_attached_only_if_asked_for() {
    for (key, kinds) in [
        ("", &["text/plain", "text/html"][..]),
        ("attach_calendar = true", &["text/plain", "text/html", "text/calendar"]),
    ] {
        let folder = with_reader(key);
        folder.crieur(["send", "--at", MONDAY]).succeeds();
        let mail = folder.only_mail();
        let parts: Vec<&str> =
            mail.raw.lines().filter_map(|line| line.strip_prefix("Content-Type: ")?.split(';').next()).collect();
        let single: Vec<&str> = parts.into_iter().filter(|kind| !kind.starts_with("multipart/")).collect();
        assert_eq!(single, kinds, "{}", mail.raw);
        assert!(mail.text.contains("/events/expert-ux-"), "the link is there in any case");
        if key.is_empty() {
            continue;
        }
        let message = mail_parser::MessageParser::default().parse(mail.raw.as_bytes()).expect("a mail");
        let file = message.attachments().next().expect("a file");
        let calendar = std::str::from_utf8(file.contents()).expect("UTF-8");
        assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.contains("METHOD:PUBLISH\r\n"), "{calendar}");
        assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 1, "only what the mail tells of");
        assert!(
            !calendar.contains("ATTENDEE") && calendar.contains("DTSTART;TZID=Europe/Paris:20190411T090000"),
            "{calendar}"
        );
        let shown = folder.crieur(["issues", "show", "1", "--out", "review"]).succeeds().stdout;
        assert!(shown.contains("attached: its events as a calendar file"), "{shown}");
        assert_eq!(folder.read("review/fr.ics"), calendar);
    }
}
