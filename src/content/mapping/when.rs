//! The dates of an announcement: published, updated, expires.

use chrono::{NaiveDateTime, NaiveTime, SubsecRound as _};
use chrono_tz::Tz;

use super::Mapper;
use crate::content::dates::{self, Remark, Understood, Written};
use crate::content::lookup::Found;
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::settings::OffsetPolicy;
use crate::model::time::{FIRST_SEEN, Moment, Precision, resolve_local};

/// A date of the event with where it stands.
pub(super) struct Given {
    pub local: NaiveDateTime,
    pub position: Position,
}

impl Mapper<'_> {
    pub(super) fn zone(&self) -> Tz {
        self.rule.and_then(|rule| rule.zone).unwrap_or(self.habits.site.zone)
    }

    /// The date of its key, its name, its path, or the moment it was first seen. `None` (with an error) where the key is
    /// there and cannot be read: guessing would publish at the wrong time, under another id.
    pub(super) fn published(&mut self) -> Option<Moment> {
        if let Some(found) = self.find("published").into_iter().next() {
            let understood = self.date(&found)?;
            let given = self.moment_of(understood, found.path.clone());
            if self.is_event_start(&found) {
                // the id is of the date in the file: it must not change once the event begins
                self.id_date = Some(given.local_date());
                let seen = self.first_seen();
                return Some(if seen.instant < given.instant { seen } else { given });
            }
            return Some(given);
        }
        let file = self.path.rsplit('/').next().unwrap_or(self.path);
        if let Some((date, _)) = dates::split_file_name(file.rsplit_once('.').map_or(file, |(stem, _)| stem)) {
            return Some(self.day(date, "filename"));
        }
        if let Some(date) = dates::date_in_path(self.path) {
            return Some(self.day(date, "path"));
        }
        // an address such as `/2019/01/09/news/` was given with the date in mind
        let given = self.find("url").into_iter().next();
        let dated = given.and_then(|found| Some((dates::date_in_path(&self.lookup.text(&found)?)?, found.path)));
        if let Some((date, key)) = dated {
            return Some(self.day(date, &key));
        }
        let hint = "give it a `date:`, or begin its name with one";
        let message = "the file has no date: it counts from when it was first seen";
        self.diagnostics.push(Diagnostic::warning("no-date", Position::START, message).with_hint(hint));
        Some(self.first_seen())
    }

    fn first_seen(&self) -> Moment {
        let instant = self.habits.first_seen.get(self.path).copied().unwrap_or(self.habits.now);
        // whole seconds: the store keeps no finer ones, and the next build must say the same
        let instant = instant.trunc_subsecs(0);
        Moment { instant, zone: self.zone(), precision: Precision::Second, origin: FIRST_SEEN.to_owned() }
    }

    /// Whether one key gives both the date of the announcement and the event's: that does not hold the announcement back
    /// until the event begins.
    fn is_event_start(&self, found: &Found) -> bool {
        self.lookup.all(&self.profile.paths("start")).first().is_some_and(|start| start.path == found.path)
    }

    /// A further date; one that cannot be read is left out, with an error.
    pub(super) fn moment(&mut self, field: &'static str) -> Option<Moment> {
        let found = self.find(field).into_iter().next()?;
        let understood = self.date(&found)?;
        Some(self.moment_of(understood, found.path))
    }

    fn moment_of(&self, understood: Understood, origin: String) -> Moment {
        let Understood { instant, precision, .. } = understood;
        Moment { instant, zone: self.zone(), precision, origin }
    }

    fn day(&self, date: chrono::NaiveDate, origin: &str) -> Moment {
        let instant = resolve_local(date.and_time(NaiveTime::MIN), self.zone()).instant();
        Moment { instant, zone: self.zone(), precision: Precision::Day, origin: origin.to_owned() }
    }

    /// Reads a date, with an error where it is none and a remark where it was understood in a way worth saying.
    pub(super) fn date(&mut self, found: &Found) -> Option<Understood> {
        let text = self.lookup.text(found).unwrap_or_default();
        let Some(written) = dates::parse(&text) else {
            let position = self.lookup.position(found);
            let message = format!("`{}` is no date", crate::model::text::shorten(text.trim(), 60));
            let hint = "write `2026-03-12`, or `2026-03-12 18:30:00 +01:00`";
            self.diagnostics.push(Diagnostic::error("date-unreadable", position, message).with_hint(hint));
            return None;
        };
        let policy = self.rule.map_or(OffsetPolicy::Trust, |rule| rule.offset);
        let understood = dates::understand(written, self.zone(), policy);
        self.remark(found, written, understood);
        Some(understood)
    }

    fn remark(&mut self, found: &Found, written: Written, understood: Understood) {
        let zone = self.zone();
        let local = understood.instant.with_timezone(&zone);
        let position = self.lookup.position(found);
        let diagnostic = match understood.remark {
            None => return,
            Some(Remark::Gap) => Diagnostic::warning(
                "hour-skipped",
                position,
                format!("the clocks of {zone} go over this hour; it counts as {}", local.format("%H:%M")),
            ),
            Some(Remark::Fold) => Diagnostic::warning(
                "hour-twice",
                position,
                format!("this hour comes twice in {zone}; the first counts"),
            )
            .with_hint(format!("write the offset: `{}`", local.format("%Y-%m-%d %H:%M:%S %:z"))),
            Some(Remark::ContradictsZone) => {
                let Written::WithOffset(at) = written else { return };
                let message = format!("the offset {} is none that {zone} has then: it is {local} there", at.offset());
                Diagnostic::hint("offset-contradicts-zone", position, message).with_hint(
                    "if the clock is right and the offset wrong, set `offset = \"wall-clock\"` for its folder",
                )
            }
        };
        self.diagnostics.push(diagnostic);
    }
}
