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
use crate::model::subscription::{DomainDoubt, EmailAddress};
use crate::model::text::{Label, is_language_tag};
use crate::output::page::forms::{Entered, Fault, Forms};
use crate::output::page::offers::{Offer, wording};
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

    pub(super) fn count_on(&mut self, before: &Self) {
        self.breakers.count_on(&before.breakers);
    }

    pub(super) fn resume(&self, web: &Arc<Web>) {
        self.intake.wake(web);
    }

    pub(super) async fn finish(&self) {
        self.intake.finish().await;
    }
}

impl Web {
    /// The topics each newsletter's readers can choose among now, and what it is about.
    pub(super) fn labels(&self) -> Vec<[Vec<Label>; 2]> {
        let live = self.live();
        let of = |name: &str| live.as_ref().map(|live| live.labels(name)).unwrap_or_default();
        self.newsletters.iter().map(|newsletter| of(&newsletter.name)).collect()
    }

    pub(super) fn offers<'a>(&'a self, labels: &'a [[Vec<Label>; 2]]) -> Vec<Offer<'a>> {
        let offers = self.newsletters.iter().zip(labels);
        offers.map(|(newsletter, [topics, subjects])| Offer { newsletter, topics, subjects }).collect()
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
    let newsletters = chosen.map(|(_, newsletter)| newsletter).collect();
    let labels = web.labels();
    let offers = web.offers(&labels);
    let entered = Entered { newsletters, ..Entered::default() };
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
    let page_lang = url::form_urlencoded::parse(&body).find(|(name, _)| name == "page_lang").map(|(_, lang)| lang);
    let lang = spoken(&web, page_lang.as_deref());
    if origin::is_foreign(&web.site, &headers) {
        return errors::refused(&web, StatusCode::FORBIDDEN, &lang);
    }
    let fields = match Fields::of_form(&headers, &body) {
        Ok(fields) => fields,
        Err(status) => return errors::refused(&web, status, &lang),
    };
    let labels = web.labels();
    let offers = web.offers(&labels);
    let entered = entered(&fields);
    let again =
        |status, faults: &[Fault]| errors::show(&web, status, web.forms(&offers).sign_up(&lang, &entered, faults));
    let (address, choices) = match read(&fields, &offers) {
        Ok(read) => read,
        Err(faults) => return again(StatusCode::UNPROCESSABLE_ENTITY, &faults),
    };
    let message_lang = spoken(&web, entered.lang.as_deref().or(Some(&lang)));
    let agreed: Vec<Offer> = intake::picks(&offers, &choices).iter().map(|pick| pick.offer).collect();
    let wording = Some(wording(&lang, &agreed));
    let wish = Wish { address, lang: message_lang, page_lang: lang.clone(), choices, wording };
    match take(&web, client.0, &wish).await {
        Ok(()) => errors::show(&web, StatusCode::OK, web.forms(&offers).sent(&lang)),
        Err(wait) => {
            let seconds = wait.as_secs().saturating_add(1);
            let mut response = again(StatusCode::SERVICE_UNAVAILABLE, &[Fault::Busy(seconds)]);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    }
}

async fn take(web: &Arc<Web>, client: IpAddr, wish: &Wish) -> Result<(), Duration> {
    /// Until some of what waits has been looked at.
    const CROWDED: Duration = Duration::from_mins(1);
    web.signups.breakers.admit(client)?;
    if web.signups.intake.take(web, wish).await { Ok(()) } else { Err(CROWDED) }
}

/// What is shown again, as it was sent.
fn entered(fields: &Fields) -> Entered {
    let all = |name| fields.all(name).map(str::to_owned).collect();
    Entered {
        email: fields.one("email").unwrap_or_default().to_owned(),
        newsletters: all("newsletter"),
        topics: all("topic"),
        lang: fields.one("lang").filter(|lang| is_language_tag(lang)).map(str::to_owned),
    }
}

/// Whom it is for and what they chose, or all that is wrong with it in the order of the page.
fn read(fields: &Fields, offers: &[Offer]) -> Result<(EmailAddress, Vec<Choice>), Vec<Fault>> {
    let choices = choices(fields);
    match (address(fields), choice_fault(fields, &choices, offers)) {
        (Ok(address), None) => Ok((address, choices)),
        (address, fault) => Err(fault.into_iter().chain(address.err()).collect()),
    }
}

fn address(fields: &Fields) -> Result<EmailAddress, Fault> {
    let email = fields.one("email").unwrap_or_default().trim();
    if email.is_empty() {
        return Err(Fault::NoEmail);
    }
    let address = EmailAddress::parse(email).map_err(|_| Fault::BadEmail)?;
    match address.domain_doubt() {
        None => Ok(address),
        Some(DomainDoubt::NotPublic) => Err(Fault::LocalEmail),
        Some(DomainDoubt::Mixed) => Err(Fault::MixedEmail),
    }
}

fn choice_fault(fields: &Fields, choices: &[Choice], offers: &[Offer]) -> Option<Fault> {
    let offer = |choice: &Choice| offers.iter().find(|offer| offer.newsletter.name == choice.newsletter);
    let is_on_offer = |choice: &Choice, topic: &String| {
        offer(choice).is_some_and(|offer| offer.topics.iter().any(|label| label.slug == *topic))
    };
    let is_chosen = |name: &str| choices.iter().any(|choice| choice.newsletter == name);
    let is_alone = |topic: &str| !topic.split_once('/').is_some_and(|(newsletter, _)| is_chosen(newsletter));
    if choices.is_empty() || choices.iter().any(|choice| offer(choice).is_none()) {
        Some(Fault::NoNewsletter)
    } else if fields.all("topic").any(is_alone) {
        Some(Fault::TopicsAlone)
    } else if choices.iter().any(|choice| !choice.topics.iter().all(|topic| is_on_offer(choice, topic))) {
        Some(Fault::StaleTopics)
    } else {
        None
    }
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
