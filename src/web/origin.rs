//! Which pages may send the form to subscribe. There is no cookie to steal, but a page elsewhere could have its visitors
//! enter other people's addresses.

use axum::http::{HeaderMap, header};
use url::{Host, Origin, Url};

use crate::model::settings::SiteSettings;

/// Whether a page of somebody else's sends this, as far as browsers say.
///
/// Ours are the site's and crieur's own pages, and those of this very machine asked for by its loopback address. A browser
/// says `null` for a page that asks it to name no referrer (Fetch, "append a request `Origin` header"), as ours do: then, and
/// where it says nothing, `Sec-Fetch-Site` decides, which pages cannot set. Who says neither is no browser of today.
pub(super) fn is_foreign(site: &SiteSettings, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next().map(|origin| origin.to_str()), origins.next()) {
        (None | Some(Ok("null")), None) => is_cross_site(headers),
        (Some(Ok(origin)), None) => !Url::parse(origin).is_ok_and(|origin| is_ours(site, &origin, headers)),
        _ => true,
    }
}

fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| site.as_bytes() == b"cross-site")
}

fn is_ours(site: &SiteSettings, origin: &Url, headers: &HeaderMap) -> bool {
    let said = origin.origin();
    matches!(said, Origin::Tuple(..))
        && ([&site.public_url, &site.url].iter().any(|own| own.origin() == said) || is_this_machine(origin, headers))
}

/// A name would not do: whoever owns one can have it mean us.
fn is_this_machine(origin: &Url, headers: &HeaderMap) -> bool {
    let is_loopback = match origin.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let asked = headers.get(header::HOST).and_then(|host| Url::parse(&format!("http://{}", host.to_str().ok()?)).ok());
    is_loopback && asked.is_some_and(|asked| asked.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    /// G14
    #[test]
    fn pages_of_others_are_told_from_ours() {
        let mut site = sample::site();
        site.url = sample::url("https://www.example.org/");
        site.public_url = sample::url("https://crieur.example.org/a/");
        for (origin, fetch, foreign) in [
            (&["https://www.example.org"][..], None::<&str>, false),
            (&["https://crieur.example.org"], Some("same-origin"), false),
            (&["https://www.example.org:443"], None, false),
            (&["https://www.example.org"], Some("cross-site"), false),
            (&["http://www.example.org"], None, true),
            (&["https://www.example.org:8443"], None, true),
            (&["https://evil.example"], Some("cross-site"), true),
            (&["https://www.example.org.evil.example"], None, true),
            (&["null"], Some("same-origin"), false),
            (&["null"], Some("same-site"), false),
            (&["null"], None, false),
            (&["null"], Some("cross-site"), true),
            (&[], None, false),
            (&[], Some("none"), false),
            (&[], Some("cross-site"), true),
            (&["https://www.example.org", "https://www.example.org"], None, true),
            (&["nonsense"], None, true),
            (&["data:text/html,x"], None, true),
            (&["file:///etc/passwd"], None, true),
            (&["http://127.0.0.1:8080"], None, false),
            (&["http://127.0.0.1:9090"], None, true),
            (&["http://localhost:8080"], None, true),
        ] {
            let mut headers: HeaderMap =
                origin.iter().map(|origin| (header::ORIGIN, origin.parse().expect(origin))).collect();
            headers.insert(header::HOST, "127.0.0.1:8080".parse().expect("a host"));
            if let Some(fetch) = fetch {
                headers.insert("sec-fetch-site", fetch.parse().expect(fetch));
            }
            assert_eq!(is_foreign(&site, &headers), foreign, "{origin:?} {fetch:?}");
        }
        let rebound = [("host", "evil.example"), ("origin", "http://evil.example")];
        let rebound = rebound.map(|(name, value)| (name.parse().expect(name), value.parse().expect(value)));
        assert!(is_foreign(&site, &rebound.into_iter().collect()), "a name of somebody else's that means us");
    }
}
