//! Whether the operator's mails can be written: one issue and one letter with a bit of everything are rendered by them.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use url::Url;

use crate::config::Config;
use crate::model::announcement::{Announcement, AnnouncementId, Attachment, Image, Source, Status};
use crate::model::change::Change;
use crate::model::event::{Event, EventStatus, Place, When};
use crate::model::newsletter::Newsletter;
use crate::model::revision::Revision;
use crate::model::text::{Label, RichText};
use crate::model::time::{Moment, Precision};
use crate::output::email::letter::{self, LetterView, Pick};
use crate::output::email::{self, ChangedEntry, Contents, IssueView};
use crate::output::feed::Entry;
use crate::output::page::offers::Offer;
use crate::output::templates::{TemplateError, Templates};

const MARK: &str = "crieurmark";

/// # Errors
/// What a template asks for and does not get, and what no mail may be.
pub(super) fn try_mails(config: &Config, templates: &Templates, now: DateTime<Utc>) -> Result<(), TemplateError> {
    let Some(newsletter) = config.newsletters.first() else { return Ok(()) };
    try_issue(config, newsletter, templates, now)?;
    let topics = [Label { slug: "a".to_owned(), label: "A".to_owned() }];
    let offer = Offer { newsletter, topics: &topics, subjects: &[] };
    let picks = [Pick { offer, topics: &[] }];
    let view = LetterView {
        site: &config.site,
        asked: &picks,
        changes: &picks,
        stays: false,
        lang: &newsletter.lang,
        mark: MARK,
    };
    letter::confirmation(templates, &view)?;
    letter::reminder(templates, &view)?;
    Ok(())
}

fn try_issue(
    config: &Config,
    newsletter: &Newsletter,
    templates: &Templates,
    now: DateTime<Utc>,
) -> Result<(), TemplateError> {
    let local = now.with_timezone(&config.site.zone).naive_local();
    let news = announcement(config, now);
    let ahead = Announcement { event: Some(event(config, local, EventStatus::Confirmed)), ..news.clone() };
    let off = Announcement { event: Some(event(config, local, EventStatus::Cancelled)), ..news.clone() };
    let [news, ahead, off] = [(news, "a"), (ahead, "b"), (off, "c")]
        .map(|(it, slug)| Announcement { id: AnnouncementId::minted("localhost", local.date(), slug), ..it });
    let entry = |announcement| Entry { announcement, revision: Revision { sequence: 0, updated: now, stamp: now } };
    let changes = vec![Change::Cancelled, Change::Reinstated];
    let contents = Contents {
        changed: vec![ChangedEntry { entry: entry(&off), changes, is_withdrawn: true }],
        new: vec![entry(&news)],
        upcoming: vec![entry(&ahead)],
    };
    let view = IssueView {
        site: &config.site,
        newsletter,
        number: 1,
        slot: local,
        lang: &newsletter.lang,
        contents: &contents,
        unsubscribe_mark: MARK,
        preferences_mark: MARK,
        web_url: Some(config.site.url.as_str()),
    };
    email::issue(templates, &view)?;
    email::web(templates, &view)?;
    Ok(())
}

fn announcement(config: &Config, now: DateTime<Utc>) -> Announcement {
    let url = config.site.url.clone();
    Announcement {
        id: AnnouncementId::pinned("a"),
        pinned: true,
        source: Source { path: "a.md".to_owned(), hash: String::new() },
        kind: String::new(),
        lang: config.site.lang.clone(),
        title: "A".to_owned(),
        subtitle: Some("A".to_owned()),
        slug: "a".to_owned(),
        url: url.clone(),
        aliases: Vec::new(),
        external_url: Some(url.clone()),
        published: Moment {
            instant: now,
            zone: config.site.zone,
            precision: Precision::Second,
            origin: "date".to_owned(),
        },
        updated: None,
        expires: None,
        status: Status::Published,
        authors: vec!["A".to_owned()],
        contact: Some("A".to_owned()),
        summary: None,
        body: RichText {
            source: "A".to_owned(),
            html: "<p>A <a href=\"#a\">b</a></p>".to_owned(),
            text: "A b".to_owned(),
        },
        categories: vec![Label { slug: "a".to_owned(), label: "A".to_owned() }],
        tags: Vec::new(),
        images: vec![Image { src: url.clone(), alt: Some("A".to_owned()), caption: None }],
        attachments: vec![attachment(url)],
        info: Vec::new(),
        event: None,
        extra: serde_json::Map::new(),
    }
}

fn attachment(href: Url) -> Attachment {
    Attachment { href, title: Some("A".to_owned()), mime: "application/pdf".to_owned(), bytes: Some(1) }
}

fn event(config: &Config, now: NaiveDateTime, status: EventStatus) -> Event {
    let start = now + TimeDelta::days(1);
    Event {
        when: When::Timed { start, end: Some(start + TimeDelta::hours(1)), zone: config.site.zone },
        place: Some(Place { name: Some("A".to_owned()), ..Place::default() }),
        online: Some(config.site.url.clone()),
        access: Vec::new(),
        registration: Some(config.site.url.clone()),
        organizer: None,
        status,
    }
}
