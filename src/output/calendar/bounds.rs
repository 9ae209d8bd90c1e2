//! How large a calendar may become: Google Calendar takes no more than one megabyte, and shows nothing of what is larger.
//!
//! The events that are over first go first, as many as must; nothing depends on the present time. What room the others
//! leave is given to the descriptions for Outlook, the latest events first.

use chrono::{DateTime, Utc};

/// Bytes of a calendar, at most.
pub const MAX_BYTES: usize = 1_000_000;

/// What one event needs.
pub(super) struct Need {
    /// When it is over.
    pub(super) until: DateTime<Utc>,
    pub(super) bytes: usize,
    /// What the description for Outlook needs besides.
    pub(super) html_bytes: usize,
}

/// What becomes of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    RolledOut,
    Plain,
    WithHtml,
}

/// What becomes of each event, in the order they are given, where the calendar has so much room for events.
pub(super) fn share(needs: &[Need], mut room: usize) -> Vec<Fate> {
    let mut latest_first: Vec<usize> = (0..needs.len()).collect();
    latest_first.sort_by_key(|index| std::cmp::Reverse(needs[*index].until));
    let mut take = |bytes: usize| {
        let rest = room.checked_sub(bytes);
        room = rest.unwrap_or(room);
        rest.is_some()
    };
    let kept = latest_first.iter().take_while(|index| take(needs[**index].bytes)).count();
    latest_first.truncate(kept);
    let rich = latest_first.iter().take_while(|index| take(needs[**index].html_bytes)).count();
    let mut fates = vec![Fate::RolledOut; needs.len()];
    for (place, index) in latest_first.into_iter().enumerate() {
        fates[index] = if place < rich { Fate::WithHtml } else { Fate::Plain };
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::Fate::{Plain, RolledOut, WithHtml};
    use super::*;

    fn needs(list: &[(i64, usize, usize)]) -> Vec<Need> {
        let until = |days| DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::days(days);
        list.iter()
            .map(|(days, bytes, html_bytes)| Need { until: until(*days), bytes: *bytes, html_bytes: *html_bytes })
            .collect()
    }

    #[test]
    fn what_is_over_first_goes_first_and_descriptions_before_events() {
        let needs = needs(&[(3, 10, 5), (1, 10, 5), (4, 10, 5), (2, 10, 5)]);
        for (room, fates) in [
            (60, [WithHtml, WithHtml, WithHtml, WithHtml]),
            (59, [WithHtml, Plain, WithHtml, WithHtml]),
            (40, [Plain, Plain, Plain, Plain]),
            (39, [Plain, RolledOut, WithHtml, Plain]),
            (9, [RolledOut, RolledOut, RolledOut, RolledOut]),
        ] {
            assert_eq!(share(&needs, room), fates, "{room}");
        }
    }

    #[test]
    fn nothing_older_stays_than_what_went() {
        let needs = needs(&[(3, 10, 0), (2, 50, 0), (1, 10, 0)]);
        assert_eq!(share(&needs, 30), [WithHtml, RolledOut, RolledOut]);
    }
}
