//! Where the link of a letter leads: a page with one button. GET changes nothing, scanners follow links; POST confirms.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};

use super::fields::Fields;
use super::{Web, errors};
use crate::model::signup::{Choice, Confirmation, Signup};
use crate::model::subscription::{Subscription, SubscriptionStatus};
use crate::output::page::forms::Stage;
use crate::store;

/// Shows what would be confirmed, or what became of it.
pub(super) async fn ask(State(web): State<Arc<Web>>, Path(token): Path<String>) -> Response<Body> {
    let Some(id) = web.key.open_confirmation_token(&token) else { return not_ours(&web, &token) };
    match seen(&web, id).await {
        Ok((signup, stage)) => show(&web, signup.as_ref(), stage),
        Err(error) => errors::failed(&web, &error),
    }
}

/// Confirms, however often it is asked. Without the field of our own button it is some scanner's request.
pub(super) async fn confirm(
    State(web): State<Arc<Web>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some(id) = web.key.open_confirmation_token(&token) else { return not_ours(&web, &token) };
    match Fields::of_form(&headers, &body) {
        Ok(fields) if fields.one("confirm") == Some("yes") => {}
        Ok(_) => return errors::of_link(&web, StatusCode::BAD_REQUEST),
        Err(status) => return errors::of_link(&web, status),
    }
    let confirmed = async {
        let answer = web.store.confirm(id, (web.clock)()).await?;
        let (signup, stage) = seen(&web, id).await?;
        Ok::<_, store::StoreError>((signup, if answer == Confirmation::Expired { Stage::Expired } else { stage }))
    };
    match confirmed.await {
        Ok((signup, stage)) => show(&web, signup.as_ref(), stage),
        Err(error) => errors::failed(&web, &error),
    }
}

/// Of a former key's nothing is looked up: whoever stole that key may have made it.
fn not_ours(web: &Web, token: &str) -> Response<Body> {
    if web.key.is_void_confirmation_token(token) {
        return show(web, None, Stage::Expired);
    }
    errors::of_link(web, StatusCode::NOT_FOUND)
}

/// A sign-up with what its page lists, and how far it is. One that was forgotten is as good as expired.
async fn seen(web: &Web, id: i64) -> store::Result<(Option<Signup>, Stage)> {
    let Some(signup) = web.store.signup(id).await? else { return Ok((None, Stage::Expired)) };
    if signup.is_expired((web.clock)()) {
        return Ok((Some(signup), Stage::Expired));
    }
    let has: Vec<Subscription> = web.store.subscriptions_of(signup.subscriber).await?;
    let open = if signup.confirmed.is_some() { Vec::new() } else { signup.open_choices(&has) };
    let gets: Vec<Choice> =
        has.into_iter().filter(|it| it.status == SubscriptionStatus::Confirmed).map(choice).collect();
    let is_had = |name: &str| gets.iter().any(|it| it.newsletter == name);
    if !open.is_empty() {
        let stage = Stage::Open { changes: open.iter().all(|it| is_had(&it.newsletter)), stays: !gets.is_empty() };
        return Ok((Some(Signup { choices: open, ..signup }), stage));
    }
    let is_asked = |name: &str| signup.choices.iter().any(|choice| choice.newsletter == name);
    let holds: Vec<Choice> = gets.into_iter().filter(|it| is_asked(&it.newsletter)).collect();
    if holds.is_empty() {
        return Ok((Some(signup), Stage::Used));
    }
    let token = web.key.preferences_token(signup.subscriber);
    let stage = Stage::Confirmed(web.site_path(&format!("preferences/{token}")));
    Ok((Some(Signup { choices: holds, ..signup }), stage))
}

fn choice(subscription: Subscription) -> Choice {
    Choice { newsletter: subscription.newsletter, topics: subscription.topics }
}

fn show(web: &Web, signup: Option<&Signup>, stage: Stage) -> Response<Body> {
    let status = if matches!(stage, Stage::Expired | Stage::Used) { StatusCode::GONE } else { StatusCode::OK };
    let (lang, choices) = signup.map_or((&*web.site.lang, &[][..]), |signup| (&signup.lang, &signup.choices));
    let labels = web.labels();
    errors::show(web, status, web.forms(&web.offers(&labels)).confirm(lang, choices, stage))
}
