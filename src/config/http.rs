//! `[http]`: where crieur listens, and whom it believes.

use std::net::SocketAddr;

use super::HttpSettings;
use super::raw::{RawHttp, Text};
use super::values::{Checked, fault};
use crate::model::network::Network;

pub(super) fn http(raw: &RawHttp) -> Checked<HttpSettings> {
    let listen = raw.listen.as_ref().map(|text| socket(text, "http.listen")).transpose()?;
    Ok(HttpSettings {
        listen: listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
        admin_listen: raw.admin_listen.as_ref().map(|text| socket(text, "http.admin_listen")).transpose()?,
        admin_hosts: raw.admin_hosts.iter().map(host_name).collect::<Checked<_>>()?,
        trusted_proxies: raw.trusted_proxies.iter().map(proxy).collect::<Checked<_>>()?,
    })
}

fn socket(text: &Text, key: &str) -> Checked<SocketAddr> {
    text.get_ref().parse().map_err(|_| {
        fault(text, key, &format!("`{}` is no address to listen on", text.get_ref()))
            .hint("write an address and a port: `127.0.0.1:8080`, or `[::]:8080` for everyone")
    })
}

/// As a browser would say it: ASCII, in lower case, without a port.
fn host_name(text: &Text) -> Checked<String> {
    let host = url::Host::parse(text.get_ref()).ok().filter(|_| !text.get_ref().is_empty());
    host.map(|host| host.to_string()).ok_or_else(|| {
        fault(text, "http.admin_hosts", &format!("`{}` is no host", text.get_ref()))
            .hint("write a name without scheme and port: `status.example.org`")
    })
}

/// Who may say on whose behalf he asks. Everyone may not: whoever asks could then call himself what he likes.
fn proxy(text: &Text) -> Checked<Network> {
    let written = text.get_ref();
    let unusable = |message: &str| fault(text, "http.trusted_proxies", message);
    let network = Network::parse(written).ok_or_else(|| {
        unusable(&format!("`{written}` is no address or network"))
            .hint("write the proxy's address, `127.0.0.1`, or its network, `10.0.0.0/8`")
    })?;
    if network.is_everyone() {
        return Err(unusable(&format!("`{written}` is everyone")).hint("name the address of the proxy alone"));
    }
    Ok(network)
}
