//! Published documents: looked up by path, answered with 304 where the reader has them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;

use super::conditions::{self, Outcome, http_date};
use super::encoding::{self, Coding};
use super::live::{Live, Served};
use super::{Web, errors};
use crate::output::site::{CSS, HTML};

/// Any path that is no route: a document, a page asked for without its slash, or nothing.
pub(super) async fn document(
    State(web): State<Arc<Web>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return errors::only(&web, "GET, HEAD");
    }
    // taken once: whatever is published meanwhile, this answer belongs to one site
    let Some(live) = web.live() else { return errors::page(&web, StatusCode::SERVICE_UNAVAILABLE) };
    let Some(path) = site_path(uri.path()) else { return errors::page(&web, StatusCode::NOT_FOUND) };
    match live.get(&path) {
        Some(served) => answer(&web, &path, &served, &headers),
        None => with_slash(&web, &live, &path, &uri).unwrap_or_else(|| errors::page(&web, StatusCode::NOT_FOUND)),
    }
}

/// The decoded path of a document, without its leading `/`. An encoded slash is no slash (RFC 3986 §2.2).
fn site_path(path: &str) -> Option<String> {
    let path = if path.is_empty() { "" } else { path.strip_prefix('/')? };
    if path.to_ascii_lowercase().contains("%2f") {
        return None;
    }
    percent_decode_str(path).decode_utf8().ok().map(Into::into)
}

fn with_slash(web: &Web, live: &Live, path: &str, uri: &Uri) -> Option<Response<Body>> {
    live.get(&format!("{path}/"))?;
    // our own address and the request's path, known to name a page of ours: no way out of the site
    let location = format!("{}{}/", web.site.public_url.path(), uri.path().trim_start_matches('/'));
    Response::builder()
        .status(StatusCode::MOVED_PERMANENTLY)
        .header(header::LOCATION, location)
        .header(header::CACHE_CONTROL, "public, max-age=3600")
        .body(Body::empty())
        .ok()
}

fn answer(web: &Web, path: &str, served: &Served, request: &HeaderMap) -> Response<Body> {
    let document = served.document;
    let codings = encoding::accepted(request).into_iter();
    let mut there: Vec<(Coding, &bytes::Bytes)> =
        codings.filter_map(|coding| Some((coding, served.bytes(coding)?))).collect();
    if there.is_empty() {
        there.push((Coding::Identity, &document.bytes));
    }
    let (coding, bytes) = there[0];
    let etags: Vec<String> = there.iter().map(|(coding, _)| coding.etag(&document.etag)).collect();
    let mut response = Response::builder()
        .header(header::CACHE_CONTROL, cache(document.content_type, path))
        .header(header::LAST_MODIFIED, http_date(served.since))
        .header(header::VARY, "Accept-Encoding");
    if document.is_feed() {
        for link in web.hub_links(path) {
            response = response.header(header::LINK, link);
        }
    }
    let response = match conditions::judge(request, &etags, served.since) {
        Outcome::Failed => return errors::page(web, StatusCode::PRECONDITION_FAILED),
        Outcome::Known(etag) => {
            response.status(StatusCode::NOT_MODIFIED).header(header::ETAG, etag).body(Body::empty())
        }
        Outcome::Send => {
            let response = match coding {
                Coding::Identity => response,
                coding => response.header(header::CONTENT_ENCODING, coding.name()),
            };
            response
                .header(header::ETAG, &etags[0])
                .header(header::CONTENT_TYPE, document.content_type)
                .body(Body::from(bytes.clone()))
        }
    };
    response.unwrap_or_else(|_| Response::new(Body::empty()))
}

/// How long a copy may be used unasked: a page is looked at by those who wait for news, a style sheet seldom changes, and an
/// archive that is closed only for a takedown.
fn cache(content_type: &str, path: &str) -> HeaderValue {
    HeaderValue::from_static(match content_type {
        HTML => "public, max-age=60",
        CSS => "public, max-age=3600",
        _ if path.starts_with("archive/") => "public, max-age=3600",
        _ => "public, max-age=300",
    })
}

#[cfg(test)]
mod tests {
    use super::site_path;

    #[test]
    fn a_path_is_decoded_once_and_taken_as_it_is() {
        for (path, expected) in [
            ("", Some("")),
            ("/", Some("")),
            ("/atom.xml", Some("atom.xml")),
            ("/caf%C3%A9/", Some("café/")),
            ("/%2561", Some("%61")),
            ("//atom.xml", Some("/atom.xml")),
            ("/../x", Some("../x")),
            ("/a%2Fb", None),
            ("/%ff", None),
            ("*", None),
        ] {
            assert_eq!(site_path(path).as_deref(), expected, "{path}");
        }
    }
}
