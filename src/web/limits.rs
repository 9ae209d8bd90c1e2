//! How much of us anybody may take up: time, room and connections.

use std::net::IpAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::model::network::Network;

/// The largest body any of our forms needs, in bytes.
pub(super) const MAX_BODY: u64 = 16 * 1024;
/// The longest target of a request, in bytes (RFC 9112 §3 asks for 8,000 at least).
pub(super) const MAX_TARGET: usize = 8 * 1024;
/// A request's line and all its headers, in bytes.
pub(super) const MAX_HEAD: usize = 24 * 1024;
pub(super) const MAX_HEADERS: usize = 100;

/// File descriptors for everything that is no connection of a reader: the store, the folder, the relay.
const OTHER_DESCRIPTORS: u64 = 256;
/// Connections cost a few kilobytes each; more than these is an attack.
const MOST_CONNECTIONS: u64 = 8 * 1024;

/// How connections are dealt with.
pub struct Server {
    pub limits: Limits,
    /// Proxies that speak for many readers and say for whom (`[http] trusted_proxies`).
    pub trusted_proxies: Vec<Network>,
}

impl Server {
    /// For the few who watch a daemon: they take no reader's place.
    pub fn for_operators() -> Self {
        Self { limits: Limits { connections: 64, ..Limits::default() }, trusted_proxies: Vec::new() }
    }

    /// Whose neighbours count as one: nobody's where many come by the same way.
    pub(super) fn network(&self, peer: IpAddr) -> Option<Network> {
        let speaks_for_many =
            peer.to_canonical().is_loopback() || self.trusted_proxies.iter().any(|proxy| proxy.contains(peer));
        (!speaks_for_many).then(|| Network::neighbours(peer))
    }
}

/// The deadlines and the most connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a request's line and headers, also on a connection that is kept open.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// For a reader who takes nothing of what is sent to him.
    pub stall: Duration,
    /// For a whole connection, however busy; then the answer under way is finished and it is closed.
    pub life: Duration,
    /// For the answers under way when a connection's time is up, or ours.
    pub drain: Duration,
    /// For what a reader still sends after our last word: closing upon it would cost him that word (RFC 9112 §9.6).
    pub linger: Duration,
    pub connections: usize,
    /// Of one network's neighbours, where they are neither proxies we trust nor this machine.
    pub neighbours: usize,
}

impl Limits {
    /// As many connections as this process may have, and the usual deadlines.
    pub fn of_this_process() -> Self {
        let descriptors = descriptors().saturating_sub(OTHER_DESCRIPTORS).clamp(64, MOST_CONNECTIONS);
        Self { connections: usize::try_from(descriptors).unwrap_or(64), ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            stall: Duration::from_secs(20),
            life: Duration::from_mins(5),
            drain: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            connections: 768,
            neighbours: 256,
        }
    }
}

/// How many file descriptors we may have. The soft limit is raised to the hard one: it is low for the sake of programs that
/// use `select`.
fn descriptors() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(_) => current.unwrap_or(u64::MAX),
    }
}
