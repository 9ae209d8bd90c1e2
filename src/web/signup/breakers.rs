//! How many sign-ups are taken in an hour: from one network, and from everybody. Beyond, everybody is told the same.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use crate::model::network::Network;
use crate::model::settings::SubscribeSettings;

/// Networks that are remembered at once. Whoever comes from more than these meets the limit for everybody first.
const MOST_NETWORKS: usize = 10_000;

type Middleware = NoOpMiddleware<<MonotonicClock as governor::clock::Clock>::Instant>;

type Networks = RateLimiter<Network, HashMapStateStore<Network>, MonotonicClock, Middleware>;
type Everybody = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, Middleware>;

pub(super) struct Breakers {
    settings: SubscribeSettings,
    clock: MonotonicClock,
    networks: Arc<Networks>,
    everybody: Arc<Everybody>,
}

impl Breakers {
    pub(super) fn new(settings: SubscribeSettings) -> Self {
        Self {
            settings,
            clock: MonotonicClock,
            networks: Arc::new(RateLimiter::hashmap_with_clock(Quota::per_hour(settings.per_network), MonotonicClock)),
            everybody: Arc::new(RateLimiter::direct_with_clock(Quota::per_hour(settings.per_hour), MonotonicClock)),
        }
    }

    /// Goes on counting where another one was, as far as its limits are the same.
    pub(super) fn count_on(&mut self, before: &Self) {
        if self.settings.per_network == before.settings.per_network {
            self.networks = Arc::clone(&before.networks);
        }
        if self.settings.per_hour == before.settings.per_hour {
            self.everybody = Arc::clone(&before.everybody);
        }
    }

    /// Takes one sign-up, or says how long nothing is taken. A network that is over its own limit takes nothing of the
    /// others'.
    pub(super) fn admit(&self, client: IpAddr) -> Result<(), Duration> {
        let wait = |until: NotUntil<_>| until.wait_time_from(self.clock.now());
        if let Some(network) = network(client).filter(|_| self.has_room()) {
            self.networks.check_key(&network).map_err(wait)?;
        }
        self.everybody.check().map_err(wait)
    }

    /// Forgets the networks that have their whole quota again, where there are many.
    fn has_room(&self) -> bool {
        if self.networks.len() >= MOST_NETWORKS {
            self.networks.retain_recent();
            self.networks.shrink_to_fit();
        }
        self.networks.len() < MOST_NETWORKS
    }
}

/// Nobody's where many come by the same way: a proxy on this machine that says for nobody whom it speaks for.
fn network(client: IpAddr) -> Option<Network> {
    (!client.to_canonical().is_loopback()).then(|| Network::neighbours(client))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn breakers(per_network: u32, per_hour: u32) -> Breakers {
        let number = |number| NonZeroU32::new(number).expect("above 0");
        Breakers::new(SubscribeSettings { per_network: number(per_network), per_hour: number(per_hour) })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    /// G5
    #[test]
    fn one_network_uses_up_its_own_quota_only() {
        let breakers = breakers(2, 100);
        for expected in [true, true, false] {
            assert_eq!(breakers.admit(address("192.0.2.1")).is_ok(), expected);
        }
        assert!(breakers.admit(address("192.0.2.250")).is_err(), "a neighbour");
        let wait = breakers.admit(address("::ffff:192.0.2.9")).expect_err("the same, written otherwise");
        assert!(wait > Duration::from_mins(20) && wait <= Duration::from_mins(30), "{wait:?}");
        assert!(breakers.admit(address("192.0.3.1")).is_ok(), "another network");
        assert!(breakers.admit(address("2001:db8::1")).is_ok());
    }

    #[test]
    fn everybody_together_has_a_limit_too() {
        let breakers = breakers(2, 5);
        let taken = (0..50_u8).filter(|host| breakers.admit(address(&format!("198.51.{host}.1"))).is_ok()).count();
        assert_eq!(taken, 5);
        assert!(breakers.admit(address("127.0.0.1")).is_err(), "no way around it");
    }

    #[test]
    fn a_reload_does_not_forget_what_was_taken() {
        for (per_network, per_hour, neighbour, others) in [(2, 5, false, 3), (4, 5, true, 2), (2, 9, false, 9)] {
            let before = breakers(2, 5);
            for _ in 0..2 {
                before.admit(address("192.0.2.1")).expect("taken");
            }
            let mut after = breakers(per_network, per_hour);
            after.count_on(&before);
            assert_eq!(after.admit(address("192.0.2.1")).is_ok(), neighbour, "{per_network} {per_hour}");
            let taken = (0..50_u8).filter(|host| after.admit(address(&format!("198.51.{host}.1"))).is_ok()).count();
            assert_eq!(taken, others, "{per_network} {per_hour}");
        }
    }

    #[test]
    fn so_many_networks_are_remembered_and_no_more() {
        let breakers = breakers(1, 1);
        for high in 0..60_u8 {
            for low in 0..=255_u8 {
                let _ = breakers.admit(address(&format!("10.{high}.{low}.1")));
            }
        }
        assert!(breakers.networks.len() <= MOST_NETWORKS);
    }
}
