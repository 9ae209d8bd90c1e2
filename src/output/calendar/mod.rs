//! iCalendar (RFC 5545, with the calendar properties of RFC 7986): what calendar apps subscribe to.
//!
//! The ics crate writes; what it leaves to its user is done here: text is escaped (`value`), parameters are quoted, lines
//! are folded again at 75 octets (`fold`) and time zones come first (`timezone`).

mod bounds;
mod description;
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
use ics::properties::{Color, Description, Method, Name, RefreshInterval, Source, URL};

pub use self::bounds::MAX_BYTES;
use self::bounds::{Fate, Need};
pub use self::event::uid;
use super::feed::{Entry, Feed};
use crate::model::event::{Event, When};
use crate::model::settings::{PublishSettings, SiteSettings};

const PRODID: &str = "-//crieur//crieur//EN";

/// A calendar as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub bytes: Vec<u8>,
    /// How many of the oldest events it has no room for.
    pub rolled_out: usize,
}

/// Writes `calendar.ics`: all entries that carry an event, in the order of the feed, at most `MAX_BYTES` of them. Other
/// entries are passed over.
pub fn write(feed: &Feed) -> Calendar {
    let mut calendar = ICalendar::new("2.0", PRODID);
    describe(&mut calendar, feed);
    with_events(calendar, feed.site, feed.publish, &feed.entries)
}

/// Writes `events/{slug}.ics`: one event, to be taken over into a calendar the reader has.
///
/// It has no name of its own: with `X-WR-CALNAME` Outlook opens a file as another calendar instead of adding its event.
pub fn write_event(site: &SiteSettings, publish: &PublishSettings, entry: &Entry) -> Vec<u8> {
    write_events(site, publish, std::slice::from_ref(entry)).bytes
}

/// The same of several events: a file that nobody subscribes to. It invites nobody either (`METHOD:PUBLISH`).
pub fn write_events(site: &SiteSettings, publish: &PublishSettings, entries: &[Entry]) -> Calendar {
    let mut calendar = ICalendar::new("2.0", PRODID);
    calendar.push(Method::new("PUBLISH"));
    with_events(calendar, site, publish, entries)
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
    let label = feed.folder.trim_end_matches('/').rsplit_once('/').map(|(_, slug)| slug);
    if let Some(slug) = label {
        calendar.push(Color::new(feed.publish.color(slug).as_str()));
    }
    calendar.push(Source::new(feed.document_url("calendar.ics")));
    calendar.push(URL::new(feed.page_url()));
}

/// The zones the events are in, each defined before its use, then the events. A calendar must not be empty (RFC 5545
/// §3.6): one without events defines the site's zone.
fn with_events(mut calendar: ICalendar, site: &SiteSettings, publish: &PublishSettings, entries: &[Entry]) -> Calendar {
    let carried: Vec<(&Entry, &Event)> =
        entries.iter().filter_map(|entry| Some((entry, event::carried(entry)?))).collect();
    let mut zones = zones(carried.iter().map(|(_, event)| &event.when));
    if carried.is_empty() {
        zones.entry(site.zone.name()).or_insert((site.zone, 1970..=1970));
    }
    for (zone, years) in zones.into_values() {
        calendar.add_component(timezone::timezone(zone, years));
    }
    let events = carried.iter().map(|(entry, carried)| {
        let html = event::html_description(entry.announcement, carried);
        (event::event(site, publish, entry, carried), html)
    });
    let events: Vec<_> = events.collect();
    let needs = carried.iter().zip(&events).map(|((_, carried), (event, html))| Need {
        until: carried.when.is_over_at(),
        bytes: fold::refold(&event.to_string()).len(),
        html_bytes: html.as_ref().map_or(0, |html| fold::refold(&html.to_string()).len()),
    });
    let needs: Vec<Need> = needs.collect();
    let fates = bounds::share(&needs, MAX_BYTES.saturating_sub(finish(&calendar).len()));
    let rolled_out = fates.iter().filter(|fate| **fate == Fate::RolledOut).count();
    for ((mut event, html), fate) in events.into_iter().zip(fates).filter(|(_, fate)| *fate != Fate::RolledOut) {
        if let Some(html) = html.filter(|_| fate == Fate::WithHtml) {
            event.push(html);
        }
        calendar.add_event(event);
    }
    Calendar { bytes: finish(&calendar), rolled_out }
}

/// The zones that events are written in, by name, with the years they are needed for.
fn zones<'a>(times: impl Iterator<Item = &'a When>) -> BTreeMap<&'static str, (Tz, RangeInclusive<i32>)> {
    let mut zones: BTreeMap<&'static str, (Tz, RangeInclusive<i32>)> = BTreeMap::new();
    for (when, zone) in times.filter_map(|when| Some((when, event::zone(when)?))) {
        let (first, last) = (when.first_day().year(), when.last_day().year());
        let (_, years) = zones.entry(zone.name()).or_insert((zone, first..=last));
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
