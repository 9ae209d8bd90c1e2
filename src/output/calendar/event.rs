//! One announcement as a `VEVENT` (RFC 5545 §3.6.1).

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::Tz;
use ics::components::{Parameter, Property};
use ics::parameters::{CN, FmtType, TzIDParam, Value};
use ics::properties::{
    Attach, Categories, Color, Conference, Contact, Created, Description, DtEnd, DtStart, Geo, Image, LastModified,
    Location, Organizer, RRule, Sequence, Status, Summary, Transp, URL,
};
use url::Url;

use super::{description, value};
use crate::model::announcement::Announcement;
use crate::model::event::{Event, EventStatus, When};
use crate::model::settings::{PublishSettings, SiteSettings};
use crate::model::text::shorten;
use crate::model::time::{Resolved, resolve_local};
use crate::model::token::sha256_hex;
use crate::output::feed::Entry;
use crate::output::item;

/// Characters of a title, a place or a contact: longer ones are mistakes, and no app shows them.
const LINE_CHARS: usize = 1000;

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

/// The event an entry carries. `None` where there is none, or one in a year that iCalendar cannot write (§3.3.4 has four
/// digits) or that clients cannot bring from one zone to another, as it is the first or the last they know.
pub(super) fn carried<'a>(entry: &Entry<'a>) -> Option<&'a Event> {
    let years = 2..=9998;
    let is_writable = |when: &When| years.contains(&when.first_day().year()) && years.contains(&when.last_day().year());
    entry.announcement.event.as_ref().filter(|event| is_writable(&event.when))
}

/// The event as calendars write it, without the description that is only for Outlook.
pub(super) fn event<'a>(
    site: &SiteSettings,
    publish: &PublishSettings,
    entry: &Entry,
    carried: &Event,
) -> ics::Event<'a> {
    let announcement = entry.announcement;
    let changed = utc(entry.revision.stamp);
    let mut event = ics::Event::new(uid(announcement, site), changed.clone());
    event.push(Created::new(utc(announcement.published.instant)));
    event.push(LastModified::new(changed));
    event.push(Sequence::new(entry.revision.sequence.to_string()));
    event.push(status(carried.status));
    event.push(transparency(carried));
    event.push(Summary::new(line(&description::title(announcement, carried))));
    for property in times(&carried.when) {
        event.push(property);
    }
    for property in facts(announcement, carried) {
        event.push(property);
    }
    if let Some(color) = publish.event_color(announcement) {
        event.push(Color::new(color.as_str()));
    }
    event
}

/// The description as Outlook likes it ([MS-OXCICAL] §2.1.3.1.1.20.26), where it has more to say.
pub(super) fn html_description(announcement: &Announcement, event: &Event) -> Option<Property<'static>> {
    let mut property = Property::new("X-ALT-DESC", value::text(&description::html(announcement, event)?));
    property.add(FmtType::new("text/html"));
    Some(property)
}

fn line(text: &str) -> String {
    value::line(&shorten(&item::clean_line(text), LINE_CHARS))
}

fn status(status: EventStatus) -> Status<'static> {
    match status {
        EventStatus::Confirmed => Status::confirmed(),
        EventStatus::Tentative => Status::tentative(),
        EventStatus::Cancelled => Status::cancelled(),
    }
}

/// Whole days leave people's other hours free, and so does what does not take place (§3.8.2.7).
fn transparency(event: &Event) -> Transp<'static> {
    let is_free = event.status == EventStatus::Cancelled || matches!(event.when, When::AllDay { .. });
    if is_free { Transp::transparent() } else { Transp::opaque() }
}

/// `DTSTART`, `DTEND` where an end is known and later than the start (§3.8.2.2), `RRULE` for daily hours.
fn times(when: &When) -> Vec<Property<'static>> {
    match *when {
        When::AllDay { first, last, .. } => {
            let end = last.max(first).succ_opt().unwrap_or(first);
            vec![whole_day(DtStart::new(date(first))), whole_day(DtEnd::new(date(end)))]
        }
        When::Timed { start, end, .. } => from_to(start, end, when),
        When::Daily { first, last, from, to, .. } => {
            let (start, end) = (first.and_time(from), (to != from).then(|| end_of_hours(first, from, to)));
            if last <= first {
                return from_to(start, end, when);
            }
            let start = clock(DtStart::new, start, when);
            let end = end.map(|end| clock(DtEnd::new, end, when));
            // a count needs no instant, so the clocks may change between the days
            let rule = RRule::new(format!("FREQ=DAILY;COUNT={}", (last - first).num_days() + 1));
            [Some(start), end, Some(rule.into())].into_iter().flatten().collect()
        }
    }
}

/// Hours that run past midnight end on the day after.
fn end_of_hours(day: NaiveDate, from: NaiveTime, to: NaiveTime) -> NaiveDateTime {
    if to < from { day.succ_opt().unwrap_or(day).and_time(to) } else { day.and_time(to) }
}

