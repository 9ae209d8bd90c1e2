//! A `VTIMEZONE` (RFC 5545 §3.6.5) for a zone of chrono-tz, good for the years the events are in and some more.
//!
//! Where one rule for each change of the clocks held all these years, it is written the way every calendar app reads,
//! Outlook included: one `STANDARD` and one `DAYLIGHT` that begin in 1970 and recur for ever. Years to which no such rule
//! applies have each change by itself; a zone that changed nothing has one `STANDARD`.

use std::ops::RangeInclusive;

use chrono::{
    Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _, Weekday,
};
use chrono_tz::{OffsetComponents as _, OffsetName as _, Tz, TzOffset};
use ics::components::Component;
use ics::properties::{DtStart, RRule, TzID, TzName, TzOffsetFrom, TzOffsetTo};

/// Years a rule must hold after the last event: tells the last Sunday from the fourth, and covers dates yet to come.
const LOOK_AHEAD: i32 = 8;
/// Events outside are not worth a walk over thousands of years: they get the first or the last rule of these.
const KNOWN_YEARS: RangeInclusive<i32> = 1850..=2090;
/// Where recurring rules begin by custom.
const RULE_START: i32 = 1970;

/// A change of the clocks, offsets in seconds east of UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transition {
    /// When it happens, by the clock before it.
    local: NaiveDateTime,
    from: i32,
    to: i32,
    daylight: bool,
    name: String,
}

/// "The last Sunday of March at two o'clock".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    month: u32,
    weekday: Weekday,
    /// Which such day of the month, -1 for the last.
    nth: i8,
    time: NaiveTime,
}

/// Two rules that hold each year from `since` on, with a change each stands for.
struct Recurring {
    since: i32,
    rules: [(Rule, Transition); 2],
}

pub(super) fn timezone(zone: Tz, years: RangeInclusive<i32>) -> Component<'static> {
    let first = (*years.start()).clamp(*KNOWN_YEARS.start(), *KNOWN_YEARS.end());
    let last = (*years.end()).clamp(first, *KNOWN_YEARS.end());
    let transitions = transitions(zone, first, last + LOOK_AHEAD);
    let recurring = recurring(&transitions, first, last + LOOK_AHEAD).filter(|recurring| recurring.since <= last);
    let mut component = Component::new("VTIMEZONE");
    component.add_property(TzID::new(zone.name()));
    let always = recurring.as_ref().is_some_and(|recurring| recurring.since == first) && first >= RULE_START;
    // what held when the first event took place is said to have held since 1970: some clients ask for other dates too
    let before = Transition { local: new_year(*years.start().min(&RULE_START)), ..unchanged(zone, new_year(first)) };
    // without a rule the changes are written as far as events reach, over their last New Year
    let since = recurring.as_ref().map_or(last + 2, |recurring| recurring.since);
    if !always {
        component.add_component(observance(&before, None));
        for transition in transitions.iter().filter(|transition| transition.local.year() < since) {
            component.add_component(observance(transition, None));
        }
    }
    for (rule, transition) in recurring.into_iter().flat_map(|recurring| recurring.rules) {
        let local = rule.in_year(if always { RULE_START } else { since });
        component.add_component(observance(&Transition { local, ..transition }, Some(rule)));
    }
    component
}

/// A `STANDARD` or `DAYLIGHT`, from one change on; with a rule, each year again.
fn observance(transition: &Transition, rule: Option<Rule>) -> Component<'static> {
    let mut component = Component::new(if transition.daylight { "DAYLIGHT" } else { "STANDARD" });
    component.add_property(DtStart::new(super::event::date_time(transition.local)));
    component.add_property(TzOffsetFrom::new(utc_offset(transition.from)));
    component.add_property(TzOffsetTo::new(utc_offset(transition.to)));
    component.add_property(TzName::new(super::value::line(&transition.name)));
    if let Some(rule) = rule {
        component.add_property(RRule::new(rule.to_string()));
    }
    component
}

/// RFC 5545 §3.3.14: seconds are written only where there are any.
fn utc_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

