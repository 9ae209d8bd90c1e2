//! `--at`: a moment given by hand.

use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Tz;

use super::exit::UsageError;
use crate::content::dates;
use crate::model::settings::OffsetPolicy;

/// The moment `--at` gives, in the site's zone where it has no offset; now without it.
pub(super) fn at(given: Option<&str>, zone: Tz) -> Result<DateTime<Utc>, UsageError> {
    let Some(text) = given else { return Ok(Utc::now()) };
    let written = dates::parse(text).ok_or_else(|| {
        UsageError(format!(
            "`{text}` is no time\n  hint: write `2026-03-12T09:00:00+01:00`, or `2026-03-12 09:00` in the site's zone"
        ))
    })?;
    let at = dates::understand(written, zone, OffsetPolicy::Trust).instant;
    // a mail's `Date` is made by way of HTTP's, which knows no other years
    if (1970..=9998).contains(&at.year()) { Ok(at) } else { Err(UsageError(format!("`{text}` is too far away"))) }
}
