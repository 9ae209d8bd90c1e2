//! What was claimed and waits for its domain, in the order in which it was claimed.
//!
//! A domain stands in one of three places: first in line, behind an instant before which its rate lets nothing begin, or
//! without room. There are never more without room than there are workers, so finding the next mail costs the same however
//! many domains wait.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::lanes::{Entry, Lanes, Ticket};

pub(super) struct Queue<T> {
    lines: HashMap<String, Line<T>>,
    /// Domains by the number of what is first in line for them.
    ready: BTreeMap<i64, String>,
    later: BTreeSet<(Instant, String)>,
    full: Vec<String>,
    length: usize,
    /// The numbers of the first and the one behind the last.
    first: i64,
    end: i64,
}

/// What goes to one domain, each with its number.
struct Line<T> {
    waiting: VecDeque<(i64, T)>,
    place: Place,
}

enum Place {
    Ready(i64),
    Later(Instant),
    Full,
}

/// The first whose domain has room, or when to look again.
pub(super) enum Pick<T> {
    Found(T, Ticket),
    /// There are some, and none may begin before another is over, or this instant.
    Wait(Option<Instant>),
    Nothing,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let (lines, ready, later, full) = Default::default();
        Self { lines, ready, later, full, length: 0, first: 0, end: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.lines.values().flat_map(|line| line.waiting.iter().map(|(_, one)| one))
    }

    pub(super) fn push(&mut self, domain: &str, one: T) {
        let number = self.end;
        self.end += 1;
        self.length += 1;
        if let Some(line) = self.lines.get_mut(domain) {
            line.waiting.push_back((number, one));
        } else {
            let line = Line { waiting: VecDeque::from([(number, one)]), place: Place::Ready(number) };
            self.lines.insert(domain.to_owned(), line);
            self.ready.insert(number, domain.to_owned());
        }
    }

    /// Before all others.
    pub(super) fn push_front(&mut self, domain: &str, one: T) {
        let mut line = self.leave_line(domain).unwrap_or_default();
        self.first -= 1;
        line.push_front((self.first, one));
        self.line_up(domain.to_owned(), line);
    }

    /// Takes the first that may begin.
    pub(super) fn pick(&mut self, lanes: &Arc<Lanes>, at: DateTime<Utc>) -> Pick<T> {
        self.bring_forward(Instant::now());
        // a domain that takes its time leaves one connection to the others
        let mut greedy = Vec::new();
        let mut found = None;
        while let Some((number, domain)) = self.ready.pop_first() {
            match lanes.enter(&domain, at, false) {
                Entry::Free(ticket) => {
                    found = self.take_first(domain).map(|one| (one, ticket));
                    break;
                }
                Entry::Last => greedy.push((number, domain)),
                Entry::Full => self.put(domain, Place::Full),
                Entry::NotBefore(at) => self.put(domain, Place::Later(at)),
            }
        }
        for (number, domain) in greedy {
            match found.is_none().then(|| lanes.enter(&domain, at, true)) {
                Some(Entry::Free(ticket)) => found = self.take_first(domain).map(|one| (one, ticket)),
                _ => self.put(domain, Place::Ready(number)),
            }
        }
        match found {
            Some((one, ticket)) => Pick::Found(one, ticket),
            None if self.length == 0 => Pick::Nothing,
            None => Pick::Wait(self.later.first().map(|(at, _)| *at)),
        }
    }