/// Both as the clock shows them: an hour that does not exist is moved to the first that does, since each client would make
/// something else of it.
fn from_to(start: NaiveDateTime, end: Option<NaiveDateTime>, when: &When) -> Vec<Property<'static>> {
    let zone = when.zone();
    let begins = resolve_local(start, zone).instant();
    let ends = end.map(|end| resolve_local(end, zone).instant()).filter(|ends| *ends > begins);
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let start = clock(DtStart::new, local(begins), when);
    let end = ends.map(|at| clock(DtEnd::new, local(at), when));
    [Some(start), end].into_iter().flatten().collect()
}

fn whole_day<P: Into<Property<'static>>>(property: P) -> Property<'static> {
    let mut property = property.into();
    property.add(Value::DATE);
    property
}

/// A wall-clock time with its zone, or in UTC.
fn clock<P: Into<Property<'static>>>(
    property: fn(String) -> P,
    local: NaiveDateTime,
    when: &When,
) -> Property<'static> {
    let Some(zone) = zone(when) else { return property(utc(resolve_local(local, when.zone()).instant())).into() };
    let mut property = property(date_time(local)).into();
    property.add(TzIDParam::new(zone.name()));
    property
}

/// The zone an event is written in. `None` for whole days, and for what is written in UTC (§3.3.5, form 2) as no client can
/// misread that: UTC itself; an hour that comes twice, of which ical.js (Thunderbird) takes the second and the standard the
/// first; and the local mean times of long ago, whose offsets have seconds that vobject and ical.js drop.
pub(super) fn zone(when: &When) -> Option<Tz> {
    let zone = when.zone();
    let seconds = zone.offset_from_utc_datetime(&when.begins().naive_utc()).fix().local_minus_utc() % 60;
    let comes_twice = |local: &NaiveDateTime| matches!(resolve_local(*local, zone), Resolved::Fold(_));
    let is_plain = match *when {
        When::AllDay { .. } => false,
        When::Timed { start, end, .. } => ![Some(start), end].iter().flatten().any(comes_twice),
        When::Daily { first, last, from, to, .. } if last <= first => {
            ![first.and_time(from), end_of_hours(first, from, to)].iter().any(comes_twice)
        }
        When::Daily { .. } => true,
    };
    (is_plain && !is_utc(zone) && seconds == 0).then_some(zone)
}

fn is_utc(zone: Tz) -> bool {
    let name = zone.name();
    matches!(name.trim_start_matches("Etc/"), "UTC" | "UCT" | "Universal" | "Zulu")
}

fn facts(announcement: &Announcement, event: &Event) -> Vec<Property<'static>> {
    let place = event.place.as_ref().map(|place| line(&place.one_line())).filter(|place| !place.is_empty());
    let place = place.or_else(|| event.online.as_ref().map(|url| value::line(url.as_str())));
    let point = event.place.as_ref().and_then(|place| place.geo);
    let labels = labels(announcement);
    let contact = announcement.contact.as_deref().map(line).filter(|contact| !contact.is_empty());
    let mut facts: Vec<Property> = Vec::new();
    facts.extend(place.map(|place| Location::new(place).into()));
    facts.extend(point.map(|point| Geo::new(point.to_string()).into()));
    facts.push(Description::new(value::text(&description::text(announcement, event))).into());
    facts.push(URL::new(announcement.url.to_string()).into());
    facts.extend(event.organizer.as_deref().and_then(organizer));
    facts.extend(contact.map(|contact| Contact::new(contact).into()));
    facts.extend((!labels.is_empty()).then(|| Categories::new(labels).into()));
    facts.extend(event.online.as_ref().map(|url| Conference::new(url.to_string()).into()));
    facts.extend(announcement.attachments.iter().map(|attachment| {
        let mut property = Property::from(Attach::new(attachment.href.to_string()));
        if !attachment.mime.is_empty() {
            property.add(format_type(&attachment.mime));
        }
        property
    }));
    facts.extend(announcement.images.first().map(|image| picture(&image.src)));
    facts
}

/// Who organises, where an address is given with or instead of a name (`DINUM <ux@example.org>`): `ORGANIZER` is an
/// address (§3.8.4.3), and Outlook refuses one that nobody can write to. A name alone stands in the description.
fn organizer(text: &str) -> Option<Property<'static>> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", text),
    };
    let address = address.trim().trim_start_matches("mailto:");
    let (local, host) = address.split_once('@')?;
    let is_part = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    if !is_part(local, "._+-") || !is_part(host, ".-") {
        return None;
    }
    let mut property = Property::from(Organizer::new(format!("mailto:{address}")));
    if !name.is_empty() {
        property.add(CN::new(value::quoted(name)));
    }
    Some(property)
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

/// An instant; one in a year without four digits is moved to the nearest that has them.
fn utc(at: DateTime<Utc>) -> String {
    let end_of = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let (first, last) = (end_of(1, 1, 1).and_time(NaiveTime::MIN), end_of(9999, 12, 31).and_time(NaiveTime::MIN));
    format!("{}Z", date_time(at.naive_utc().clamp(first, last)))
}

pub(super) fn date_time(local: NaiveDateTime) -> String {
    local.format("%Y%m%dT%H%M%S").to_string()
}

fn date(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}
