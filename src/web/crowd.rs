//! Who is connected. Where there is no room for one more, the one who has been of no use for the longest has to go: a
//! thousand who say nothing never keep out one who asks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use crate::model::network::Network;

pub(super) struct Crowd {
    connections: usize,
    neighbours: usize,
    members: Mutex<HashMap<u64, Member>>,
    /// Counts what happens, so that it has an order.
    events: Arc<AtomicU64>,
}

struct Member {
    /// `None` for those who speak for many: proxies.
    network: Option<Network>,
    useful: Useful,
    end: CancellationToken,
}

/// When a connection last was of use: a whole request came, or an answer was taken.
#[derive(Clone)]
pub(super) struct Useful {
    last: Arc<AtomicU64>,
    events: Arc<AtomicU64>,
}

impl Useful {
    pub(super) fn now(&self) {
        self.last.store(self.events.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// One connection's place, free again when dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    id: u64,
    pub(super) useful: Useful,
    /// Cancelled when the place is given to another.
    pub(super) end: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().remove(&self.id);
    }
}

impl Crowd {
    pub(super) fn new(limits: &Limits) -> Self {
        let Limits { connections, neighbours, .. } = *limits;
        Self { connections, neighbours, members: Mutex::default(), events: Arc::default() }
    }

    /// A place for one more, if need be another's.
    pub(super) fn admit(self: &Arc<Self>, network: Option<Network>) -> Place {
        let id = self.events.fetch_add(1, Ordering::Relaxed);
        let useful = Useful { last: Arc::new(id.into()), events: Arc::clone(&self.events) };
        let end = CancellationToken::new();
        let mut members = self.members();
        let are_neighbours = |member: &Member| network.is_some() && member.network == network;
        if members.values().filter(|member| are_neighbours(member)).count() >= self.neighbours {
            send_away(&mut members, are_neighbours);
        }
        if members.len() >= self.connections {
            send_away(&mut members, |_| true);
        }
        members.insert(id, Member { network, useful: useful.clone(), end: end.clone() });
        Place { crowd: Arc::clone(self), id, useful, end }
    }

    fn members(&self) -> MutexGuard<'_, HashMap<u64, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send_away(members: &mut HashMap<u64, Member>, among: impl Fn(&Member) -> bool) {
    let candidates = members.iter().filter(|(_, member)| among(member));
    let idlest = candidates.min_by_key(|(_, member)| member.useful.last.load(Ordering::Relaxed)).map(|(id, _)| *id);
    if let Some(member) = idlest.and_then(|id| members.remove(&id)) {
        member.end.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(connections: usize, neighbours: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(&Limits { connections, neighbours, ..Limits::default() }))
    }

    fn ended<const N: usize>(places: [&Place; N]) -> [bool; N] {
        places.map(|place| place.end.is_cancelled())
    }

    #[test]
    fn the_one_of_no_use_for_longest_makes_room() {
        let crowd = crowd(3, 9);
        let [used, idle, leaves] = [0; 3].map(|_| crowd.admit(None));
        used.useful.now();
        let fourth = crowd.admit(None);
        assert_eq!(ended([&used, &idle, &leaves, &fourth]), [false, true, false, false]);
        drop(leaves);
        let fifth = crowd.admit(None);
        assert_eq!(ended([&used, &fourth, &fifth]), [false; 3], "there was room");
    }

    #[test]
    fn neighbours_make_room_for_each_other_only() {
        let crowd = crowd(9, 2);
        let network = |text| Network::parse(text);
        let (here, there) = (network("192.0.2.0/24"), network("198.51.100.0/24"));
        let [first, second, far] = [here, here, there].map(|network| crowd.admit(network));
        let third = crowd.admit(here);
        assert_eq!(ended([&first, &second, &third, &far]), [true, false, false, false]);
        let proxied = [0; 5].map(|_| crowd.admit(None));
        assert!(proxied.iter().all(|place| !place.end.is_cancelled()));
    }
}
