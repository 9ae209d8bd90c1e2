//! Dates and hours: never a panic, and an instant for everything that was read.
#![no_main]

use chrono::Datelike as _;
use chrono_tz::Tz;
use crieur::content::dates::{Written, date_in_path, parse, parse_hours, split_file_name, understand};
use crieur::model::settings::OffsetPolicy;
use libfuzzer_sys::fuzz_target;

const ZONES: [Tz; 5] =
    [Tz::Europe__Paris, Tz::America__Sao_Paulo, Tz::Australia__Lord_Howe, Tz::Pacific__Apia, Tz::UTC];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(written) = parse(text) {
        for zone in ZONES {
            for policy in [OffsetPolicy::Trust, OffsetPolicy::WallClock] {
                let understood = understand(written, zone, policy);
                let year = match written {
                    Written::Date(date) => date.year(),
                    Written::Local(local) => local.year(),
                    Written::WithOffset(at) => at.year(),
                };
                assert!((understood.instant.year() - year).abs() <= 1, "{text:?} in {zone}: {understood:?}");
            }
        }
    }
    if let Some((from, to)) = parse_hours(text) {
        assert!(from.format("%H:%M").to_string().len() + to.format("%H:%M").to_string().len() == 10);
    }
    if let Some((_, rest)) = split_file_name(text) {
        assert!(text.ends_with(rest));
    }
    date_in_path(text);
});
