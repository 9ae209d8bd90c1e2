//! `subscribers show`: everything that is kept of one person.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::address;
use super::table::for_terminal;
use crate::app::App;
use crate::cli::exit::CONTENT;
use crate::cli::format::Format;
use crate::cli::print::{counted, say};
use crate::model::bounce::score;
use crate::model::delivery::DeliveryState;
use crate::model::signup::Choice;
use crate::model::subscriber::{
    ArrivalRecord, Asked, LetterRecord, SignupRecord, SubscriberRecord, SubscriptionRecord,
};

#[derive(Args)]
pub(in crate::cli) struct Show {
    email: String,
    /// `json` holds everything, to be handed out to the person (GDPR articles 15 and 20)
    #[arg(long, default_value = "human")]
    format: Format,
}

impl Show {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let record = app.store.subscriber(&address(&self.email)?).await?;
        match (&record, self.format) {
            (Some(record), Format::Json) => say!("{}", serde_json::to_string_pretty(&whole(record, Utc::now()))?),
            (None, Format::Json) => say!("null"),
            (Some(record), Format::Human) => print(record, Utc::now()),
            (None, Format::Human) => say!("nothing is kept of this address"),
        }
        Ok(if record.is_some() { ExitCode::SUCCESS } else { ExitCode::from(CONTENT) })
    }
}

fn whole(record: &SubscriberRecord, now: DateTime<Utc>) -> Value {
    let mut whole = json!(record);
    whole["bounce_score"] = json!(score(&record.soft_bounces(), now));
    whole
}

fn print(record: &SubscriberRecord, now: DateTime<Utc>) {
    say!("{}", for_terminal(record.address.as_str()));
    if let Some(name) = &record.name {
        say!("  name: {}", for_terminal(name));
    }
    if let Some(suppression) = &record.suppression {
        say!("  suppressed: {}, since {}", for_terminal(&suppression.reason), day(suppression.at));
    }
    if let Some(limit) = &record.letter_limit {
        say!("  letters since one was answered: {}, the last {}", limit.letters, day(limit.last));
    }
    let soft = record.soft_bounces();
    if !soft.is_empty() {
        say!("  score of soft bounces: {:.2}", score(&soft, now));
    }
    record.subscriptions.iter().for_each(print_subscription);
    record.asked.iter().for_each(print_asked);
    record.signups.iter().for_each(print_signup);
    record.letters.iter().for_each(print_letter);
    record.arrivals.iter().for_each(print_arrival);
}

fn print_subscription(one: &SubscriptionRecord) {
    say!("{}: {}, in {}", one.newsletter, one.status.as_str(), for_terminal(&one.lang));
    print_topics(&one.topics);
    say!("  signed up: {}", day(one.created));
    for (what, at) in [("confirmed", one.confirmed), ("left", one.unsubscribed)] {
        if let Some(at) = at {
            say!("  {what}: {}", day(at));
        }
    }
    for consent in &one.consents {
        let wording = consent.wording_hash.as_ref().map(|hash| format!(", wording {hash}")).unwrap_or_default();
        let confirmed = consent.confirmed.map(|at| format!(", confirmed {}", day(at))).unwrap_or_default();
        say!("  consent: {}, {}{confirmed}{wording}", day(consent.at), for_terminal(&consent.source));
        print_wording(consent.wording.as_deref());
    }
    for delivery in &one.deliveries {
        let number = delivery.number.map(|number| format!("number {number}, ")).unwrap_or_default();
        say!(
            "  mail: {number}{}, “{}” ({}, frozen {}): {}",
            delivery.slot.format("%F %R"),
            for_terminal(&delivery.subject),
            for_terminal(&delivery.variant),
            day(delivery.frozen),
            fate(
                delivery.state,
                delivery.changed,
                delivery.attempts,
                delivery.next_attempt,
                delivery.reason.as_deref()
            )
        );
    }
    for bounce in &one.bounces {
        let status = bounce.status.as_ref().map(|status| format!(" {status}")).unwrap_or_default();
        let number = bounce.number.map(|number| format!(", number {number}")).unwrap_or_default();
        say!("  bounce: {}{status}, {}{number}", bounce.kind.as_str(), day(bounce.at));
    }
}

fn print_asked(one: &Asked) {
    let (at, lang, page) = (day(one.at), for_terminal(&one.lang), for_terminal(&one.page_lang));
    say!("asked on the form: {}, {at}, in {lang}, on a page in {page}", for_terminal(one.address.as_str()));
    print_choices(&one.choices);
    if one.wording.is_some() {
        print_wording(one.wording.as_deref());
    }
}

fn print_choices(choices: &[Choice]) {
    for choice in choices {
        say!("  {}", choice.newsletter);
        print_topics(&choice.topics);
    }
}

fn print_signup(one: &SignupRecord) {
    let state = one.confirmed.map_or_else(|| "not confirmed".to_owned(), |at| format!("confirmed {}", day(at)));
    say!("sign-up: {}, in {}, {state}", day(one.at), for_terminal(&one.lang));
    print_choices(&one.choices);
    say!("  wording {}", one.wording_hash);
    print_wording(Some(&one.wording));
}

fn print_letter(one: &LetterRecord) {
    let kind = if one.asks_to_confirm { "asks to confirm" } else { "leads to the preferences" };
    say!("letter: “{}”, in {}, {kind}, written {}", for_terminal(&one.subject), one.lang, day(one.written));
    say!("  {}", fate(one.state, one.changed, one.attempts, one.next_attempt, one.reason.as_deref()));
}

fn print_arrival(one: &ArrivalRecord) {
    let name = one.name.as_ref().map(|name| format!(", {}", for_terminal(name))).unwrap_or_default();
    say!(
        "in a list that was broken off or is coming in, since {}: {}{name}",
        day(one.began),
        for_terminal(one.address.as_str())
    );
    say!("  {}, in {}, {}", one.newsletter, for_terminal(&one.lang), for_terminal(&one.source));
    print_topics(&one.topics);
}

fn print_topics(topics: &[String]) {
    if !topics.is_empty() {
        say!("  topics: {}", for_terminal(&topics.join(", ")));
    }
}

fn print_wording(wording: Option<&str>) {
    for line in wording.into_iter().flat_map(str::lines) {
        say!("    | {}", for_terminal(line));
    }
}

/// What became of a mail.
fn fate(
    state: DeliveryState,
    changed: DateTime<Utc>,
    attempts: u32,
    next: Option<DateTime<Utc>>,
    reason: Option<&str>,
) -> String {
    let next = next.map(|at| format!(", next {}", day(at))).unwrap_or_default();
    let reason = reason.map(|reason| format!(": {}", for_terminal(reason))).unwrap_or_default();
    format!("{} {}, {}{next}{reason}", state.as_str(), day(changed), counted(attempts, "attempt"))
}

fn day(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%F %R UTC")
}
