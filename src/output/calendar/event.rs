//! One announcement as a `VEVENT` (RFC 5545 §3.6.1).

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use ics::components::{Parameter, Property};
use ics::parameters::{FmtType, TzIDParam, Value};
use ics::properties::{
    Attach, Categories, Conference, Contact, Created, Description, DtEnd, DtStart, Image, LastModified, Location,
    RRule, Sequence, Status, Summary, URL,
};
use url::Url;

use super::value;
use crate::model::announcement::Announcement;
use crate::model::event::{Event, EventStatus, When};
use crate::model::settings::SiteSettings;
use crate::model::time::resolve_local;
use crate::model::token::sha256_hex;
use crate::output::feed::Entry;
use crate::output::item::{self, clean_line};

/// Characters of the body that stand for a summary where an announcement has none.
const TEASER_CHARS: usize = 500;

/// The calendar identity of an announcement: 32 hexadecimal digits of the SHA-256 of its id (as an IRI), `@`, and the host
/// that id names. Made of nothing but the id, so it never changes while the id does not.
pub fn uid(announcement: &Announcement, site: &SiteSettings) -> String {
    let iri = item::iri(announcement, site);
    let hash = &sha256_hex(iri.as_bytes())[..32];
    match authority(&iri) {
        Some(host) => format!("{hash}@{host}"),
        None => hash.to_owned(),
    }
}

/// The host of a URL or of a `tag:` URI.
fn authority(iri: &str) -> Option<String> {
    let host = match iri.strip_prefix("tag:") {
        Some(tag) => tag.split(',').next()?.to_owned(),
        None => Url::parse(iri).ok()?.host_str()?.to_owned(),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@');
    (!host.is_empty() && host.chars().all(is_name)).then_some(host)
}

/// `None` where there is no event, or one in a year that iCalendar cannot write (§3.3.4 has four digits).
pub(super) fn event<'a>(site: &SiteSettings, entry: &Entry) -> Option<ics::Event<'a>> {
    let announcement = entry.announcement;
    let carried = announcement.event.as_ref().filter(|event| is_writable(&event.when))?;
    let changed = utc(entry.revision.stamp);
    let mut event = ics::Event::new(uid(announcement, site), changed.clone());
    event.push(Created::new(utc(announcement.published.instant)));
    event.push(LastModified::new(changed));
    event.push(Sequence::new(entry.revision.sequence.to_string()));
    event.push(status(carried.status));
    event.push(Summary::new(value::line(&title(announcement, carried))));
    for property in times(&carried.when) {
        event.push(property);
    }
    for property in facts(announcement, carried) {
        event.push(property);
    }
    Some(event)
}

fn is_writable(when: &When) -> bool {
    let years = 1..=9998;
    years.contains(&when.first_day().year()) && years.contains(&when.last_day().year())
}

fn status(status: EventStatus) -> Status<'static> {
    match status {
        EventStatus::Confirmed => Status::confirmed(),
        EventStatus::Tentative => Status::tentative(),
        EventStatus::Cancelled => Status::cancelled(),
    }
}

/// Many apps show no status: a cancelled event says so in its title.
fn title(announcement: &Announcement, event: &Event) -> String {
    match event.status {
        EventStatus::Cancelled => format!("[{}] {}", Words::of(&announcement.lang).cancelled, announcement.title),
        EventStatus::Confirmed | EventStatus::Tentative => announcement.title.clone(),
    }
}

/// `DTSTART`, `DTEND` where an end is known and later than the start (§3.8.2.2), `RRULE` for daily hours.
fn times(when: &When) -> Vec<Property<'static>> {
    match *when {
        When::AllDay { first, last, .. } => {
            let end = last.max(first).succ_opt().unwrap_or(first);
            vec![whole_day(DtStart::new(date(first))), whole_day(DtEnd::new(date(end)))]
        }
        When::Timed { start, end, zone } => {
            let (begins, ends) = (resolve_local(start, zone), end.map(|end| resolve_local(end, zone).instant()));
            let ends = ends.filter(|ends| *ends > begins.instant());
            let clock = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
            let start = zoned(DtStart::new(date_time(clock(begins.instant()))), zone);
            let end = ends.map(|at| zoned(DtEnd::new(date_time(clock(at))), zone));
            [Some(start), end].into_iter().flatten().collect()
        }
        When::Daily { first, last, from, to, zone } => {
            // hours that run past midnight end on the day after
            let end_day = if to < from { first.succ_opt().unwrap_or(first) } else { first };
            let start = zoned(DtStart::new(date_time(first.and_time(from))), zone);
            let end = (to != from).then(|| zoned(DtEnd::new(date_time(end_day.and_time(to))), zone));
            // a count needs no instant, so the clocks may change between the days
            let days = (last - first).num_days() + 1;
            let rule = (days > 1).then(|| RRule::new(format!("FREQ=DAILY;COUNT={days}")).into());
            [Some(start), end, rule].into_iter().flatten().collect()
        }
    }
}

fn whole_day<P: Into<Property<'static>>>(property: P) -> Property<'static> {
    let mut property = property.into();
    property.add(Value::DATE);
    property
}

