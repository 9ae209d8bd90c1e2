//! Whom a request is from: the address of the connection, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::model::network::Network;

/// The reader's own address, as far as it can be trusted. For limits, never for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl Client {
    /// Each proxy appends who asked it. Read from the end, the first one we do not trust is the reader: what stands before
    /// it he may have written himself.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let is_trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        let mut client = peer.to_canonical();
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let mut said = lines.iter().flat_map(|line| line.split(',')).rev();
        while is_trusted(client) {
            match said.next().and_then(address) {
                Some(before) => client = before,
                None => break,
            }
        }
        Self(client)
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(with_port).or_else(in_brackets).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_who_asks() {
        let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|text| Network::parse(text).expect(text));
        for (peer, said, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["1.2.3.4, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            ("127.0.0.1", &["1.2.3.4", "203.0.113.9,10.1.1.1"], "203.0.113.9"),
            ("127.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["203.0.113.9, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9, unknown, 10.0.0.9"], "10.0.0.9"),
            ("127.0.0.1", &["10.0.0.1"], "10.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ] {
            let headers =
                said.iter().map(|said| ("x-forwarded-for".parse().expect("a name"), said.parse().expect(said)));
            let headers: HeaderMap = headers.collect();
            let found = Client::of(peer.parse().expect(peer), &headers, &proxies);
            assert_eq!(found, Client(expected.parse().expect(expected)), "{peer} {said:?}");
        }
        let headers: HeaderMap =
            [("x-forwarded-for".parse().expect("a name"), "203.0.113.9".parse().expect("a value"))]
                .into_iter()
                .collect();
        let peer: IpAddr = "127.0.0.1".parse().expect("an address");
        assert_eq!(Client::of(peer, &headers, &[]), Client(peer), "nobody is trusted unasked");
    }
}
