//! Where pages stand below crieur's root, beside its own documents.

use percent_encoding::percent_decode_str;

use crate::model::settings::SiteSettings;

/// What crieur publishes at its root.
const OWN: [&str; 7] = ["", "rss.xml", "atom.xml", "feed.json", "calendar.ics", "feeds.opml", "style.css"];
/// Folders that are crieur's own.
const OWN_FOLDERS: [&str; 5] = ["categories/", "tags/", "events/", "newsletters/", "archive/"];
/// What `serve` answers itself.
const LIVE: [&str; 6] = ["healthz", "readyz", "subscribe", "confirm", "unsubscribe", "preferences"];

/// The site path of the page at `address`, an absolute path of the site, or `None` where that belongs to one of crieur's own
/// documents or leads out of the folder.
pub(super) fn page_path(address: &str, site: &SiteSettings) -> Option<String> {
    let path = percent_decode_str(address).decode_utf8().ok()?;
    let path = path.strip_prefix(site.url.path()).unwrap_or(&path).trim_start_matches('/');
    let is_own = OWN.contains(&path) || OWN_FOLDERS.iter().any(|folder| path.starts_with(folder));
    let is_own = is_own || path.split('/').next().is_some_and(|first| LIVE.contains(&first));
    let traverses = path.split('/').any(|part| matches!(part, "." | "..")) || path.contains('\0');
    let last = path.rsplit('/').next().unwrap_or_default();
    (!is_own && !traverses)
        .then(|| if last.is_empty() || last.contains('.') { path.to_owned() } else { format!("{path}/") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn pages_stand_where_their_address_says_and_never_in_our_way() {
        let mut site = sample::site();
        site.url = sample::url("https://www.example.org/ici/");
        for (address, path) in [
            ("/ici/agenda/x/", Some("agenda/x/")),
            ("/ici/agenda/x", Some("agenda/x/")),
            ("/ici/2019/01/x.html", Some("2019/01/x.html")),
            ("/ici/%C3%A9t%C3%A9/", Some("été/")),
            ("/ailleurs/", Some("ailleurs/")),
            ("agenda/y", Some("agenda/y/")),
            ("/ici/", None),
            ("/ici/rss.xml", None),
            ("/ici/tags/x/", None),
            ("/healthz", None),
            ("/unsubscribe/x", None),
            ("/ici/a/../../x", None),
            ("/ici/%2e%2e/x", None),
            ("/ici/a%00b", None),
        ] {
            assert_eq!(page_path(address, &site).as_deref(), path, "{address}");
        }
    }
}
