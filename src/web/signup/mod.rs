//! Signing up: the form, and the one answer everybody gets to it, whatever is known of the address.

mod breakers;
mod intake;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use self::breakers::Breakers;
use self::intake::Intake;
use super::fields::Fields;
use super::{Client, Web, errors, origin};
use crate::model::settings::SubscribeSettings;
use crate::model::signup::{Choice, Wish};
use crate::model::subscription::EmailAddress;
use crate::model::text::Label;
use crate::output::page::forms::{Entered, Fault, Forms, Offer};
use crate::output::words::Tongue;

/// What outlives one request.
pub(super) struct Signups {
    breakers: Breakers,
    intake: Intake,
}

impl Signups {
    pub(super) fn new(settings: SubscribeSettings) -> Self {
        Self { breakers: Breakers::new(settings), intake: Intake::new() }
    }

    pub(super) fn resume(&self, web: &Arc<Web>) {
        self.intake.wake(web);
    }

    pub(super) async fn finish(&self) {
        self.intake.finish().await;
    }
}

impl Web {
    /// The topics each newsletter's readers can choose among now.
    pub(super) fn topics(&self) -> Vec<Vec<Label>> {
        let live = self.live();
        let of = |name: &str| live.as_ref().and_then(|live| live.topics(name)).unwrap_or_default().to_vec();
        self.newsletters.iter().map(|newsletter| of(&newsletter.name)).collect()
    }

    pub(super) fn offers<'a>(&'a self, topics: &'a [Vec<Label>]) -> Vec<Offer<'a>> {
        let offers = self.newsletters.iter().zip(topics);
        offers.map(|(newsletter, topics)| Offer { newsletter, topics }).collect()
    }

    pub(super) fn forms<'a>(&'a self, offers: &'a [Offer<'a>]) -> Forms<'a> {
        Forms { templates: &self.templates, site: &self.site, offers }
    }
}

/// Shows the form; `?newsletter=` and `?lang=` choose beforehand.
pub(super) async fn form(State(web): State<Arc<Web>>, RawQuery(query): RawQuery) -> Response<Body> {
    if web.newsletters.is_empty() {
        return errors::page(&web, StatusCode::NOT_FOUND);
    }
    let query = query.unwrap_or_default();
    let asked: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let lang = asked.iter().find(|(name, _)| name == "lang").map(|(_, lang)| lang.as_str());
    let lang = spoken(&web, lang);
    let chosen = asked.into_iter().filter(|(name, _)| name == "newsletter");
    let choices = chosen.map(|(_, newsletter)| Choice { newsletter, topics: Vec::new() }).collect();
    let topics = web.topics();
    let offers = web.offers(&topics);
    let entered = Entered { choices, ..Entered::default() };
    errors::show(&web, StatusCode::OK, web.forms(&offers).sign_up(&lang, &entered, &[]))
}

/// Takes a sign-up: notes it, answers, and only then looks up what it causes.
pub(super) async fn sign_up(
    State(web): State<Arc<Web>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if web.newsletters.is_empty() {
        return errors::page(&web, StatusCode::NOT_FOUND);
    }
    if origin::is_foreign(&web.site, &headers) {
        return errors::page(&web, StatusCode::FORBIDDEN);
    }
    let fields = match Fields::of_form(&headers, &body) {
        Ok(fields) => fields,
        Err(status) => return errors::page(&web, status),
    };
    let topics = web.topics();
    let offers = web.offers(&topics);
    let lang = spoken(&web, fields.one("page_lang"));
    let (entered, faults) = read(&fields, &offers);
    let address = EmailAddress::parse(&entered.email).ok().filter(|_| faults.is_empty());
    let Some(address) = address else {
        let page = web.forms(&offers).sign_up(&lang, &entered, &faults);
        return errors::show(&web, StatusCode::UNPROCESSABLE_ENTITY, page);
    };
    let message_lang = spoken(&web, entered.lang.as_deref().or(Some(&lang)));
    let wish = Wish { address, lang: message_lang, page_lang: lang.clone(), choices: entered.choices };
    match take(&web, client.0, &wish).await {
        Ok(()) => errors::show(&web, StatusCode::OK, web.forms(&offers).sent(&lang)),
        Err(wait) => busy(&web, wait),
    }
}

async fn take(web: &Arc<Web>, client: IpAddr, wish: &Wish) -> Result<(), Duration> {
    /// Until some of what waits has been looked at.
    const CROWDED: Duration = Duration::from_mins(1);
    web.signups.breakers.admit(client)?;
    if web.signups.intake.take(web, wish).await { Ok(()) } else { Err(CROWDED) }
}

/// The same for everybody, whatever the address.
fn busy(web: &Web, wait: Duration) -> Response<Body> {
    let mut response = errors::page(web, StatusCode::SERVICE_UNAVAILABLE);
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

/// What was entered, and all that is wrong with it.
fn read(fields: &Fields, offers: &[Offer]) -> (Entered, Vec<Fault>) {
    let mut faults = Vec::new();
    let email = fields.one("email").unwrap_or_default().trim().to_owned();
    if email.is_empty() {
        faults.push(Fault::NoEmail);
    } else if EmailAddress::parse(&email).is_err() {
        faults.push(Fault::BadEmail);
    }
    let choices = choices(fields);
    let offer = |choice: &Choice| offers.iter().find(|offer| offer.newsletter.name == choice.newsletter);
    let is_on_offer = |choice: &Choice, topic: &String| {
        offer(choice).is_some_and(|offer| offer.topics.iter().any(|label| label.slug == *topic))
    };
    if choices.is_empty() || choices.iter().any(|choice| offer(choice).is_none()) {
        faults.push(Fault::NoNewsletter);
    } else if choices.iter().any(|choice| !choice.topics.iter().all(|topic| is_on_offer(choice, topic))) {
        faults.push(Fault::StaleTopics);
    }
    (Entered { email, choices, lang: fields.one("lang").map(str::to_owned) }, faults)
}

/// The newsletters chosen, each with its topics; those of a newsletter that was not chosen mean nothing.
pub(super) fn choices(fields: &Fields) -> Vec<Choice> {
    let topics = |newsletter: &str| {
        let topics = fields.all("topic").filter_map(|topic| topic.split_once('/'));
        topics.filter(|(of, _)| *of == newsletter).map(|(_, topic)| topic.to_owned()).collect()
    };
    let choice = |newsletter: &str| Choice { newsletter: newsletter.to_owned(), topics: topics(newsletter) };
    fields.all("newsletter").map(choice).collect()
}

/// A language there are words for; the site's where none is asked for.
fn spoken(web: &Web, lang: Option<&str>) -> String {
    let lang = lang.unwrap_or(&web.site.lang);
    let known = Tongue::of(lang).words().lang;
    // another region's words are the same: what a browser made up is not kept
    if lang == web.site.lang { Tongue::of(lang).document_lang(lang).to_owned() } else { known.to_owned() }
}
