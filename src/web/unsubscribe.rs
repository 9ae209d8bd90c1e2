//! Leaving: a page with one button, and the one-click POST of mail clients (RFC 8058). GET changes nothing: scanners
//! follow links.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};

use super::{Web, errors};
use crate::model::subscription::Subscription;
use crate::output::page;

/// Shows the button.
pub(super) async fn ask(State(web): State<Arc<Web>>, Path(token): Path<String>) -> Response<Body> {
    match find(&web, &token).await {
        Ok(subscription) => {
            let (title, lang) = called(&web, &subscription);
            show(&web, page::unsubscribe(&web.templates, &web.site, title, lang))
        }
        Err(status) => errors::page(&web, status),
    }
}

/// Ends the subscription, however often it is asked: 200 without redirect or cookie (RFC 8058 §3.2).
pub(super) async fn leave(State(web): State<Arc<Web>>, Path(token): Path<String>, body: Bytes) -> Response<Body> {
    if !asks_to_leave(&body) {
        return errors::page(&web, StatusCode::BAD_REQUEST);
    }
    let subscription = match find(&web, &token).await {
        Ok(subscription) => subscription,
        Err(status) => return errors::page(&web, status),
    };
    match web.store.unsubscribe(subscription.id, (web.clock)()).await {
        Ok(_) => {
            let (title, lang) = called(&web, &subscription);
            show(&web, page::unsubscribed(&web.templates, &web.site, title, lang))
        }
        Err(error) => failed(&web, &error),
    }
}

/// The field of RFC 8058 §3.1, which our own button sends too, url-encoded or multipart. A POST without it is a scanner's.
fn asks_to_leave(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    let multipart = || {
        let mut lines = body.lines().map(str::trim);
        lines.any(|line| line.contains("name=\"List-Unsubscribe\"")) && lines.any(|line| line == "One-Click")
    };
    body.split('&').any(|field| field.trim() == "List-Unsubscribe=One-Click") || multipart()
}

/// The subscription a token was made for. Links live for ever: also where its newsletter is gone from the configuration.
async fn find(web: &Web, token: &str) -> Result<Subscription, StatusCode> {
    let id = web.key.open_subscription_token(token).ok_or(StatusCode::NOT_FOUND)?;
    let subscription = web.store.subscription(id).await.map_err(|error| {
        tracing::error!(%error, "a subscription cannot be looked up");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    subscription.ok_or(StatusCode::NOT_FOUND)
}

/// What the newsletter is called, and the language to speak of it.
fn called<'a>(web: &'a Web, subscription: &'a Subscription) -> (&'a str, &'a str) {
    match web.newsletter(&subscription.newsletter) {
        Some(newsletter) => (&newsletter.title, &newsletter.lang),
        None => (&subscription.newsletter, &web.site.lang),
    }
}

fn show(web: &Web, page: Result<Vec<u8>, crate::output::templates::TemplateError>) -> Response<Body> {
    match page {
        Ok(bytes) => errors::respond(StatusCode::OK, bytes),
        Err(error) => failed(web, &error),
    }
}

fn failed(web: &Web, error: &dyn std::error::Error) -> Response<Body> {
    tracing::error!(%error, "a subscription cannot be ended");
    errors::page(web, StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::asks_to_leave;

    #[test]
    fn only_the_field_of_rfc_8058_asks_to_leave() {
        for (body, expected) in [
            ("List-Unsubscribe=One-Click", true),
            ("a=b&List-Unsubscribe=One-Click", true),
            ("--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n", true),
            ("", false),
            ("List-Unsubscribe=", false),
            ("xList-Unsubscribe=One-Click", false),
            ("--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nno\r\n--x--\r\n", false),
        ] {
            assert_eq!(asks_to_leave(body.as_bytes()), expected, "{body}");
        }
    }
}
