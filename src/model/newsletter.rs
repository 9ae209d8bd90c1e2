//! A newsletter: a standing publication with its schedule and filter; which slot is due and what goes into an issue.

use std::collections::HashSet;
use std::str::FromStr as _;

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{Cron, Direction};

use super::announcement::{Announcement, AnnouncementId};
use super::catalog::Catalog;
use super::delivery::OnDoubt;
use super::time::resolve_local;

/// A cron line (minute hour day-of-month month day-of-week) on the site's wall clock.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    line: String,
}

impl Schedule {
    /// # Errors
    /// The reason the line cannot be read, or that it never comes due.
    pub fn parse(line: &str) -> Result<Self, String> {
        let cron = Cron::from_str(line).map_err(|error| error.to_string())?;
        let schedule = Self { cron, line: line.to_owned() };
        // whether a day ever comes does not depend on where one begins to look
        match schedule.occurrence(NaiveDateTime::default(), Direction::Forward) {
            Some(_) => Ok(schedule),
            None => Err("it never comes due".to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// The latest slot that is due at `now`: local time in `zone`, by the wall clock. A time the clocks go over is due at
    /// the first instant after the gap; one that comes twice is due the first time, once.
    pub fn latest_slot(&self, now: DateTime<Utc>, zone: Tz) -> Option<Slot> {
        let mut local =
            self.occurrence(now.with_timezone(&zone).naive_local() + CHANGE_OF_CLOCK, Direction::Backward)?;
        loop {
            let slot = Slot::new(local, zone);
            if slot.due <= now {
                return Some(slot);
            }
            local = self.occurrence(local - TimeDelta::seconds(1), Direction::Backward)?;
        }
    }

    /// The first slot after `now`.
    pub fn next_slot(&self, now: DateTime<Utc>, zone: Tz) -> Option<Slot> {
        let mut local =
            self.occurrence(now.with_timezone(&zone).naive_local() - CHANGE_OF_CLOCK, Direction::Forward)?;
        loop {
            let slot = Slot::new(local, zone);
            if slot.due > now {
                return Some(slot);
            }
            local = self.occurrence(local + TimeDelta::seconds(1), Direction::Forward)?;
        }
    }

    /// croner reckons on the bare wall clock; what a change of clocks means is decided here (its own reverse search
    /// answers 01:59:59 for a slot in the gap).
    fn occurrence(&self, local: NaiveDateTime, direction: Direction) -> Option<NaiveDateTime> {
        // croner carries a fraction of a second over into what it finds: a slot would be another one at each look
        let from = local.and_utc().trunc_subsecs(0);
        let found = match direction {
            Direction::Forward => self.cron.find_next_occurrence(&from, true),
            Direction::Backward => self.cron.find_previous_occurrence(&from, true),
        };
        found.ok().map(|at| at.naive_utc())
    }
}

/// No zone's clocks were ever moved by more at once.
const CHANGE_OF_CLOCK: TimeDelta = TimeDelta::hours(25);

/// The local date and time for which an issue is due. (newsletter, `local`) is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub local: NaiveDateTime,
    pub due: DateTime<Utc>,
}

impl Slot {
    pub fn new(local: NaiveDateTime, zone: Tz) -> Self {
        Self { local, due: resolve_local(local, zone).instant() }
    }
}

/// `[[newsletter]]`.
#[derive(Debug, Clone)]
pub struct Newsletter {
    /// In addresses and on the command line: a slug.
    pub name: String,
    pub title: String,
    pub lang: String,
    pub schedule: Schedule,
    /// Slugs; an announcement with one of them is in. Both lists empty: everything is.
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    /// How far ahead events are listed.
    pub upcoming: TimeDelta,
    /// How far the first issue looks back.
    pub look_back: TimeDelta,
    /// How late an issue may still go out.
    pub missed: TimeDelta,
    pub on_doubt: OnDoubt,
    pub skip_empty: bool,
}

/// Why an announcement is in an issue, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    New,
    /// In an earlier issue, or older than the first issue looked back.
    AlreadyTold,
    BeforeLookBack,
    OtherSubject,
    Draft,
    Ahead,
    Expired,
}

/// What an issue would carry at one moment.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// New to the newsletter's readers, newest first.
    pub new: Vec<&'a Announcement>,
    /// Events ahead, soonest first.
    pub upcoming: Vec<&'a Announcement>,
    /// Too old for the first issue: counted as told, so that the second does not bring them up.
    pub baseline: Vec<&'a Announcement>,
    pub verdicts: Vec<(&'a Announcement, Verdict)>,
}

impl Newsletter {
    /// Selects for an issue frozen at `cut_off`. `told` holds what earlier issues carried; `None` before the first.
    pub fn select<'a>(
        &self,
        catalog: &'a Catalog,
        told: Option<&HashSet<AnnouncementId>>,
        cut_off: DateTime<Utc>,
    ) -> Selection<'a> {
        let mut selection = Selection::default();
        for announcement in catalog.all().iter().map(AsRef::as_ref) {
            let verdict = self.judge(announcement, told, cut_off);
            match verdict {
                Verdict::New => selection.new.push(announcement),
                Verdict::BeforeLookBack => selection.baseline.push(announcement),
                _ => {}
            }
            selection.verdicts.push((announcement, verdict));
            if self.is_upcoming(announcement, cut_off) {
                selection.upcoming.push(announcement);
            }
        }
        selection.upcoming.sort_by_key(|announcement| announcement.event.as_ref().map(|event| event.when.begins()));
        selection
    }

    fn judge(
        &self,
        announcement: &Announcement,
        told: Option<&HashSet<AnnouncementId>>,
        cut_off: DateTime<Utc>,
    ) -> Verdict {
        use super::announcement::Status;
        if announcement.status == Status::Draft {
            Verdict::Draft
        } else if announcement.published.instant > cut_off {
            Verdict::Ahead
        } else if !announcement.is_visible(cut_off) {
            Verdict::Expired
        } else if !self.is_about(announcement) {
            Verdict::OtherSubject
        } else {
            match told {
                Some(told) if told.contains(&announcement.id) => Verdict::AlreadyTold,
                None if announcement.published.instant < cut_off - self.look_back => Verdict::BeforeLookBack,
                _ => Verdict::New,
            }
        }
    }

    /// Whether it is one of its subjects.
    pub fn is_about(&self, announcement: &Announcement) -> bool {
        let named =
            |wanted: &[String], labels: &[super::text::Label]| labels.iter().any(|label| wanted.contains(&label.slug));
        (self.categories.is_empty() && self.tags.is_empty())
            || named(&self.categories, &announcement.categories)
            || named(&self.tags, &announcement.tags)
    }

    fn is_upcoming(&self, announcement: &Announcement, cut_off: DateTime<Utc>) -> bool {
        announcement.is_visible(cut_off)
            && self.is_about(announcement)
            && announcement.event.as_ref().is_some_and(|event| {
                event.when.is_over_at() > cut_off && event.when.begins() <= cut_off + self.upcoming
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn slot(line: &str, now: &str) -> String {
        let slot =
            Schedule::parse(line).expect("a schedule").latest_slot(utc(now), chrono_tz::Europe::Paris).expect("a slot");
        format!("{} = {}", slot.local, slot.due.format("%FT%RZ"))
    }

    #[test]
    fn slots_are_on_the_wall_clock() {
        for (line, now, expected) in [
            ("0 9 * * MON", "2019-04-08T10:00:00Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T07:00:00Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T07:00:00.25Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T06:59:59Z", "2019-04-01 09:00:00 = 2019-04-01T07:00Z"),
            ("0 9 * * MON", "2019-01-14T09:00:00Z", "2019-01-14 09:00:00 = 2019-01-14T08:00Z"),
            // 02:30 does not exist on 28 March 2027: due at 03:00 local
            ("30 2 * * *", "2027-03-28T05:00:00Z", "2027-03-28 02:30:00 = 2027-03-28T01:00Z"),
            // 02:30 comes twice on 25 October 2026: the first
            ("30 2 * * *", "2026-10-25T05:00:00Z", "2026-10-25 02:30:00 = 2026-10-25T00:30Z"),
            ("30 2 * * *", "2026-10-25T01:00:00Z", "2026-10-25 02:30:00 = 2026-10-25T00:30Z"),
            ("30 2 * * *", "2026-10-25T00:29:00Z", "2026-10-24 02:30:00 = 2026-10-24T00:30Z"),
            ("0 0 29 2 *", "2027-03-01T00:00:00Z", "2024-02-29 00:00:00 = 2024-02-28T23:00Z"),
        ] {
            assert_eq!(slot(line, now), expected, "{line} at {now}");
        }
    }

    #[test]
    fn the_next_slot_is_after_now() {
        let schedule = Schedule::parse("30 2 * * *").expect("a schedule");
        for (now, due) in [
            ("2027-03-28T00:59:00Z", "2027-03-28T01:00:00+00:00"),
            ("2027-03-28T01:00:00Z", "2027-03-29T00:30:00+00:00"),
            ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00+00:00"),
        ] {
            let slot = schedule.next_slot(utc(now), chrono_tz::Europe::Paris).expect("a slot");
            assert_eq!(slot.due.to_rfc3339(), due, "after {now}");
        }
    }

    #[test]
    fn a_line_that_is_no_schedule_is_refused() {
        for line in ["", "each monday", "61 9 * * *", "0 9 * *"] {
            assert!(Schedule::parse(line).is_err(), "{line:?}");
        }
    }
}
