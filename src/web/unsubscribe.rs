//! Leaving: a page with one button, and the one-click POST of mail clients (RFC 8058). GET changes nothing: scanners
//! follow links.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};

use super::fields::Fields;
use super::{Web, errors};
use crate::model::subscription::Subscription;
use crate::output::page;

/// Shows the button.
pub(super) async fn ask(State(web): State<Arc<Web>>, Path(token): Path<String>) -> Response<Body> {
    match find(&web, &token).await {
        Ok(subscription) => {
            let (title, lang) = called(&web, &subscription);
            errors::show(&web, StatusCode::OK, page::unsubscribe(&web.templates, &web.site, title, lang))
        }
        Err(status) => errors::page(&web, status),
    }
}

/// Ends the subscription, however often it is asked: 200 without redirect or cookie (RFC 8058 §3.2). Only the field of §3.1
/// asks for it, which our own button sends too: a POST without it is a scanner's.
pub(super) async fn leave(
    State(web): State<Arc<Web>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match Fields::of_one_click(&headers, body).await {
        Ok(fields) if fields.one("List-Unsubscribe") == Some("One-Click") => {}
        Ok(_) => return errors::page(&web, StatusCode::BAD_REQUEST),
        Err(status) => return errors::page(&web, status),
    }
    let subscription = match find(&web, &token).await {
        Ok(subscription) => subscription,
        Err(status) => return errors::page(&web, status),
    };
    match web.store.unsubscribe(subscription.id, (web.clock)()).await {
        Ok(_) => {
            let (title, lang) = called(&web, &subscription);
            errors::show(&web, StatusCode::OK, page::unsubscribed(&web.templates, &web.site, title, lang))
        }
        Err(error) => errors::failed(&web, &error),
    }
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

/// What the newsletter is called, and the language to speak to its reader.
fn called<'a>(web: &'a Web, subscription: &'a Subscription) -> (&'a str, &'a str) {
    let newsletter = web.newsletter(&subscription.newsletter);
    (newsletter.map_or(&subscription.newsletter, |newsletter| &newsletter.title), &subscription.lang)
}
