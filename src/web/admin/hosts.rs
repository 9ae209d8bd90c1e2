//! Under which names the admin listener may be asked. Rebinding needs a name of the attacker's, so loopback names and our
//! own address are safe; any other name is one the operator gave.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};

#[derive(Debug, Clone)]
pub struct Hosts {
    listen: IpAddr,
    /// In lower case.
    names: Vec<String>,
}

impl Hosts {
    pub fn new(listen: SocketAddr, names: Vec<String>) -> Self {
        Self { listen: listen.ip(), names }
    }

    /// # Errors
    /// 400 without exactly one `Host` (RFC 9112 §3.2), 421 for a name that is not ours (RFC 9110 §15.5.20).
    pub(super) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), StatusCode> {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else { return Err(StatusCode::BAD_REQUEST) };
        let host: Authority = host.as_bytes().try_into().map_err(|_| StatusCode::BAD_REQUEST)?;
        // whatever a proxy made of an absolute form, neither name may be a stranger's
        let all = [Some(host.host()), uri.host()];
        if all.into_iter().flatten().all(|host| self.is_ours(host)) {
            Ok(())
        } else {
            Err(StatusCode::MISDIRECTED_REQUEST)
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = host.strip_suffix('.').unwrap_or(&host);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        if self.names.iter().any(|known| known == name) {
            return true;
        }
        match bare.parse::<IpAddr>() {
            // of an address for everyone nobody knows which it is; a number cannot be rebound
            Ok(ip) => ip.is_loopback() || ip == self.listen || self.listen.is_unspecified(),
            Err(_) => name == "localhost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(listen: &str, uri: &str, hosts: &[&str]) -> u16 {
        let ours = Hosts::new(listen.parse().expect("an address"), vec!["status.example.org".to_owned()]);
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().expect("a header"));
        }
        ours.allow(&uri.parse().expect("a target"), &headers).map_or_else(|status| status.as_u16(), |()| 200)
    }

    #[test]
    fn only_names_of_ours_are_answered() {
        let here = "127.0.0.1:8081";
        for (listen, host, status) in [
            (here, "127.0.0.1:8081", 200),
            (here, "localhost:8081", 200),
            (here, "LOCALHOST", 200),
            (here, "localhost.", 200),
            (here, "[::1]:8081", 200),
            (here, "status.example.org", 200),
            (here, "Status.Example.ORG:443", 200),
            (here, "evil.example", 421),
            (here, "localhost.evil.example", 421),
            (here, "127.0.0.1.evil.example", 421),
            (here, "10.0.0.5:8081", 421),
            (here, "user@evil.example", 421),
            (here, "0.0.0.0", 421),
            ("10.0.0.5:8081", "10.0.0.5:8081", 200),
            ("0.0.0.0:8081", "10.0.0.5:8081", 200),
            ("0.0.0.0:8081", "evil.example:8081", 421),
            (here, "", 400),
        ] {
            assert_eq!(asked(listen, "/", &[host]), status, "{host} at {listen}");
        }
    }

    #[test]
    fn two_names_or_none_are_no_request() {
        assert_eq!(asked("127.0.0.1:1", "/", &[]), 400);
        assert_eq!(asked("127.0.0.1:1", "/", &["localhost", "localhost"]), 400);
        assert_eq!(asked("127.0.0.1:1", "http://evil.example/", &["localhost"]), 421);
        assert_eq!(asked("127.0.0.1:1", "http://localhost/", &["localhost"]), 200);
    }
}
