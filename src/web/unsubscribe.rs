//! Leaving: a page with one button, and the one-click POST of mail clients (RFC 8058). GET changes nothing: scanners
//! follow links.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use tokio::time::timeout;

use super::fields::Fields;
use super::{Web, errors};
use crate::model::subscription::{Subscription, SubscriptionStatus};
use crate::output::page;

/// How long the names on the page are worth waiting for.
const KNOWN_WITHIN: Duration = Duration::from_millis(50);

/// Shows the button, or that there is nothing to leave any more.
pub(super) async fn ask(State(web): State<Arc<Web>>, Path(token): Path<String>) -> Response<Body> {
    match find(&web, &token).await {
        Ok(leaver) => {
            let (title, lang) = leaver.called(&web);
            let show = if leaver.has_left() { page::unsubscribed } else { page::unsubscribe };
            errors::show(&web, StatusCode::OK, show(&web.templates, &web.site, title, lang))
        }
        Err(status) => errors::of_link(&web, status),
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
        Ok(_) => return errors::of_link(&web, StatusCode::BAD_REQUEST),
        Err(status) => return errors::of_link(&web, status),
    }
    let leaver = match find(&web, &token).await {
        Ok(leaver) => leaver,
        Err(status) => return errors::of_link(&web, status),
    };
    match web.store.unsubscribe(leaver.id, (web.clock)()).await {
        Ok(_) => {
            let (title, lang) = leaver.called(&web);
            errors::show(&web, StatusCode::OK, page::unsubscribed(&web.templates, &web.site, title, lang))
        }
        Err(error) => errors::failed(&web, &error),
    }
}

/// Whom a token was made for.
struct Leaver {
    id: i64,
    /// `None` where the state cannot be asked now: the token alone lets its bearer leave.
    subscription: Option<Subscription>,
}

/// Links live for ever: also where the newsletter is gone from the configuration.
async fn find(web: &Web, token: &str) -> Result<Leaver, StatusCode> {
    let id = web.key.open_subscription_token(token).ok_or(StatusCode::NOT_FOUND)?;
    match timeout(KNOWN_WITHIN, web.store.subscription(id)).await {
        Ok(Ok(None)) => Err(StatusCode::NOT_FOUND),
        Ok(Ok(subscription)) => Ok(Leaver { id, subscription }),
        Ok(Err(error)) => {
            tracing::error!(%error, "a subscription cannot be looked up");
            Ok(Leaver { id, subscription: None })
        }
        Err(_) => Ok(Leaver { id, subscription: None }),
    }
}

impl Leaver {
    fn has_left(&self) -> bool {
        self.subscription.as_ref().is_some_and(|it| it.status == SubscriptionStatus::Unsubscribed)
    }

    /// What the newsletter is called, and the language to speak to its reader: the site's where the reader's is not known, or
    /// not any more.
    fn called<'a>(&'a self, web: &'a Web) -> (&'a str, &'a str) {
        let Some(subscription) = &self.subscription else { return (&web.site.title, &web.site.lang) };
        let newsletter = web.newsletter(&subscription.newsletter);
        let title = newsletter.map_or(&subscription.newsletter, |newsletter| &newsletter.title);
        (title, if subscription.lang == "und" { &web.site.lang } else { &subscription.lang })
    }
}