    /// Whoever had no room may have some, and the time of others has come.
    fn bring_forward(&mut self, now: Instant) {
        let mut asking = std::mem::take(&mut self.full);
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            asking.extend(self.later.pop_first().map(|(_, domain)| domain));
        }
        for domain in asking {
            if let Some(number) = self.lines.get(&domain).and_then(|line| Some(line.waiting.front()?.0)) {
                self.put(domain, Place::Ready(number));
            }
        }
    }

    /// Puts a domain that stands nowhere.
    fn put(&mut self, domain: String, place: Place) {
        let Some(line) = self.lines.get_mut(&domain) else { return };
        match place {
            Place::Ready(number) => drop(self.ready.insert(number, domain)),
            Place::Later(at) => drop(self.later.insert((at, domain))),
            Place::Full => self.full.push(domain),
        }
        line.place = place;
    }

    /// Of a domain that stands nowhere.
    fn take_first(&mut self, domain: String) -> Option<T> {
        let line = self.lines.get_mut(&domain)?;
        let (_, one) = line.waiting.pop_front()?;
        self.length -= 1;
        match line.waiting.front() {
            Some((number, _)) => {
                let place = Place::Ready(*number);
                self.put(domain, place);
            }
            None => drop(self.lines.remove(&domain)),
        }
        Some(one)
    }

    /// Takes all that goes to a domain.
    pub(super) fn take_all_to(&mut self, domain: &str) -> Vec<T> {
        self.leave_line(domain).unwrap_or_default().into_iter().map(|(_, one)| one).collect()
    }

    /// Takes what is so, in whatever order.
    pub(super) fn take_if(&mut self, is_so: impl Fn(&T) -> bool) -> Vec<T> {
        self.take_of_each(|_, waiting| waiting.into_iter().partition(|(_, one)| !is_so(one)))
    }

    /// Leaves of each domain at most so many, the first of them.
    pub(super) fn take_beyond(&mut self, most: impl Fn(&str) -> usize) -> Vec<T> {
        self.take_of_each(|domain, mut waiting| {
            let beyond = waiting.split_off(most(domain).min(waiting.len()));
            (waiting, beyond)
        })
    }

    /// Has each line divided into what stays and what is taken.
    fn take_of_each(
        &mut self,
        divide: impl Fn(&str, VecDeque<(i64, T)>) -> (VecDeque<(i64, T)>, VecDeque<(i64, T)>),
    ) -> Vec<T> {
        let domains: Vec<_> = self.lines.keys().cloned().collect();
        let mut taken = Vec::new();
        for domain in domains {
            let Some(waiting) = self.leave_line(&domain) else { continue };
            let (stays, goes) = divide(&domain, waiting);
            self.line_up(domain, stays);
            taken.extend(goes.into_iter().map(|(_, one)| one));
        }
        taken
    }

    fn leave_line(&mut self, domain: &str) -> Option<VecDeque<(i64, T)>> {
        let (domain, line) = self.lines.remove_entry(domain)?;
        self.length -= line.waiting.len();
        match line.place {
            Place::Ready(number) => drop(self.ready.remove(&number)),
            Place::Later(at) => drop(self.later.remove(&(at, domain))),
            Place::Full => self.full.retain(|other| *other != domain),
        }
        Some(line.waiting)
    }

    fn line_up(&mut self, domain: String, waiting: VecDeque<(i64, T)>) {
        let Some((number, _)) = waiting.front() else { return };
        self.length += waiting.len();
        self.ready.insert(*number, domain.clone());
        let place = Place::Ready(*number);
        self.lines.insert(domain, Line { waiting, place });
    }

    /// The domains for which more is there than this.
    pub(super) fn domains_with_more_than(&self, enough: impl Fn(&str) -> usize) -> BTreeSet<String> {
        let lines = self.lines.iter().filter(|(domain, line)| line.waiting.len() > enough(domain));
        lines.map(|(domain, _)| domain.clone()).collect()
    }

    pub(super) fn take_everything(&mut self) -> Vec<T> {
        self.take_if(|_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::outbox::lanes::tests::lanes;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn queue(domains: &[&'static str]) -> Queue<&'static str> {
        let mut queue = Queue::default();
        for domain in domains {
            queue.push(domain, *domain);
        }
        queue
    }

    fn found(queue: &mut Queue<&'static str>, lanes: &Arc<Lanes>) -> (&'static str, Ticket) {
        let Pick::Found(one, ticket) = queue.pick(lanes, NOW) else { panic!("something is free") };
        (one, ticket)
    }

    #[test]
    fn a_domain_without_room_is_passed_over() {
        let (lanes, mut queue) = (lanes(1, None), queue(&["a.fr", "a.fr", "b.fr"]));
        let (first, second) = (found(&mut queue, &lanes), found(&mut queue, &lanes));
        assert_eq!((first.0, second.0), ("a.fr", "b.fr"));
        assert!(matches!(queue.pick(&lanes, NOW), Pick::Wait(None)));
        drop((first, second));
        assert_eq!(found(&mut queue, &lanes).0, "a.fr");
        assert!(matches!(queue.pick(&lanes, NOW), Pick::Nothing) && queue.lines.is_empty());
    }

    #[test]
    fn the_last_connection_is_for_others_where_there_are_others() {
        let (lanes, mut queue) = (lanes(3, None), queue(&["a.fr", "a.fr", "a.fr", "a.fr", "b.fr"]));
        let taken: Vec<_> = (0..3).map(|_| found(&mut queue, &lanes)).collect();
        assert_eq!(taken.iter().map(|(to, _)| *to).collect::<Vec<_>>(), ["a.fr", "a.fr", "b.fr"]);
        assert_eq!(found(&mut queue, &lanes).0, "a.fr", "nobody else is there");
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_rate_is_each_domains_own() {
        let (lanes, mut queue) = (lanes(4, None), queue(&["slow.fr", "slow.fr", "a.fr", "a.fr"]));
        for to in ["slow.fr", "a.fr", "a.fr"] {
            assert_eq!(found(&mut queue, &lanes).0, to);
        }
        let Pick::Wait(Some(at)) = queue.pick(&lanes, NOW) else { panic!("one a minute") };
        assert!(at > Instant::now() + std::time::Duration::from_secs(30));
        queue.push_front("b.fr", "b.fr");
        assert_eq!(found(&mut queue, &lanes).0, "b.fr");
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let (lanes, mut queue) = (lanes(4, None), Queue::default());
        for (domain, number) in [("a.fr", 1), ("b.fr", 2), ("a.fr", 3)] {
            queue.push(domain, number);
        }
        queue.push_front("a.fr", 0);
        let order: Vec<_> = std::iter::from_fn(|| match queue.pick(&lanes, NOW) {
            Pick::Found(number, _) => Some(number),
            _ => None,
        })
        .collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_taken_stands_in_no_line() {
        let lanes = lanes(1, None);
        let mut queue = queue(&["slow.fr", "slow.fr", "full.fr", "full.fr", "b.fr", "b.fr", "b.fr"]);
        drop(found(&mut queue, &lanes));
        let kept = found(&mut queue, &lanes);
        drop(found(&mut queue, &lanes));
        assert_eq!((queue.later.len(), queue.full.len(), queue.ready.len(), queue.len()), (1, 1, 1, 4));
        assert_eq!(queue.domains_with_more_than(|_| 1), BTreeSet::from(["b.fr".to_owned()]));
        assert_eq!(queue.take_beyond(|_| 1), ["b.fr"]);
        assert!(matches!(queue.pick(&lanes, NOW), Pick::Found("b.fr", _)));
        assert_eq!((queue.later.len(), queue.full.len(), queue.len()), (1, 1, 2));
        assert_eq!((queue.take_all_to("slow.fr"), queue.take_all_to("nobody.fr")), (vec!["slow.fr"], vec![]));
        assert_eq!(queue.take_everything(), ["full.fr"]);
        assert!(queue.ready.is_empty() && queue.later.is_empty() && queue.full.is_empty() && queue.len() == 0);
        assert!(matches!(queue.pick(&lanes, NOW), Pick::Nothing));
        drop(kept);
    }
}
