//! crieur.toml as written: shapes only. What the values mean is checked in `check`.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::Deserialize;
use toml::{Spanned, Value};

use super::span::{Fault, nearest};
use crate::model::delivery::OnDoubt;
use crate::model::settings::{FeedContent, OffsetPolicy, ProfileName, Typography};

pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub site: RawSite,
    #[serde(default)]
    pub content: RawContent,
    #[serde(default)]
    pub publish: RawPublish,
    #[serde(default)]
    pub newsletter: Vec<RawNewsletter>,
    #[serde(default)]
    pub mail: RawMail,
    #[serde(default)]
    pub store: RawStore,
    #[serde(default)]
    pub http: RawHttp,
    #[serde(default)]
    pub subscribe: RawSubscribe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSite {
    pub title: String,
    pub url: Text,
    #[serde(default)]
    pub description: String,
    pub language: Option<Text>,
    pub timezone: Option<Text>,
    pub author: Option<String>,
    pub rights: Option<String>,
    pub privacy_url: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContent {
    pub dir: Option<String>,
    pub profile: Option<ProfileName>,
    #[serde(default)]
    pub typography: Typography,
    pub assets: Option<String>,
    pub future: Option<Future>,
    pub max_withdrawn: Option<Spanned<f64>>,
    pub max_bytes: Option<u64>,
    #[serde(default)]
    pub fields: std::collections::BTreeMap<Text, Value>,
    #[serde(default)]
    pub folder: Vec<RawFolder>,
}

/// What is done with an announcement dated ahead: it waits for its hour.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Future {
    Hold,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFolder {
    #[serde(rename = "match")]
    pub pattern: Text,
    pub kind: Option<String>,
    pub url: Option<String>,
    pub language: Option<Text>,
    pub timezone: Option<Text>,
    #[serde(default)]
    pub offset: OffsetPolicy,
    #[serde(default)]
    pub defaults: toml::Table,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPublish {
    pub dir: Option<Text>,
    pub limit: Option<NonZeroUsize>,
    #[serde(default)]
    pub content: FeedContent,
    #[serde(default)]
    pub websub_hubs: Vec<Text>,
    pub refresh: Option<Text>,
    #[serde(default)]
    pub colors: std::collections::BTreeMap<Text, Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNewsletter {
    pub name: Text,
    pub title: String,
    pub language: Option<Text>,
    pub schedule: Text,
    #[serde(default)]
    pub categories: Vec<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    pub upcoming: Option<Text>,
    pub look_back: Option<Text>,
    pub missed: Option<Text>,
    #[serde(default)]
    pub on_doubt: OnDoubt,
    #[serde(default)]
    pub approval: bool,
    pub skip_empty: Option<bool>,
    #[serde(default)]
    pub attach_calendar: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    pub from: Option<Text>,
    pub reply_to: Option<Text>,
    pub bounce_address: Option<Text>,
    pub bounce_lmtp: Option<Text>,
    pub transport: Option<Spanned<RawTransport>>,
    pub dir: Option<String>,
    pub smtp: Option<RawSmtp>,
    pub connections: Option<NonZeroUsize>,
    pub rate: Option<NonZeroU32>,
    pub domain_rate: Option<NonZeroU32>,
    #[serde(default)]
    pub domain_rates: std::collections::BTreeMap<Text, NonZeroU32>,
    pub quiet_hours: Option<Text>,
    #[serde(default)]
    pub dkim: Vec<RawDkim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDkim {
    pub selector: Text,
    pub domain: Option<Text>,
    pub key_file: Text,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawTransport {
    Smtp,
    Folder,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSmtp {
    pub host: String,
    pub port: Option<u16>,
    pub tls: Option<Spanned<RawTls>>,
    pub ca_file: Option<Text>,
    pub user: Option<Text>,
    pub password_file: Option<Text>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawTls {
    None,
    Starttls,
    Implicit,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub url: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub listen: Option<Text>,
    pub admin_listen: Option<Text>,
    #[serde(default)]
    pub admin_hosts: Vec<Text>,
    pub public_url: Option<Text>,
    #[serde(default)]
    pub trusted_proxies: Vec<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSubscribe {
    pub per_network: Option<NonZeroU32>,
    pub per_hour: Option<NonZeroU32>,
}

/// Reads the shapes; an unknown word is answered with the nearest known one.
pub(super) fn read(text: &str) -> Result<Raw, Fault> {
    toml::from_str(text).map_err(|error| {
        let fault = Fault::new(error.span().unwrap_or(0..0), error.message().replace('\n', " "));
        match words(error.message()) {
            Some((given, known)) => match nearest(given, known) {
                Some(word) => fault.hint(format!("did you mean `{word}`?")),
                None => fault,
            },
            None => fault,
        }
    })
}

/// The word that was given and those that were expected, from serde's message: "unknown field `a`, expected one of `b`, `c`".
fn words(message: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let rest = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    Some((quoted.next()?, quoted))
}
