//! `subscribers add`: one address, on the operator's word.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::import::{language, topics};
use super::{address, consent_source, newsletter};
use crate::app::{App, Topics, has_words};
use crate::cli::exit::{CONTENT, UsageError};
use crate::cli::print::{say, tell};
use crate::model::newsletter::Newsletter;
use crate::model::subscriber::person_name;
use crate::model::subscription::{Added, NewSubscription};

#[derive(Args)]
pub(in crate::cli) struct Add {
    email: String,
    /// Which newsletter; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// The person's name
    #[arg(long)]
    name: Option<String>,
    /// The language of the mails, e.g. `fr`; the newsletter's without it
    #[arg(long)]
    lang: Option<String>,
    /// Only these categories of the newsletter, between commas; everything without it
    #[arg(long, default_value = "", hide_default_value = true)]
    topics: String,
    /// Where the person's consent comes from
    #[arg(long, value_name = "TEXT", default_value = "operator")]
    consent_source: String,
    /// The person left, or is on the suppression list, and asks to be back
    #[arg(long)]
    again: bool,
}

impl Add {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(app, self.newsletter.as_deref())?;
        let topics = topics(&self.topics);
        if !topics.is_empty() {
            known(&app.topics(Utc::now()).await?, newsletter, &topics)?;
        }
        let new = NewSubscription {
            address: address(&self.email)?,
            name: self.name()?,
            lang: self.language()?.unwrap_or_else(|| newsletter.lang.clone()),
            newsletter: newsletter.name.clone(),
            topics,
            consent_source: consent_source(&self.consent_source)?.to_owned(),
        };
        if !has_words(&new.lang) && self.lang.is_some() {
            tell!(
                "there are no words in `{}`: the mails are in the newsletter's language, `{}`",
                new.lang,
                newsletter.lang
            );
        }
        if self.again && app.store.lift_suppression(&new.address).await? {
            say!("taken off the suppression list");
        }
        let added = app.store.add_subscriptions(&[new], self.again, Utc::now()).await?;
        Ok(match added.first() {
            Some(Added::Suppressed) => {
                say!("not added: this address is on the suppression list\n  hint: `--again` if its owner asks for it");
                ExitCode::from(CONTENT)
            }
            Some(Added::Unsubscribed) => {
                say!("not added: this person left {}\n  hint: `--again` if they ask to be back", newsletter.title);
                ExitCode::from(CONTENT)
            }
            Some(Added::AlreadyConfirmed) => {
                say!("already subscribed to {}; nothing was changed", newsletter.title);
                ExitCode::SUCCESS
            }
            _ => {
                say!("subscribed to {}", newsletter.title);
                ExitCode::SUCCESS
            }
        })
    }

    fn name(&self) -> Result<Option<String>, UsageError> {
        person_name(self.name.as_deref().unwrap_or("")).map_err(|error| UsageError(error.to_string()))
    }

    fn language(&self) -> Result<Option<String>, UsageError> {
        self.lang.as_deref().map(|lang| language(lang).map_err(|reason| UsageError(reason.to_owned()))).transpose()
    }
}

fn known(all: &Topics, newsletter: &Newsletter, topics: &[String]) -> Result<(), UsageError> {
    all.check(&newsletter.name, topics).map_err(|unknown| {
        let meant = unknown.nearest.map(|it| format!("did you mean `{it}`? ")).unwrap_or_default();
        let there: Vec<&str> = all.of(&newsletter.name).collect();
        UsageError(format!(
            "{} has no topic `{}`\n  hint: {meant}its topics are {}",
            newsletter.title,
            unknown.given,
            there.join(", ")
        ))
    })
}
