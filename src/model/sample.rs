//! Hand-made announcements and settings for tests: each test changes the fields it is about.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Europe::Paris;
use url::Url;

use super::announcement::{Announcement, AnnouncementId, Source, Status};
use super::delivery::OnDoubt;
use super::event::{Event, EventStatus, When};
use super::newsletter::{Newsletter, Rhythm};
use super::settings::{FeedContent, PublishSettings, SiteSettings};
use super::text::{Label, RichText};
use super::time::{Moment, Precision};

/// An absolute address.
pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).expect("a sample address is absolute")
}

/// An instant as RFC 3339, shown in Paris.
pub(crate) fn moment(text: &str) -> Moment {
    let instant = DateTime::parse_from_rfc3339(text).expect("a sample instant is RFC 3339").to_utc();
    Moment { instant, zone: Paris, precision: Precision::Second, origin: "date".to_owned() }
}

/// A wall-clock time, `2027-03-28 09:30`.
pub(crate) fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a sample time is `YYYY-MM-DD HH:MM`")
}

/// A date, `2027-03-28`.
pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a sample date is `YYYY-MM-DD`")
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).expect("a sample label has letters")
}

/// One paragraph.
pub(crate) fn rich(text: &str) -> RichText {
    RichText { source: text.to_owned(), html: format!("<p>{text}</p>\n"), text: text.to_owned() }
}

/// A plain announcement of 9 January 2019, published, without event, picture or attachment.
pub(crate) fn announcement(slug: &str) -> Announcement {
    Announcement {
        id: AnnouncementId::minted("www.example.org", day("2019-01-09"), slug),
        pinned: false,
        source: Source { path: format!("actualites/2019-01-09-{slug}.md"), hash: "0".repeat(64) },
        kind: "actualites".to_owned(),
        lang: "fr".to_owned(),
        title: format!("Titre de {slug}"),
        subtitle: None,
        slug: slug.to_owned(),
        url: url(&format!("https://www.example.org/actualites/{slug}/")),
        aliases: Vec::new(),
        external_url: None,
        published: moment("2019-01-09T11:56:00Z"),
        updated: None,
        expires: None,
        status: Status::Published,
        authors: Vec::new(),
        contact: None,
        summary: Some(rich("Le résumé.")),
        body: rich("Le corps."),
        categories: vec![label("Atelier")],
        tags: Vec::new(),
        images: Vec::new(),
        attachments: Vec::new(),
        info: Vec::new(),
        event: None,
        extra: serde_json::Map::new(),
    }
}

/// A confirmed event and nothing else known of it.
pub(crate) fn event(when: When) -> Event {
    Event {
        when,
        place: None,
        online: None,
        access: Vec::new(),
        registration: None,
        organizer: None,
        status: EventStatus::Confirmed,
    }
}

/// From a wall-clock time to another in Paris.
pub(crate) fn timed(start: &str, end: Option<&str>) -> When {
    When::Timed { start: local(start), end: end.map(local), zone: Paris }
}

pub(crate) fn site() -> SiteSettings {
    SiteSettings {
        title: "Communauté UX".to_owned(),
        url: url("https://www.example.org/"),
        description: "Les annonces de la communauté".to_owned(),
        lang: "fr".to_owned(),
        zone: Paris,
        author: None,
        rights: None,
        public_url: url("https://annonces.example.org/"),
        privacy_url: None,
    }
}

pub(crate) fn publish() -> PublishSettings {
    PublishSettings {
        dir: "public".into(),
        limit: 50,
        content: FeedContent::Full,
        websub_hubs: Vec::new(),
        refresh: TimeDelta::hours(1),
        colors: std::collections::BTreeMap::new(),
    }
}

/// About everything, one issue an announcement.
pub(crate) fn newsletter() -> Newsletter {
    Newsletter {
        name: "hebdo".to_owned(),
        title: "L’hebdo".to_owned(),
        lang: "fr".to_owned(),
        rhythm: Rhythm::Each,
        categories: Vec::new(),
        tags: Vec::new(),
        subjects: Vec::new(),
        upcoming: TimeDelta::days(30),
        look_back: TimeDelta::days(31),
        missed: TimeDelta::hours(12),
        on_doubt: OnDoubt::Resend,
        approval: false,
        skip_empty: true,
        attach_calendar: false,
    }
}
