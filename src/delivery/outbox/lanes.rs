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

pub(super) struct Lanes {
    by_domain: Mutex<HashMap<String, Lane>>,
    freed: Notify,
    in_a_row: AtomicU32,
    most: u32,
    rate: Option<NonZeroU32>,
    rates: BTreeMap<String, NonZeroU32>,
}

struct Lane {
    destination: Destination,
    under_way: u32,
    /// When the next mail may begin, where there is a rate.
    next: Option<Instant>,
}

/// Whether a mail to a domain may begin.
pub(super) enum Entry {
    /// It has; it is over when the ticket is dropped.
    Free(Ticket),
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
            by_domain: Mutex::default(),
            freed: Notify::new(),
            in_a_row: AtomicU32::new(0),
            most: u32::try_from(mail.connections.get()).unwrap_or(u32::MAX),
            rate: mail.domain_rate,
            rates: mail.domain_rates.clone(),
        })
    }

    /// A panic elsewhere leaves the lanes sound: every change to one is a few assignments.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lane>> {
        self.by_domain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gap(&self, domain: &str) -> Option<Duration> {
        self.rates.get(domain).copied().or(self.rate).map(|rate| Duration::from_mins(1) / rate.get())
    }

    pub(super) fn enter(self: &Arc<Self>, domain: &str) -> Entry {
        let (mut lanes, now) = (self.lock(), Instant::now());
        if !lanes.contains_key(domain) {
            let lane = Lane { destination: Destination::new(self.most), under_way: 0, next: None };
            lanes.insert(domain.to_owned(), lane);
        }
        let Some(lane) = lanes.get_mut(domain) else { return Entry::Full };
        if !lane.destination.has_room(lane.under_way) {
            return Entry::Full;
        }
        if let Some(next) = lane.next.filter(|next| *next > now) {
            return Entry::NotBefore(next);
        }
        lane.under_way += 1;
        lane.next = self.gap(domain).map(|gap| now + gap);
        Entry::Free(Ticket { lanes: Arc::clone(self), domain: domain.to_owned() })
    }

    fn leave(&self, domain: &str) {
        let (mut lanes, now) = (self.lock(), Instant::now());
        if let Some(lane) = lanes.get_mut(domain) {
            lane.under_way = lane.under_way.saturating_sub(1);
        }
        // so that there are no more of them than domains that matter now
        lanes.retain(|_, lane| {
            lane.under_way > 0 || !lane.destination.is_untroubled() || lane.next.is_some_and(|next| next > now)
        });
        drop(lanes);
        self.freed.notify_waiters();
    }

    pub(super) fn note(&self, domain: &str, reaction: Reaction, now: DateTime<Utc>) -> News {
        let mut everywhere = false;
        match reaction {
            Reaction::TooMuch => everywhere = self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= TOO_MANY,
            Reaction::Fine => self.in_a_row.store(0, Ordering::Relaxed),
            Reaction::Neither => {}
        }
        let paused_until = self.lock().get_mut(domain).and_then(|lane| lane.destination.note(reaction, now));
        News { paused_until, everywhere }
    }

    /// The relay put off everything, and took nothing since: one mail finds out whether that is over.
    pub(super) fn are_all_put_off(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) >= TOO_MANY
    }

    /// The domains that are paused, each with the end of its pause.
    pub(super) fn paused(&self, now: DateTime<Utc>) -> BTreeMap<String, DateTime<Utc>> {
        let lanes = self.lock();
        let paused =
            lanes.iter().filter_map(|(domain, lane)| Some((domain.clone(), lane.destination.paused_until(now)?)));
        paused.collect()
    }

    /// When a mail is over: what had no room may have some. To be enabled before looking.
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }
}

/// The first of some mails whose domain has room, or when to look again.
pub(super) enum Pick<T> {
    Found(T, Ticket),
    /// There are some, and none may begin before another is over, or this instant.
    Wait(Option<Instant>),
    Nothing,
}

impl Lanes {
    /// Takes the first mail that may begin out of a queue.
    pub(super) fn pick<T>(
        self: &Arc<Self>,
        queue: &mut std::collections::VecDeque<T>,
        domain: impl Fn(&T) -> &str,
    ) -> Pick<T> {
        let (mut full, mut soonest) = (BTreeSet::new(), None::<Instant>);
        for index in 0..queue.len() {
            let to = domain(&queue[index]);
            if full.contains(to) {
                continue;
            }
            match self.enter(to) {
                Entry::Free(ticket) => {
                    return queue.remove(index).map_or(Pick::Nothing, |one| Pick::Found(one, ticket));
                }
                Entry::Full => {}
                Entry::NotBefore(at) => soonest = Some(soonest.map_or(at, |soonest| soonest.min(at))),
            }
            full.insert(to.to_owned());
        }
        if queue.is_empty() { Pick::Nothing } else { Pick::Wait(soonest) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn lanes(most: u32, rate: Option<u32>) -> Arc<Lanes> {
        Arc::new(Lanes {
            by_domain: Mutex::default(),
            freed: Notify::new(),
            in_a_row: AtomicU32::new(0),
            most,
            rate: rate.and_then(NonZeroU32::new),
            rates: BTreeMap::from([("slow.fr".to_owned(), NonZeroU32::MIN)]),
        })
    }

    fn pick(lanes: &Arc<Lanes>, queue: &mut VecDeque<&'static str>) -> Pick<&'static str> {
        lanes.pick(queue, |to| to)
    }

    #[test]
    fn a_domain_without_room_is_passed_over() {
        let (lanes, mut queue) = (lanes(1, None), VecDeque::from(["a.fr", "a.fr", "b.fr"]));
        let Pick::Found("a.fr", first) = pick(&lanes, &mut queue) else { panic!("a.fr is free") };
        let Pick::Found("b.fr", second) = pick(&lanes, &mut queue) else { panic!("b.fr is free") };
        assert!(matches!(pick(&lanes, &mut queue), Pick::Wait(None)));
        drop((first, second));
        assert!(matches!(pick(&lanes, &mut queue), Pick::Found("a.fr", _)));
        assert!(matches!(pick(&lanes, &mut queue), Pick::Nothing));
        assert!(lanes.lock().is_empty(), "nothing is left of domains without trouble");
    }

    #[test]
    fn a_rate_is_each_domains_own() {
        let (lanes, mut queue) = (lanes(4, None), VecDeque::from(["slow.fr", "slow.fr", "a.fr", "a.fr"]));
        for to in ["slow.fr", "a.fr", "a.fr"] {
            let Pick::Found(found, _) = pick(&lanes, &mut queue) else { panic!("{to} is free") };
            assert_eq!(found, to);
        }
        let Pick::Wait(Some(at)) = pick(&lanes, &mut queue) else { panic!("one a minute") };
        assert!(at > Instant::now() + Duration::from_secs(30));
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
