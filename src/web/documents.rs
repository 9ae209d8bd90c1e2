//! Published documents: looked up by path, answered with 304 where the reader has them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

use super::{Web, errors};
use crate::output::site::{Document, HTML, Site};

/// Any path that is no route: a document, a page asked for without its slash, or nothing.
pub(super) async fn document(
    State(web): State<Arc<Web>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return errors::method_not_allowed(State(web)).await;
    }
    let Some(live) = web.live() else { return errors::page(&web, StatusCode::SERVICE_UNAVAILABLE) };
    let Ok(path) = percent_decode_str(uri.path().trim_start_matches('/')).decode_utf8() else {
        return errors::page(&web, StatusCode::NOT_FOUND);
    };
    match live.get(&path) {
        Some((document, since)) => answer(document, since, &headers),
        None => with_slash(&live.site, &path, &uri).unwrap_or_else(|| errors::page(&web, StatusCode::NOT_FOUND)),
    }
}

fn with_slash(site: &Site, path: &str, uri: &Uri) -> Option<Response<Body>> {
    site.get(&format!("{path}/"))?;
    // of the request's own path, known to name a page of ours: no way out of the site
    let location = format!("/{}/", uri.path().trim_start_matches('/'));
    Response::builder()
        .status(StatusCode::MOVED_PERMANENTLY)
        .header(header::LOCATION, location)
        .body(Body::empty())
        .ok()
}

fn answer(document: &Document, since: DateTime<Utc>, request: &HeaderMap) -> Response<Body> {
    let cache = if document.content_type == HTML { "public, max-age=60" } else { "public, max-age=300" };
    let response = Response::builder()
        .header(header::ETAG, &document.etag)
        .header(header::CACHE_CONTROL, cache)
        .header(header::LAST_MODIFIED, http_date(since))
        .header(header::VARY, "Accept-Encoding");
    let response = if is_known(document, since, request) {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        response.header(header::CONTENT_TYPE, document.content_type).body(Body::from(document.bytes.clone()))
    };
    response.unwrap_or_else(|_| Response::new(Body::empty()))
}

/// RFC 9110 §13.2.2: If-None-Match decides; If-Modified-Since only where it is absent.
fn is_known(document: &Document, changed: DateTime<Utc>, request: &HeaderMap) -> bool {
    let text = |name| request.get(name).and_then(|value| value.to_str().ok());
    if let Some(known) = text(header::IF_NONE_MATCH) {
        let same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == document.etag;
        return known.split(',').any(|tag| same(tag.trim()));
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    since.is_some_and(|since| changed.timestamp() <= since.timestamp())
}

/// IMF-fixdate (RFC 9110 §5.6.7).
fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