/// All changes from the beginning of one year to the end of another, found by looking at each day.
fn transitions(zone: Tz, first: i32, last: i32) -> Vec<Transition> {
    let (mut day, end) = (new_year(first), new_year(last + 1));
    let mut found = Vec::new();
    while day < end {
        let next = day + TimeDelta::days(1);
        if seconds_east(zone, day) != seconds_east(zone, next) {
            found.push(change_between(zone, day, next));
        }
        day = next;
    }
    found
}

fn new_year(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN)
}

fn offset_at(zone: Tz, utc: NaiveDateTime) -> TzOffset {
    zone.offset_from_utc_datetime(&utc)
}

fn seconds_east(zone: Tz, utc: NaiveDateTime) -> i32 {
    offset_at(zone, utc).fix().local_minus_utc()
}

/// Halves the time between two instants of different offset, down to the second.
fn change_between(zone: Tz, mut before: NaiveDateTime, mut after: NaiveDateTime) -> Transition {
    let from = seconds_east(zone, before);
    while (after - before).num_seconds() > 1 {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if seconds_east(zone, middle) == from { before = middle } else { after = middle }
    }
    let changed = unchanged(zone, after);
    // Dublin, Casablanca and Windhoek have winter times that save less than nothing, and their summers count as standard
    // in the tz database; Outlook knows only summers that are daylight time
    let ends_winter_time = offset_at(zone, before).dst_offset() < TimeDelta::zero() && changed.to > from;
    let daylight = changed.daylight || ends_winter_time;
    Transition { local: after + TimeDelta::seconds(i64::from(from)), from, daylight, ..changed }
}

/// What the clocks show at an instant, as if it had never been different.
fn unchanged(zone: Tz, utc: NaiveDateTime) -> Transition {
    let offset = offset_at(zone, utc);
    let seconds = offset.fix().local_minus_utc();
    let daylight = offset.dst_offset() > TimeDelta::zero();
    Transition { local: utc, from: seconds, to: seconds, daylight, name: name(&offset, seconds) }
}

/// The abbreviation. Where there is none, the tz database names the offset (`-03`, `+0545`); without a name Python's
/// x-wr-timezone takes the zone for UTC.
fn name(offset: &TzOffset, seconds: i32) -> String {
    let by_offset = || {
        let offset = utc_offset(seconds);
        offset.strip_suffix("00").filter(|hours| hours.len() == 3).map_or(offset.clone(), str::to_owned)
    };
    offset.abbreviation().map_or_else(by_offset, str::to_owned)
}

/// The two rules by which the clocks changed in the longest run of years up to `last`.
fn recurring(transitions: &[Transition], first: i32, last: i32) -> Option<Recurring> {
    let in_year = |year: i32| -> Vec<&Transition> {
        transitions.iter().filter(|transition| transition.local.year() == year).collect()
    };
    let [early, late] = in_year(last)[..] else { return None };
    let holds = |year: i32, pair: [Rule; 2]| match in_year(year)[..] {
        [a, b] => pair[0].explains(a, early) && pair[1].explains(b, late),
        _ => false,
    };
    let pairs = Rule::candidates(early).flat_map(|a| Rule::candidates(late).map(move |b| [a, b]));
    let runs = pairs.filter_map(|pair| {
        let since = (first..=last).rev().take_while(|year| holds(*year, pair)).last()?;
        Some((since, pair))
    });
    let (since, [a, b]) = runs.min_by_key(|(since, _)| *since)?;
    Some(Recurring { since, rules: [(a, early.clone()), (b, late.clone())] })
}

impl Rule {
    /// What may stand behind a change: the n-th such day of its month, or the last.
    fn candidates(transition: &Transition) -> impl Iterator<Item = Self> + use<> {
        let (day, time) = (transition.local.date(), transition.local.time());
        let (month, weekday) = (day.month(), day.weekday());
        let is_last = (day + Days::new(7)).month() != month;
        let nth = i8::try_from(day.day0() / 7 + 1).unwrap_or(1);
        let which = [is_last.then_some(-1), Some(nth)];
        which.into_iter().flatten().map(move |nth| Self { month, weekday, nth, time })
    }

