//! `send`: a subscriber gets each issue once, and in it what is new.

use super::{MONDAY, announcement};
use crate::support::folder::Folder;

const READER: &str = "reader@example.org";
const PRESS_RELEASE: &str = "L’État s’ouvre à l’UX design : lancement du programme Designers d’Intérêt Général";
const MORNING: &str = "Expert UX : tout savoir avant de candidater pour devenir designer d’intérêt général !";

fn with_reader() -> Folder {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder
}

#[test]
fn the_first_issue_carries_the_press_release_and_the_event_announced_that_morning() {
    let folder = with_reader();
    let sent = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(sent.stdout.contains("1 sent, 0 deferred, 0 refused, 0 in doubt"), "{}", sent.stdout);
    let mail = folder.only_mail();
    assert_eq!(mail.to, READER);
    assert_eq!(mail.subject, "Expert UX\u{a0}: tout savoir avant de candidater… – et une autre annonce");

    let words = mail.words();
    let (upcoming, new) = words.split_once("NOUVELLE ANNONCE").expect("two sections");
    assert!(upcoming.contains("À VENIR"), "{words}");
    assert!(upcoming.contains(MORNING), "{words}");
    assert!(upcoming.contains("Jeudi 11 avril 2019, de 9 h à 12 h"), "{words}");
    assert!(upcoming.contains("Bâtiment Ségur-Fontenoy, 20 avenue de Ségur - 75007 Paris"), "{words}");
    assert!(upcoming.contains("https://framaforms.org/inscription-pour-la-3eme-matinee"), "{words}");
    assert!(new.contains(PRESS_RELEASE) && new.contains("12 mars 2019"), "{words}");
    assert!(new.contains("CP_255%20Designers%20d'interet%20general.pdf"), "{words}");
    for older in ["Lancement : Rejoignez", "Rejoignez la communauté UX–"] {
        assert!(!words.contains(older), "the first issue looks back 31 days only");
    }
    for title in [PRESS_RELEASE, MORNING] {
        // with the blanks that French does not break a line at
        let html = mail.html.replace("&nbsp;", " ").replace(['\u{a0}', '\u{202f}'], " ");
        assert!(html.contains(title), "{}", mail.html);
    }
    assert!(mail.html.contains("<html lang=\"fr\">") && mail.html.len() < 100_000);
    assert!(mail.html.contains(&mail.leave) && mail.text.contains(&mail.leave));
}

#[test]
fn every_mail_can_be_left_with_one_click() {
    let folder = with_reader();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let mail = folder.only_mail();
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(mail.leave.starts_with("https://www.numerique.gouv.fr/unsubscribe/"), "{}", mail.leave);
    assert!(mail.header("List-Id").ends_with("<communaute-ux.www.numerique.gouv.fr>"));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Date"), "Mon, 08 Apr 2019 10:00:00 +0000");
    assert!(mail.header("Feedback-ID").starts_with("communaute-ux-1:"));
    assert!(mail.raw.is_ascii() && mail.raw.lines().all(|line| line.len() <= 998));
}

#[test]
fn sending_again_sends_nothing() {
    let folder = with_reader();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let first = folder.only_mail();
    for at in [MONDAY, "2019-04-08T12:00:01+02:00", "2019-04-08T09:00:00+02:00", "2019-04-14T23:59:59+02:00"] {
        let again = folder.crieur(["send", "--at", at]).succeeds();
        assert!(again.stdout.contains("0 sent"), "{}", again.stdout);
    }
    assert_eq!(folder.only_mail(), first);
}

#[test]
fn the_next_issue_carries_only_what_is_new() {
    let folder = with_reader();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let first = folder.only_mail();
    let empty = folder.crieur(["send", "--at", "2019-04-15T09:00:00+02:00"]).succeeds();
    assert!(empty.stdout.contains("nothing new, no issue"), "{}", empty.stdout);
    assert_eq!(folder.only_mail(), first);

    // merged late: dated before the first issue, in none of them yet
    folder.write("content/actualites/tardif.md", &announcement("Tardif", "2019-04-02 10:00:00 +02:00"));
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-17 10:00:00 +02:00"));
    folder.crieur(["send", "--at", "2019-04-22T09:00:00+02:00"]).succeeds();
    let mails = folder.mails();
    assert_eq!(mails.len(), 2);
    let second = mails.iter().find(|mail| mail.message_id != first.message_id).expect("another Message-ID");
    let words = second.words();
    assert!(words.contains("Frais") && words.contains("Tardif"), "{words}");
    assert!(!words.contains(PRESS_RELEASE) && !words.contains(MORNING), "{words}");
    assert!(words.contains("N° 2"), "an empty slot takes no number: {words}");
}

#[test]
fn a_first_issue_looks_back_as_far_as_is_said() {
    let folder = with_reader().but("look_back = \"31d\"", "look_back = \"7d\"");
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let words = folder.only_mail().words();
    assert!(words.contains(MORNING) && !words.contains(PRESS_RELEASE), "{words}");
}

#[test]
fn a_slot_that_was_missed_by_far_is_held_and_what_it_had_comes_next_time() {
    let folder = with_reader();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-12 10:00:00 +02:00"));
    let late = folder.crieur(["send", "--at", "2019-04-15T21:00:01+02:00"]).succeeds();
    assert!(late.stdout.contains("720 minutes late: held"), "{}", late.stdout);
    assert_eq!(folder.mails().len(), 1);
    let after = folder.crieur(["send", "--at", "2019-04-15T23:00:00+02:00"]).succeeds();
    assert!(after.stdout.contains("0 sent"), "{}", after.stdout);
    assert!(after.stdout.contains("held") && after.stdout.contains("hint: `--at` its time"), "{}", after.stdout);
    folder.crieur(["send", "--at", "2019-04-22T21:00:00+02:00"]).succeeds();
    let mails = folder.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().any(|mail| mail.words().contains("Frais")));
}

#[test]
fn a_held_slot_goes_out_when_asked_as_if_it_were_its_time() {
    let folder = with_reader();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-12 10:00:00 +02:00"));
    folder.crieur(["send", "--at", "2019-04-16T12:00:00+02:00"]).succeeds();
    assert_eq!(folder.mails().len(), 1);
    folder.crieur(["send", "--at", "2019-04-15T09:00:00+02:00"]).succeeds();
    assert_eq!(folder.mails().len(), 2);
}

#[test]
fn without_readers_nothing_is_frozen_and_the_first_reader_misses_nothing() {
    let folder = Folder::of_five();
    let none = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(none.stdout.contains("no confirmed subscriber"), "{}", none.stdout);
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(folder.only_mail().words().contains(PRESS_RELEASE));
}

#[test]
fn what_was_frozen_goes_out_although_the_file_was_edited_since() {
    let sink = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = sink.local_addr().expect("its address").port();
    drop(sink);
    let folder = with_reader().relayed_by(port, "");
    // the relay is away: frozen, not delivered
    folder.crieur(["send", "--at", MONDAY]).exits(75);
    let press = "content/espace-presse/2019-03-12-letat-souvre-a-lux-design-lancement-du-programme-designers-dinteret-general.md";
    folder.write(press, &announcement("Tout autre chose", "2019-03-12 11:04:00 +01:00"));
    let config = folder.read("crieur.toml");
    folder.write("crieur.toml", config.split("[mail]").next().expect("a beginning"));
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let words = folder.only_mail().words();
    assert!(words.contains(PRESS_RELEASE) && !words.contains("Tout autre chose"), "{words}");
}
