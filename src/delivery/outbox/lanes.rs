//! The domains mails are under way to: how many at once, how fast, and which have to wait (`model::destination`).
//!
//! Kept in memory: a process that starts anew finds out by the first answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::model::destination::{Destination, Reaction};
use crate::model::settings::MailSettings;

/// So many answers of "too much" in a row, to whatever domain, and it is the relay that has had enough.
const TOO_MANY: u32 = 20;

/// Mails to one domain that are kept at hand while it has no room; fewer with a rate, what leaves in twice [`LOOK`].
pub(super) const AT_HAND: usize = 250;

/// How often the outbox is asked for mails to other domains than those that have to wait.
pub(super) const LOOK: Duration = Duration::from_secs(5);

/// Lanes are looked through for those that do not matter any more when there are so many, and twice as many as were left then.
const MANY: usize = 64;

pub(super) struct Lanes {
    state: Mutex<State>,
    freed: Notify,
    in_a_row: AtomicU32,
    most: u32,
    rate: Option<NonZeroU32>,
    rates: BTreeMap<String, NonZeroU32>,
}

#[derive(Default)]
struct State {
    by_domain: HashMap<String, Lane>,
    /// Those whose pause began and that have taken nothing since.
    put_off: BTreeSet<String>,
    /// Those it was said of that most of their readers bounce.
    broken: BTreeSet<String>,
    /// How many mattered when they were last looked through.
    mattered: usize,
}

struct Lane {
    destination: Destination,
    under_way: u32,
    /// When the next mail may begin, where there is a rate.
    next: Option<Instant>,
}

impl Lane {
    /// Whether there is anything to remember of it.
    fn matters(&self, now: Instant) -> bool {
        self.under_way > 0 || !self.destination.is_untroubled() || self.next.is_some_and(|next| next > now)
    }
}

/// Whether a mail to a domain may begin.
pub(super) enum Entry {
    /// It has; it is over when the ticket is dropped.
    Free(Ticket),
    /// It would take the last connection, which others may need more.
    Last,
    /// When another is over.
    Full,
    NotBefore(Instant),
}

/// What an answer changed.
pub(super) struct News {
    /// A pause of its domain began.
    pub paused_until: Option<DateTime<Utc>>,
    /// The relay puts off everything.
    pub everywhere: bool,
}

/// One mail under way to a domain.
pub(super) struct Ticket {
    lanes: Arc<Lanes>,
    domain: String,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.lanes.leave(&self.domain);
    }
}

