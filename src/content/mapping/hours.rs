//! The hours of an event, from a field of their own or a practical row (CONTENT.md §3), and what is odd about them.

use chrono::{NaiveDateTime, NaiveTime};

use super::Mapper;
use super::when::Given;
use crate::content::dates::parse_hours;
use crate::content::lookup::Found;
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::text::slugify;
use crate::model::time::{Resolved, resolve_local};

/// Hours with where they stand.
pub(super) struct Hours {
    pub from: NaiveTime,
    pub to: NaiveTime,
    pub position: Position,
}

/// A practical row with a label and a value.
struct Row<'a> {
    label: String,
    value: Found<'a>,
}

impl Row<'_> {
    fn is_of_hours(&self) -> bool {
        matches!(slugify(&self.label).as_str(), "horaires" | "horaire" | "tous-les-jours")
    }
}

impl<'a> Mapper<'a> {
    /// The hours of a field of its own or of the row labelled so.
    pub(super) fn hours(&mut self) -> Option<Hours> {
        let found = self.find("hours").into_iter().next().or_else(|| self.hours_row())?;
        let text = self.lookup.plain(&found)?;
        let position = self.lookup.position(&found);
        if let Some((from, to)) = parse_hours(&text) {
            Some(Hours { from, to, position })
        } else {
            let message = format!("the hours `{text}` are not understood");
            let hint = "write `9h-12h` or `de 9h30 à 17h`; the calendar goes without them";
            self.diagnostics.push(Diagnostic::warning("hours-unreadable", position, message).with_hint(hint));
            None
        }
    }

    /// The first row labelled so; an event has one stretch of hours.
    fn hours_row(&mut self) -> Option<Found<'a>> {
        let mut rows = self.rows().into_iter().filter(Row::is_of_hours);
        let first = rows.next()?;
        if let Some(second) = rows.next() {
            let message = format!("there are other hours on line {}", self.lookup.position(&first.value).line);
            let hint = "the calendar takes the first row of hours: write one from the beginning to the end";
            self.warn(&second.value, "hours-twice", message, hint);
        }
        self.note("hours", format!("the row labelled `{}`", first.label), std::slice::from_ref(&first.value));
        Some(first.value)
    }

    fn rows(&self) -> Vec<Row<'a>> {
        let groups = self.grouped("info").into_iter();
        let row = groups.filter_map(|(rule, outer)| {
            let label = self.lookup.plain(&self.part(&rule, outer.as_ref(), "label")?)?;
            Some(Row { label, value: self.part(&rule, outer.as_ref(), "value")? })
        });
        row.collect()
    }

    /// An event of whole days beside a row that reads like hours, under a label nobody can know.
    pub(super) fn hint_at_other_hours(&mut self) {
        let is_hours = |row: &Row| self.lookup.plain(&row.value).is_some_and(|text| parse_hours(&text).is_some());
        let Some(row) = self.rows().into_iter().find(|row| !row.is_of_hours() && is_hours(row)) else { return };
        let message =
            format!("the row `{}` may give the hours of the event, which the calendar shows as whole days", row.label);
        let position = self.lookup.position(&row.value);
        self.diagnostics.push(
            Diagnostic::hint("hours-unlabelled", position, message).with_hint("label the row `Horaires` if it does"),
        );
    }

    /// A date with a clock of its own and hours that say otherwise: readers saw the row, so the row wins.
    pub(super) fn compare_hours(&mut self, hours: &Hours, start: &Given, end: Option<&Given>) {
        let clocks = [("begin", hours.from, Some(start)), ("end", hours.to, end)];
        for (verb, hour, given) in clocks {
            let Some(given) = given else { continue };
            let clock = given.local.time();
            if clock == NaiveTime::MIN || clock == hour {
                continue;
            }
            let message = format!(
                "the hours {verb} at {} but the date on line {} says {}; the hours count",
                hour.format("%H:%M"),
                given.position.line,
                clock.format("%H:%M"),
            );
            self.diagnostics.push(
                Diagnostic::warning("hours-contradict-date", hours.position, message).with_hint("make the two agree"),
            );
        }
    }

    /// Says so where the clocks go over an hour, or show it twice.
    pub(super) fn remark_on_clocks(&mut self, local: NaiveDateTime, position: Position) {
        let zone = self.zone();
        match resolve_local(local, zone) {
            Resolved::Exact(_) => {}
            Resolved::Fold(_) => self.warn_of_fold(local, position),
            Resolved::Gap(instant) => {
                let (hour, counts) = (local.format("%H:%M"), instant.with_timezone(&zone).format("%H:%M"));
                let message = format!("the clocks of {zone} go over {hour} that day; it counts as {counts}");
                self.diagnostics.push(Diagnostic::warning("hour-skipped", position, message));
            }
        }
    }

    pub(super) fn warn_of_fold(&mut self, local: NaiveDateTime, position: Position) {
        let message = format!("{} comes twice that day in {}; the first counts", local.format("%H:%M"), self.zone());
        let hint = "if the second is meant, say so in the text: calendars know the clock only";
        self.diagnostics.push(Diagnostic::warning("hour-twice", position, message).with_hint(hint));
    }
}
