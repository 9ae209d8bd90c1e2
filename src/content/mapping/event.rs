//! The event of an announcement, by the time rules of CONTENT.md §3. Prose is never parsed, only hinted at.

use chrono::{NaiveTime, TimeDelta};
use url::Url;

use super::Mapper;
use super::address::Place;
use super::hours::Hours;
use super::when::Given;
use crate::content::dates::parse_hours;
use crate::model::announcement::InfoRow;
use crate::model::diagnostic::Diagnostic;
use crate::model::event::{self, Event, Geo, When};
use crate::model::text::RichText;
use crate::model::time::{Moment, Precision, resolve_local};

impl Mapper<'_> {
    pub(super) fn event(
        &mut self,
        info: &[InfoRow],
        published: &Moment,
        place: &Place,
        body: &RichText,
    ) -> Option<Event> {
        let end = self.given("end");
        let Some(start) = self.given("start") else {
            if let Some(end) = end {
                let diagnostic =
                    Diagnostic::error("end-without-start", end.position, "an event ends here but never begins");
                self.diagnostics.push(diagnostic.with_hint("give its beginning too, or remove this line"));
            }
            return None;
        };
        let hours = self.hours();
        let when = self.when(&start, end, hours);
        if matches!(when, When::AllDay { .. }) {
            self.hint_at_other_hours();
        }
        self.hint_at_odd_dates(&when, &start, published, body);
        Some(Event {
            when,
            place: self.venue(),
            online: self.url("online", place),
            access: self.access(),
            registration: self.url("registration", place).or_else(|| registration(info)),
            organizer: self.line("organizer"),
            status: self.event_status(),
        })
    }

    fn given(&mut self, field: &'static str) -> Option<Given> {
        let found = self.find(field).into_iter().next()?;
        let understood = self.date(&found)?;
        let local = understood.instant.with_timezone(&self.zone()).naive_local();
        // a bare date is that day also where its midnight does not exist (São Paulo, until 2018)
        let local = if understood.precision == Precision::Day { local.date().and_time(NaiveTime::MIN) } else { local };
        let position = self.lookup.position(&found);
        // an event is kept by its wall clock, which cannot tell the second 02:30 of an autumn night from the first
        if understood.precision == Precision::Second
            && resolve_local(local, self.zone()).instant() != understood.instant
        {
            self.warn_of_fold(local, position);
        }
        Some(Given { local, position })
    }

    fn when(&mut self, start: &Given, end: Option<Given>, hours: Option<Hours>) -> When {
        let zone = self.zone();
        let end = end.and_then(|end| self.in_order(start, end));
        let (first, from) = (start.local.date(), start.local.time());
        let last = end.as_ref().map(|end| end.local.date());
        if let Some(hours) = &hours {
            self.compare_hours(hours, start, end.as_ref());
        }
        match (hours, end) {
            (Some(hours), Some(_)) if last.is_some_and(|last| last > first) => {
                let last = last.unwrap_or(first);
                self.remark_on_clocks(first.and_time(hours.from), hours.position);
                When::Daily { first, last, from: hours.from, to: hours.to, zone }
            }
            (Some(hours), _) => {
                // "20h-2h" ends after midnight
                let day = if hours.to <= hours.from { first + TimeDelta::days(1) } else { first };
                let (start, end) = (first.and_time(hours.from), day.and_time(hours.to));
                self.remark_on_clocks(start, hours.position);
                self.remark_on_clocks(end, hours.position);
                When::Timed { start, end: Some(end), zone }
            }
            (None, None) if from == NaiveTime::MIN => When::AllDay { first, last: first, zone },
            (None, None) => When::Timed { start: start.local, end: None, zone },
            (None, Some(end)) if from == NaiveTime::MIN && end.local.time() == NaiveTime::MIN => {
                When::AllDay { first, last: end.local.date(), zone }
            }
            // a bare date as the end of a timed event means that day, not its first second
            (None, Some(end)) if end.local.time() == NaiveTime::MIN => {
                let whole_day = end.local.date().succ_opt().unwrap_or(end.local.date()).and_time(NaiveTime::MIN);
                When::Timed { start: start.local, end: (end.local.date() > first).then_some(whole_day), zone }
            }
            (None, Some(end)) => When::Timed { start: start.local, end: Some(end.local), zone },
        }
    }

    /// The end, unless it comes before the start. A bare date on the day of the start is no contradiction.
    fn in_order(&mut self, start: &Given, end: Given) -> Option<Given> {
        let same_day = end.local.time() == NaiveTime::MIN && end.local.date() == start.local.date();
        if end.local >= start.local || same_day {
            return Some(end);
        }
        let message = format!("the event ends before it begins (on line {})", start.position.line);
        let hint = "the calendar shows it without an end until this is mended";
        self.diagnostics.push(Diagnostic::error("end-before-start", end.position, message).with_hint(hint));
        None
    }

    fn hint_at_odd_dates(&mut self, when: &When, start: &Given, published: &Moment, body: &RichText) {
        if start.local.date() < published.local_date() {
            let is_over = when.last_day() < published.local_date();
            let message = format!(
                "the event {} before its announcement is published",
                if is_over { "is over" } else { "begins" }
            );
            let hint = "check the year";
            self.diagnostics
                .push(Diagnostic::hint("event-before-announcement", start.position, message).with_hint(hint));
        }
        let open_end = matches!(when, When::Timed { end: None, .. });
        if let Some(hours) = open_end.then(|| hours_in_prose(&body.text)).flatten() {
            let message = format!("the event has no end; the text speaks of `{hours}`");
            let hint = "give the end in front matter: prose is never read as a date";
            self.diagnostics.push(Diagnostic::hint("event-without-end", start.position, message).with_hint(hint));
        }
    }

    fn venue(&self) -> Option<event::Place> {
        let place = event::Place { name: self.line("place"), address: self.line("address"), geo: self.geo() };
        (place != event::Place::default()).then_some(place)
    }

    /// A latitude and a longitude by themselves, or both in one value: `48.85, 2.308` or a list of the two.
    fn geo(&self) -> Option<Geo> {
        let degrees = |text: String| text.trim().parse::<f64>().ok();
        let one = |field| self.line(field).and_then(degrees);
        if let (Some(latitude), Some(longitude)) = (one("latitude"), one("longitude")) {
            return Geo::from_degrees(latitude, longitude);
        }
        let both: Vec<String> = self.find("geo").iter().filter_map(|found| self.lookup.plain(found)).collect();
        let numbers: Option<Vec<f64>> = match &both[..] {
            [text] => text.split([',', ';']).map(|number| degrees(number.to_owned())).collect(),
            several => several.iter().cloned().map(degrees).collect(),
        };
        let [latitude, longitude] = numbers?[..] else { return None };
        Geo::from_degrees(latitude, longitude)
    }
}

/// The link of the first row that speaks of registering.
fn registration(info: &[InfoRow]) -> Option<Url> {
    let speaks_of_it = |text: &str| text.to_lowercase().contains("inscri");
    info.iter().find_map(|row| row.href.clone().filter(|_| speaks_of_it(&row.label) || speaks_of_it(&row.value)))
}

/// The first word of the text that is an hours row by itself.
fn hours_in_prose(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_matches([':', ',', '*', '(', ')']))
        .find(|word| word.contains(['h', ':']) && word.contains(['-', '–']) && parse_hours(word).is_some())
}