impl Lanes {
    pub(super) fn new(mail: &MailSettings) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            freed: Notify::new(),
            in_a_row: AtomicU32::new(0),
            most: u32::try_from(mail.connections.get()).unwrap_or(u32::MAX),
            rate: mail.domain_rate,
            rates: mail.domain_rates.clone(),
        })
    }

    /// What is known of domains in trouble.
    pub(super) fn go_on_from(&self, before: &Self) {
        let before = before.lock();
        let (state, now) = (&mut *self.lock(), Instant::now());
        for (domain, lane) in before.by_domain.iter().filter(|(_, lane)| lane.matters(now)) {
            let lane = Lane { destination: lane.destination.clone(), under_way: 0, next: lane.next };
            state.by_domain.insert(domain.clone(), lane);
        }
        state.put_off.clone_from(&before.put_off);
    }

    /// A panic elsewhere leaves the lanes sound: every change to one is a few assignments.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gap(&self, domain: &str) -> Option<Duration> {
        self.rates.get(domain).copied().or(self.rate).map(|rate| Duration::from_mins(1) / rate.get())
    }

    /// How many mails to a domain are worth keeping at hand.
    pub(super) fn worth(&self, domain: &str) -> usize {
        let leave = |gap: Duration| (2 * LOOK).as_millis() / gap.as_millis().max(1);
        self.gap(domain).map_or(AT_HAND, |gap| usize::try_from(leave(gap)).unwrap_or(AT_HAND).clamp(2, AT_HAND))
    }

    /// At `at` by the wall clock, which pauses go by.
    pub(super) fn enter(self: &Arc<Self>, domain: &str, at: DateTime<Utc>, may_be_last: bool) -> Entry {
        let (mut state, now) = (self.lock(), Instant::now());
        if !state.by_domain.contains_key(domain) {
            let lane = Lane { destination: Destination::new(self.most), under_way: 0, next: None };
            state.by_domain.insert(domain.to_owned(), lane);
        }
        let Some(lane) = state.by_domain.get_mut(domain) else { return Entry::Full };
        // a pause may have begun since the domains that have to wait were asked for
        if !lane.destination.has_room(lane.under_way) || lane.destination.paused_until(at).is_some() {
            return Entry::Full;
        }
        if let Some(next) = lane.next.filter(|next| *next > now) {
            return Entry::NotBefore(next);
        }
        if !may_be_last && self.most > 1 && lane.under_way + 1 == self.most {
            return Entry::Last;
        }
        lane.under_way += 1;
        lane.next = self.gap(domain).map(|gap| now + gap);
        Entry::Free(Ticket { lanes: Arc::clone(self), domain: domain.to_owned() })
    }

    fn leave(&self, domain: &str) {
        let (mut state, now) = (self.lock(), Instant::now());
        if let Some(lane) = state.by_domain.get_mut(domain) {
            lane.under_way = lane.under_way.saturating_sub(1);
            if !lane.matters(now) {
                state.by_domain.remove(domain);
            }
        }
        if state.by_domain.len() > MANY + 2 * state.mattered {
            state.by_domain.retain(|_, lane| lane.matters(now));
            state.mattered = state.by_domain.len();
        }
        drop(state);
        self.freed.notify_waiters();
    }

    pub(super) fn note(&self, domain: &str, reaction: Reaction, now: DateTime<Utc>) -> News {
        let mut everywhere = false;
        match reaction {
            Reaction::TooMuch => everywhere = self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= TOO_MANY,
            Reaction::Fine => self.in_a_row.store(0, Ordering::Relaxed),
            Reaction::Blocked | Reaction::Neither => {}
        }
        let mut state = self.lock();
        let paused_until = state.by_domain.get_mut(domain).and_then(|lane| lane.destination.note(reaction, now));
        if paused_until.is_some() {
            state.put_off.insert(domain.to_owned());
        } else if reaction == Reaction::Fine {
            state.put_off.remove(domain);
        }
        News { paused_until, everywhere }
    }

    /// Whether it is news that a domain is broken.
    pub(super) fn tell_broken(&self, domain: &str) -> bool {
        self.lock().broken.insert(domain.to_owned())
    }

    /// The relay put off everything, and took nothing since: one mail finds out whether that is over.
    pub(super) fn are_all_put_off(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) >= TOO_MANY
    }

    /// The domains that are paused, each with the end of its pause.
    pub(super) fn paused(&self, now: DateTime<Utc>) -> BTreeMap<String, DateTime<Utc>> {
        let state = self.lock();
        let until = |domain: &String| state.by_domain.get(domain)?.destination.paused_until(now);
        state.put_off.iter().filter_map(|domain| Some((domain.clone(), until(domain)?))).collect()
    }

    /// When a mail is over: what had no room may have some. To be enabled before looking.
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::delivery::outbox) fn lanes(most: u32, rate: Option<u32>) -> Arc<Lanes> {
        Arc::new(Lanes {
            state: Mutex::default(),
            freed: Notify::new(),
            in_a_row: AtomicU32::new(0),
            most,
            rate: rate.and_then(NonZeroU32::new),
            rates: BTreeMap::from([("slow.fr".to_owned(), NonZeroU32::MIN)]),
        })
    }

    #[test]
    fn nothing_is_kept_of_domains_that_do_not_matter_any_more() {
        let pass = |lanes: &Arc<Lanes>, count: usize| {
            for number in 0..count {
                assert!(matches!(lanes.enter(&format!("{number}.fr"), DateTime::UNIX_EPOCH, true), Entry::Free(_)));
            }
            lanes.lock().by_domain.len()
        };
        assert_eq!(pass(&lanes(4, None), 10_000), 0);
        // each matters for a millisecond
        assert!(pass(&lanes(4, Some(60_000)), 100_000) < 50_000);
        assert_eq!(pass(&lanes(4, Some(1)), 1_000), 1_000);
    }

    #[test]
    fn as_much_is_at_hand_as_leaves_until_the_next_look() {
        let (free, paced) = (lanes(4, None), lanes(4, Some(60)));
        assert_eq!((free.worth("a.fr"), paced.worth("a.fr"), paced.worth("slow.fr")), (250, 10, 2));
        assert_eq!(lanes(4, Some(u32::MAX)).worth("a.fr"), 250);
    }

    #[test]
    fn a_paused_domain_is_so_until_its_time_or_the_next_mail_it_takes() {
        let (lanes, now) = (lanes(1, None), DateTime::UNIX_EPOCH);
        for _ in 0..2 {
            let Entry::Free(_ticket) = lanes.enter("a.fr", now, true) else { panic!("it is free") };
            lanes.note("a.fr", Reaction::TooMuch, now);
        }
        assert!(matches!(lanes.enter("a.fr", now, true), Entry::Full));
        assert_eq!(lanes.paused(now).into_keys().collect::<Vec<_>>(), ["a.fr"]);
        assert!(lanes.paused(now + chrono::TimeDelta::minutes(5)).is_empty());
        let next = super::tests::lanes(4, None);
        next.go_on_from(&lanes);
        assert!(next.paused(now).contains_key("a.fr"), "also with another configuration");
        for lanes in [lanes, next] {
            lanes.note("a.fr", Reaction::Fine, now);
            assert!(lanes.paused(now).is_empty());
        }
    }

    #[test]
    fn a_relay_that_puts_off_every_domain_has_had_enough() {
        let (lanes, now) = (lanes(4, None), DateTime::UNIX_EPOCH);
        let too_much = |number: u32| lanes.note(&format!("{number}.fr"), Reaction::TooMuch, now).everywhere;
        assert!(!(0..19).any(too_much));
        lanes.note("a.fr", Reaction::Neither, now);
        assert!(too_much(19) && too_much(20));
        lanes.note("a.fr", Reaction::Fine, now);
        assert!(!(0..19).any(too_much));
    }
}
