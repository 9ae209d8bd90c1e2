//! What one reader gets, to be changed by whoever has the link. GET changes nothing.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};

use super::fields::Fields;
use super::{Web, errors, signup};
use crate::model::signup::Choice;
use crate::model::subscription::{Subscription, SubscriptionStatus};
use crate::output::page::offers::is_language_on_offer;
use crate::store;

pub(super) async fn show(State(web): State<Arc<Web>>, Path(token): Path<String>) -> Response<Body> {
    match known(&web, &token).await {
        Ok(Some((_, all))) => page(&web, &all, false),
        Ok(None) => errors::of_link(&web, StatusCode::NOT_FOUND),
        Err(error) => errors::failed(&web, &error),
    }
}

/// Takes over what the form says, however often it is sent: what it showed and is not ticked ends, nothing begins.
pub(super) async fn change(
    State(web): State<Arc<Web>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (subscriber, all) = match known(&web, &token).await {
        Ok(Some(known)) => known,
        Ok(None) => return errors::of_link(&web, StatusCode::NOT_FOUND),
        Err(error) => return errors::failed(&web, &error),
    };
    let wanted = match Fields::of_form(&headers, &body).and_then(|fields| wanted(&web, &fields, &all)) {
        Ok(wanted) => wanted,
        Err(status) => return errors::of_link(&web, status),
    };
    let changed = async {
        web.store.change_preferences(subscriber, &wanted.lang, &wanted.kept, &wanted.ended, (web.clock)()).await?;
        web.store.subscriptions_of(subscriber).await
    };
    match changed.await {
        Ok(all) => page(&web, &all, true),
        Err(error) => errors::failed(&web, &error),
    }
}

/// The subscriber a token was made for, with what is there of him. Nothing is left of one who was erased.
async fn known(web: &Web, token: &str) -> store::Result<Option<(i64, Vec<Subscription>)>> {
    let Some(subscriber) = web.key.open_preferences_token(token) else { return Ok(None) };
    let all = web.store.subscriptions_of(subscriber).await?;
    Ok((!all.is_empty()).then_some((subscriber, all)))
}

struct Wanted {
    lang: String,
    kept: Vec<Choice>,
    ended: Vec<String>,
}

fn wanted(web: &Web, fields: &Fields, all: &[Subscription]) -> Result<Wanted, StatusCode> {
    let is_on_offer = |lang: &&str| is_language_on_offer(lang, own_lang(web, all));
    let lang = fields.one("lang").filter(is_on_offer).ok_or(StatusCode::BAD_REQUEST)?.to_owned();
    let (kept, shown) = match (fields.one("save"), fields.one("leave")) {
        (Some("yes"), None) => (signup::choices(fields), shown(fields, all)),
        (None, Some("all")) => (Vec::new(), names(all)),
        _ => return Err(StatusCode::BAD_REQUEST),
    };
    let is_kept = |newsletter: &String| kept.iter().any(|choice| choice.newsletter == *newsletter);
    let ended = shown.into_iter().filter(|newsletter| !is_kept(newsletter)).collect();
    let labels = web.labels();
    let offers = web.offers(&labels);
    let is_known = |newsletter: &str, topic: &String| {
        let offered = offers.iter().find(|offer| offer.newsletter.name == newsletter);
        offered.is_some_and(|offer| offer.topics.iter().any(|label| label.slug == *topic))
            || all.iter().any(|it| it.newsletter == newsletter && it.topics.contains(topic))
    };
    let all_known = kept.iter().all(|choice| choice.topics.iter().all(|topic| is_known(&choice.newsletter, topic)));
    if all_known { Ok(Wanted { lang, kept, ended }) } else { Err(StatusCode::BAD_REQUEST) }
}

/// What stood on the page that is sent: a page may be older than the latest subscription. A template of one's own that does
/// not say it is taken to have shown everything, or nobody could leave by it.
fn shown(fields: &Fields, all: &[Subscription]) -> Vec<String> {
    let shown: Vec<String> = fields.all("shown").map(str::to_owned).collect();
    if shown.is_empty() { names(all) } else { shown }
}

fn names(all: &[Subscription]) -> Vec<String> {
    all.iter().map(|it| it.newsletter.clone()).collect()
}

/// The language of what a reader gets, or got.
fn own_lang<'a>(web: &'a Web, all: &'a [Subscription]) -> &'a str {
    let confirmed = all.iter().filter(|it| it.status == SubscriptionStatus::Confirmed);
    confirmed.chain(all).next().map_or(&web.site.lang, |it| &it.lang)
}

fn page(web: &Web, all: &[Subscription], saved: bool) -> Response<Body> {
    let confirmed = all.iter().filter(|it| it.status == SubscriptionStatus::Confirmed);
    let kept: Vec<Choice> =
        confirmed.map(|it| Choice { newsletter: it.newsletter.clone(), topics: it.topics.clone() }).collect();
    let lang = own_lang(web, all);
    let labels = web.labels();
    errors::show(web, StatusCode::OK, web.forms(&web.offers(&labels)).preferences(lang, &kept, saved))
}