    /// Whether a change of another year is this rule's, between the same offsets.
    fn explains(self, transition: &Transition, model: &Transition) -> bool {
        Self::candidates(transition).any(|candidate| candidate == self)
            && (transition.from, transition.to) == (model.from, model.to)
    }

    /// When the rule strikes in a year. A fifth such day that a year lacks is its last.
    fn in_year(self, year: i32) -> NaiveDateTime {
        let nth = u8::try_from(self.nth).ok();
        let nth = nth.and_then(|nth| NaiveDate::from_weekday_of_month_opt(year, self.month, self.weekday, nth));
        let last =
            || (1..=5).rev().find_map(|n| NaiveDate::from_weekday_of_month_opt(year, self.month, self.weekday, n));
        nth.or_else(last).unwrap_or_default().and_time(self.time)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let weekday = match self.weekday {
            Weekday::Mon => "MO",
            Weekday::Tue => "TU",
            Weekday::Wed => "WE",
            Weekday::Thu => "TH",
            Weekday::Fri => "FR",
            Weekday::Sat => "SA",
            Weekday::Sun => "SU",
        };
        write!(f, "FREQ=YEARLY;BYMONTH={};BYDAY={}{weekday}", self.month, self.nth)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Africa, America, Asia, Australia, Europe, Pacific, UTC};

    use super::*;

    fn written(zone: Tz, years: RangeInclusive<i32>) -> String {
        timezone(zone, years).to_string().replace("\r\n", "\n")
    }

    #[test]
    fn paris_has_the_two_rules_outlook_reads() {
        let expected = "BEGIN:VTIMEZONE\nTZID:Europe/Paris\n\
            BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\n\
            RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\n\
            BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\n\
            RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";
        assert_eq!(written(Europe::Paris, 2018..=2027), expected);
    }

    #[test]
    fn the_second_sunday_is_told_from_the_last() {
        let zone = written(America::New_York, 2019..=2026);
        assert!(zone.contains("DTSTART:19700308T020000") && zone.contains("BYMONTH=3;BYDAY=2SU"), "{zone}");
        assert!(zone.contains("DTSTART:19701101T020000") && zone.contains("BYMONTH=11;BYDAY=1SU"), "{zone}");
        let south = written(Australia::Sydney, 2019..=2026);
        assert!(south.contains("BYMONTH=4;BYDAY=1SU") && south.contains("BYMONTH=10;BYDAY=1SU"), "{south}");
    }

    #[test]
    fn years_before_the_rule_have_their_own_changes() {
        let zone = written(America::New_York, 2005..=2026);
        assert!(zone.contains("DTSTART:20050403T020000") && zone.contains("DTSTART:20061029T020000"), "{zone}");
        assert!(zone.contains("DTSTART:20070311T020000"), "{zone}");
        assert_eq!(zone.matches("RRULE").count(), 2);
    }

    #[test]
    fn a_zone_that_never_changed_has_one_standard() {
        for zone in [UTC, Asia::Tokyo, Asia::Kolkata, Pacific::Tahiti] {
            let written = written(zone, 2019..=2026);
            assert_eq!(written.matches("BEGIN:").count(), 2, "{written}");
            assert!(written.contains("BEGIN:STANDARD") && !written.contains("RRULE"), "{written}");
        }
    }

    #[test]
    fn a_zone_without_a_rule_has_each_change_by_itself() {
        let zone = written(Africa::Casablanca, 2024..=2026);
        assert!(!zone.contains("RRULE") && zone.matches("TZOFFSETFROM").count() > 4, "{zone}");
    }

    #[test]
    fn a_zone_that_gave_up_changing_stays_where_it_is() {
        let zone = written(America::Mexico_City, 2021..=2026);
        assert!(!zone.contains("RRULE"), "{zone}");
        assert!(zone.trim_end().ends_with("TZOFFSETTO:-0600\nTZNAME:CST\nEND:STANDARD\nEND:VTIMEZONE"), "{zone}");
    }

    #[test]
    fn absurd_years_take_no_time() {
        let zone = written(Europe::Paris, -200_000..=200_000);
        assert!(zone.contains("BYDAY=-1SU"), "{zone}");
    }
}