fn zoned<P: Into<Property<'static>>>(property: P, zone: Tz) -> Property<'static> {
    let mut property = property.into();
    property.add(TzIDParam::new(zone.name()));
    property
}

fn facts(announcement: &Announcement, event: &Event) -> Vec<Property<'static>> {
    let place = event.place.as_ref().map(|place| value::line(&place.one_line())).filter(|place| !place.is_empty());
    let place = place.or_else(|| event.online.as_ref().map(|url| value::line(url.as_str())));
    let labels = labels(announcement);
    let contact = announcement.contact.as_deref().map(value::line).filter(|contact| !contact.is_empty());
    let mut facts: Vec<Property> = Vec::new();
    facts.extend(place.map(|place| Location::new(place).into()));
    facts.push(Description::new(value::text(&description(announcement, event))).into());
    facts.push(URL::new(announcement.url.to_string()).into());
    facts.extend(contact.map(|contact| Contact::new(contact).into()));
    facts.extend((!labels.is_empty()).then(|| Categories::new(labels).into()));
    facts.extend(event.online.as_ref().map(|url| Conference::new(url.to_string()).into()));
    facts.extend(announcement.attachments.iter().map(|attachment| {
        let mut property = Property::from(Attach::new(attachment.href.to_string()));
        property.add(format_type(&attachment.mime));
        property
    }));
    facts.extend(announcement.images.first().map(|image| picture(&image.src)));
    facts
}

fn labels(announcement: &Announcement) -> String {
    let (categories, tags) = item::labels(announcement);
    value::list(categories.into_iter().chain(tags).map(|label| label.label.as_str()))
}

fn picture(src: &Url) -> Property<'static> {
    let mut property = Property::from(Image::uri(src.to_string()));
    if let Some(mime) = item::image_type(src) {
        property.add(format_type(mime));
    }
    property
}

/// A media type may stand without quotes (§3.2.8); anything else is quoted, so that it cannot end the parameter.
fn format_type(mime: &str) -> Parameter<'static> {
    let is_plain = mime.chars().all(|c| c.is_ascii_alphanumeric() || "/.+-_".contains(c));
    FmtType::new(if is_plain { mime.to_owned() } else { value::quoted(mime) }).into()
}

/// The summary, then what people need to know to come, then the page. Calendar apps show it as it is.
fn description(announcement: &Announcement, event: &Event) -> String {
    let summary = announcement.summary.as_ref().map(|summary| summary.text.trim().to_owned());
    let summary = summary.filter(|text| !text.is_empty()).unwrap_or_else(|| announcement.teaser(TEASER_CHARS));
    let blocks = [summary, access(announcement, event), practical(announcement, event), announcement.url.to_string()];
    let blocks: Vec<String> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
    blocks.join("\n\n")
}

fn access(announcement: &Announcement, event: &Event) -> String {
    let lines: Vec<String> = event.access.iter().map(|way| clean_line(&way.one_line(&announcement.lang))).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("{}\n{}", Words::of(&announcement.lang).access, lines.join("\n"))
}

fn practical(announcement: &Announcement, event: &Event) -> String {
    let words = Words::of(&announcement.lang);
    let colon = words.colon;
    let rows = announcement.info.iter().map(|row| {
        let link = row.href.as_ref().filter(|href| Some(*href) != event.registration.as_ref());
        let link = link.map_or_else(String::new, |href| format!(" ({href})"));
        format!("{}{colon}{}{link}", clean_line(&row.label), clean_line(&row.value))
    });
    // often one of the rows says it already ("Inscription par mail")
    let contact = announcement.contact.as_deref().map(clean_line);
    let contact = contact.filter(|contact| !announcement.info.iter().any(|row| row.value.contains(contact)));
    let known = [
        (words.organizer, event.organizer.clone()),
        (words.contact, contact),
        (words.registration, event.registration.as_ref().map(ToString::to_string)),
        (words.online, event.online.as_ref().map(ToString::to_string)),
    ];
    let known = known.into_iter().filter_map(|(label, value)| Some(format!("{label}{colon}{}", clean_line(&value?))));
    rows.chain(known).collect::<Vec<_>>().join("\n")
}

/// The few words the calendar adds of its own, in the language of the announcement.
struct Words {
    colon: &'static str,
    access: &'static str,
    registration: &'static str,
    online: &'static str,
    organizer: &'static str,
    contact: &'static str,
    cancelled: &'static str,
}

impl Words {
    const FRENCH: Self = Self {
        colon: "\u{a0}: ",
        access: "Accès",
        registration: "Inscription",
        online: "En ligne",
        organizer: "Organisation",
        contact: "Contact",
        cancelled: "ANNULÉ",
    };
    const ENGLISH: Self = Self {
        colon: ": ",
        access: "Getting there",
        registration: "Registration",
        online: "Online",
        organizer: "Organised by",
        contact: "Contact",
        cancelled: "CANCELLED",
    };

    fn of(lang: &str) -> &'static Self {
        if lang.starts_with("fr") { &Self::FRENCH } else { &Self::ENGLISH }
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

pub(super) fn date_time(local: NaiveDateTime) -> String {
    local.format("%Y%m%dT%H%M%S").to_string()
}

fn date(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}
