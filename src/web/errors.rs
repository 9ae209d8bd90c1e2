//! Error answers as pages people can use. They say nothing of the request: no token ends up in them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};

use super::Web;
use crate::output::page::{self, Wayside};
use crate::output::site::HTML;
use crate::output::templates::TemplateError;

pub(super) fn page(web: &Web, status: StatusCode) -> Response<Body> {
    refused(web, status, &web.site.lang)
}

/// In the language of the form that was sent.
pub(super) fn refused(web: &Web, status: StatusCode, lang: &str) -> Response<Body> {
    met(web, status, lang, if web.newsletters.is_empty() { Wayside::Elsewhere } else { Wayside::Form })
}

/// Where a link of a mail leads.
pub(super) fn of_link(web: &Web, status: StatusCode) -> Response<Body> {
    met(web, status, &web.site.lang, Wayside::Link)
}

fn met(web: &Web, status: StatusCode, lang: &str, wayside: Wayside) -> Response<Body> {
    let bytes = page::error(&web.templates, &web.site, status.as_u16(), lang, wayside);
    respond(status, bytes.unwrap_or_else(|_| format!("{status}\n").into_bytes()))
}

/// A page as it was rendered.
pub(super) fn show(web: &Web, status: StatusCode, rendered: Result<Vec<u8>, TemplateError>) -> Response<Body> {
    match rendered {
        Ok(bytes) => respond(status, bytes),
        Err(error) => failed(web, &error),
    }
}

/// What we cannot do for a reader now, though he asked rightly.
pub(super) fn failed(web: &Web, error: &dyn std::error::Error) -> Response<Body> {
    tracing::error!(%error, "a reader's page failed");
    let mut response = page(web, StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
    response
}

/// A page that is nobody else's business: not cached, not indexed.
pub(super) fn respond(status: StatusCode, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(HTML));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", header::HeaderValue::from_static("noindex"));
    response
}

/// A route's other methods; axum says which it has.
pub(super) async fn method_not_allowed(State(web): State<Arc<Web>>) -> Response<Body> {
    page(&web, StatusCode::METHOD_NOT_ALLOWED)
}

/// Another method than those there are.
pub(super) fn only(web: &Web, methods: &'static str) -> Response<Body> {
    let mut response = page(web, StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(methods));
    response
}
