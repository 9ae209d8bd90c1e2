//! iCalendar (RFC 5545, with the calendar properties of RFC 7986): what calendar apps subscribe to.
//!
//! The ics crate writes; what it leaves to its user is done here: text is escaped (`value`), parameters are quoted, lines
//! are folded again at 75 octets (`fold`) and time zones come first (`timezone`).

mod event;
mod fold;
mod timezone;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, TimeDelta};
use chrono_tz::Tz;
use ics::ICalendar;
use ics::components::Property;
use ics::properties::{Description, Method, Name, RefreshInterval, Source, URL};

pub use self::event::uid;
use super::feed::{Entry, Feed};
use crate::model::event::When;
use crate::model::settings::SiteSettings;

const PRODID: &str = "-//crieur//crieur//EN";

/// Writes `calendar.ics`: all entries that carry an event, in the order of the feed. Other entries are passed over.
pub fn write(feed: &Feed) -> Vec<u8> {
    let mut calendar = ICalendar::new("2.0", PRODID);
    describe(&mut calendar, feed);
    add_entries(&mut calendar, feed.site, &feed.entries);
    finish(&calendar)
}

/// Writes `events/{slug}.ics`: one event, to be taken over into a calendar the reader has.
///
/// It has no name of its own: with `X-WR-CALNAME` Outlook opens a file as another calendar instead of adding its event.
pub fn write_event(site: &SiteSettings, entry: &Entry) -> Vec<u8> {
    let mut calendar = ICalendar::new("2.0", PRODID);
    calendar.push(Method::new("PUBLISH"));
    add_entries(&mut calendar, site, std::slice::from_ref(entry));
    finish(&calendar)
}

/// RFC 7986 properties, each with the older `X-` name that Outlook, Google and Apple read.
fn describe(calendar: &mut ICalendar, feed: &Feed) {
    let name = value::text(&feed.title);
    let refresh = duration(feed.publish.refresh);
    calendar.push(Method::new("PUBLISH"));
    calendar.push(Name::new(name.clone()));
    calendar.push(Property::new("X-WR-CALNAME", name));
    if !feed.description.trim().is_empty() {
        let description = value::text(&feed.description);
        calendar.push(Description::new(description.clone()));
        calendar.push(Property::new("X-WR-CALDESC", description));
    }
    calendar.push(Property::new("X-WR-TIMEZONE", feed.site.zone.name()));
    calendar.push(RefreshInterval::new(refresh.clone()));
    calendar.push(Property::new("X-PUBLISHED-TTL", refresh));
    calendar.push(Source::new(feed.document_url("calendar.ics")));
    calendar.push(URL::new(feed.page_url()));
}

/// The zones the events are in, each defined before its use, then the events. A calendar must not be empty (RFC 5545
/// §3.6): one without events defines the site's zone.
fn add_entries(calendar: &mut ICalendar, site: &SiteSettings, entries: &[Entry]) {
    let events: Vec<_> = entries.iter().filter_map(|entry| event::event(site, entry)).collect();
    let mut zones = zones(entries);
    if events.is_empty() {
        zones.entry(site.zone.name()).or_insert((site.zone, 1970..=1970));
    }
    for (zone, years) in zones.into_values() {
        calendar.add_component(timezone::timezone(zone, years));
    }
    for event in events {
        calendar.add_event(event);
    }
}

/// The zones that events with a clock are in, by name, with the years they are needed for.
fn zones(entries: &[Entry]) -> BTreeMap<&'static str, (Tz, RangeInclusive<i32>)> {
    let mut zones: BTreeMap<&'static str, (Tz, RangeInclusive<i32>)> = BTreeMap::new();
    let events = entries.iter().filter_map(|entry| entry.announcement.event.as_ref());
    for when in events.map(|event| &event.when).filter(|when| !matches!(when, When::AllDay { .. })) {
        let (first, last) = (when.first_day().year(), when.last_day().year());
        let (_, years) = zones.entry(when.zone().name()).or_insert((when.zone(), first..=last));
        *years = first.min(*years.start())..=last.max(*years.end());
    }
    zones
}

/// RFC 5545 §3.3.6: `PT1H`, `PT90M`; at least a minute.
fn duration(delta: TimeDelta) -> String {
    let minutes = delta.num_minutes().max(1);
    if minutes % 60 == 0 { format!("PT{}H", minutes / 60) } else { format!("PT{minutes}M") }
}

fn finish(calendar: &ICalendar) -> Vec<u8> {
    fold::refold(&calendar.to_string()).into_bytes()
}
