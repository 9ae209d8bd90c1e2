//! A whole issue in English, with something of everything: what changed, what is ahead, what is new.

use chrono_tz::America::New_York;

use super::{MARK, PREFERENCES, look_at};
use crate::model::announcement::{Announcement, Attachment};
use crate::model::change::Change;
use crate::model::event::{Event, EventStatus, Place, When};
use crate::model::issue::Variant;
use crate::model::newsletter::Newsletter;
use crate::model::sample::{announcement, event, label, local, moment, rich, timed, url};
use crate::model::settings::SiteSettings;
use crate::output::email::{ChangedEntry, Contents, IssueView, issue};
use crate::output::samples;
use crate::output::templates::Templates;

fn english(slug: &str, title: &str, published: &str, category: &str) -> Announcement {
    Announcement {
        title: title.to_owned(),
        lang: "en".to_owned(),
        url: url(&format!("https://fablab.example.org/news/{slug}/")),
        published: moment(published),
        categories: vec![label(category)],
        ..announcement(slug)
    }
}

fn place(name: &str, address: &str) -> Place {
    Place { name: Some(name.to_owned()), address: Some(address.to_owned()), geo: None }
}

/// Moved by a week, into another room.
fn repair_cafe() -> (Announcement, Vec<Change>) {
    let (from, to) =
        (timed("2027-03-12 14:00", Some("2027-03-12 18:00")), timed("2027-03-19 15:00", Some("2027-03-19 19:00")));
    let (old, new) = (place("The workshop", "4 Mill Lane"), place("Town hall", "1 Market Square"));
    let it = Announcement {
        event: Some(Event { place: Some(new.clone()), ..event(to.clone()) }),
        ..english("repair-cafe", "Repair café: bring what is broken", "2027-02-20T09:00:00Z", "Workshop")
    };
    (it, vec![Change::Moved { from, to }, Change::Place { from: Some(old), to: Some(new) }])
}

fn open_day() -> (Announcement, Vec<Change>) {
    let when = timed("2027-04-03 10:00", Some("2027-04-03 17:00"));
    let it = Announcement {
        event: Some(Event { status: EventStatus::Cancelled, ..event(when) }),
        ..english("open-day", "Open day", "2027-02-21T09:00:00Z", "Visit")
    };
    (it, vec![Change::Cancelled])
}

/// New and ahead: told once, in full.
fn webinar() -> Announcement {
    Announcement {
        summary: Some(rich("An hour with Zoë on 3D printers that print their own spare parts. Questions welcome!")),
        event: Some(Event {
            online: Some(url("https://meet.example.org/printers")),
            registration: Some(url("https://fablab.example.org/register/printers")),
            status: EventStatus::Tentative,
            ..event(When::Timed {
                start: local("2027-03-24 12:30"),
                end: Some(local("2027-03-24 13:30")),
                zone: New_York,
            })
        }),
        ..english("webinar", "Printers that print printers", "2027-03-07T09:00:00Z", "Webinar")
    }
}

fn report() -> Announcement {
    let file = |name: &str, title: Option<&str>, bytes| Attachment {
        href: url(&format!("https://fablab.example.org/files/{name}")),
        title: title.map(str::to_owned),
        mime: "application/pdf".to_owned(),
        bytes,
    };
    Announcement {
        summary: Some(rich("What 412 members built, mended and burnt last year.")),
        attachments: vec![
            file("report-2026.pdf", Some("The annual report"), Some(2_345_678)),
            file("accounts%202026.pdf", None, Some(88_000)),
        ],
        ..english("report", "“Never finished”: the annual report for 2026", "2027-03-05T09:00:00Z", "Report")
    }
}

/// Nothing but a body, in another language than the mail.
fn visitors() -> Announcement {
    Announcement {
        lang: "fr".to_owned(),
        title: "Visite de nos amis de Grenoble : merci !".to_owned(),
        summary: None,
        body: rich("Ils sont venus, ils ont vu, ils ont soudé."),
        ..english("visitors", "", "2027-03-04T09:00:00Z", "Visit")
    }
}

fn rendered() -> Variant {
    let site = SiteSettings {
        title: "Mill Lane Fab Lab".to_owned(),
        url: url("https://fablab.example.org/"),
        public_url: url("https://fablab.example.org/"),
        lang: "en".to_owned(),
        ..samples::site()
    };
    let newsletter = Newsletter {
        name: "weekly".to_owned(),
        title: "The Mill Lane weekly".to_owned(),
        lang: "en".to_owned(),
        ..samples::newsletter()
    };
    let (events, notes): (Vec<_>, Vec<_>) = [repair_cafe(), open_day()].into_iter().unzip();
    let (new, upcoming) = ([webinar(), report(), visitors()], [webinar()]);
    let changed = samples::entries(&events).into_iter().zip(notes);
    let contents = Contents {
        changed: changed.map(|(entry, changes)| ChangedEntry { entry, changes, is_withdrawn: false }).collect(),
        new: samples::entries(&new),
        upcoming: samples::entries(&upcoming),
    };
    let view = IssueView {
        site: &site,
        newsletter: &newsletter,
        number: 41,
        slot: "2027-03-08T09:00:00".parse().expect("a time"),
        lang: "en",
        contents: &contents,
        unsubscribe_mark: MARK,
        preferences_mark: PREFERENCES,
        web_url: Some("https://fablab.example.org/newsletters/weekly/41/"),
    };
    issue(&Templates::built_in(), &view).expect("an issue")
}

#[test]
fn an_english_issue_reads_well() {
    let mail = rendered();
    look_at("english.txt", &mail.text);
    look_at("english.html", &mail.html);
    assert_eq!(mail.subject, "Cancelled: Open day – and 4 more");
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!("english.txt", mail.text);
        insta::assert_snapshot!("english.html", mail.html);
    });
}
