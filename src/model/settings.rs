//! The checked settings the rooms work by. How they are written in TOML is `config`'s business.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use url::Url;

use super::announcement::Announcement;
use super::color::Color;
use super::dkim::DkimSettings;
use super::profile::FieldRule;
use super::quiet::QuietHours;
use super::subscription::EmailAddress;

/// `[site]`: who publishes.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    pub title: String,
    /// The site the announcements belong to; always ends with `/`.
    pub url: Url,
    pub description: String,
    /// BCP 47 language tag.
    pub lang: String,
    pub zone: Tz,
    pub author: Option<String>,
    /// Who may do what with the texts, e.g. "Licence Ouverte 2.0".
    pub rights: Option<String>,
    /// Where crieur's own pages and feeds are reached (`[http] public_url`); always ends with `/`.
    pub public_url: Url,
    /// Where the site says what it does with people's data, if anywhere.
    pub privacy_url: Option<Url>,
}

impl SiteSettings {
    /// The absolute address of one of crieur's own documents, by its path without a leading `/`.
    pub fn own_url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}

/// `[subscribe]`: how many sign-ups are taken in an hour. Issues are none of its business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscribeSettings {
    /// From one network's neighbours (/24, /64).
    pub per_network: NonZeroU32,
    /// From everybody.
    pub per_hour: NonZeroU32,
}

impl Default for SubscribeSettings {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("a number above 0");
        Self { per_network: number(60), per_hour: number(600) }
    }
}

/// Which generator's habits the files follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    Numerique,
    Jekyll,
    Hugo,
    Zola,
}

/// Who decides on quotes, dashes and the spaces around them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Typography {
    /// As the site's own generator does it, so that both look the same.
    #[default]
    Generator,
    /// As the announcement's language wants it.
    Language,
    /// Everything stays as written.
    None,
}

/// What an offset that contradicts the zone is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetPolicy {
    /// The offset is right.
    #[default]
    Trust,
    /// The clock is right, in the zone of the site: the offset is ignored.
    WallClock,
}

/// `[[content.folder]]`: what holds for the files a pattern matches. The first that matches decides.
#[derive(Debug, Clone)]
pub struct FolderRule {
    /// A glob over the path below the content folder, e.g. `agenda/**`.
    pub pattern: globset::GlobMatcher,
    pub kind: Option<String>,
    /// e.g. `/agenda/{slug}/`; `{folder}`, `{year}`, `{month}`, `{day}` and `{slug}` are filled in.
    pub url: Option<String>,
    pub lang: Option<String>,
    pub zone: Option<Tz>,
    pub offset: OffsetPolicy,
    /// Front matter taken where the file gives none.
    pub defaults: serde_json::Map<String, serde_json::Value>,
}

/// `[content]`: where announcements are and how they are read.
#[derive(Debug, Clone)]
pub struct ContentSettings {
    pub dir: PathBuf,
    pub profile: ProfileName,
    pub typography: Typography,
    /// Overrides of the profile's mapping, key by key.
    pub fields: BTreeMap<String, FieldRule>,
    pub folders: Vec<FolderRule>,
    /// Folder that holds what site paths such as `/uploads/x.pdf` name, if it is here.
    pub assets: Option<PathBuf>,
    /// Largest file that is read, in bytes.
    pub max_bytes: u64,
    /// The largest share of what readers see that one scan may withdraw without the operator's word, from 0 to 1.
    pub max_withdrawn: f64,
}

/// What of an announcement goes into a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedContent {
    #[default]
    Full,
    Summary,
    /// Whole texts under the usual paths, summaries beside them.
    Both,
}

/// `[publish]`: what is written where.
#[derive(Debug, Clone)]
pub struct PublishSettings {
    pub dir: PathBuf,
    /// Most entries a feed carries.
    pub limit: usize,
    pub content: FeedContent,
    pub websub_hubs: Vec<Url>,
    /// How often clients are asked to come back.
    pub refresh: TimeDelta,
    /// The colours categories and tags have in calendars, by their slugs, where the operator chose.
    pub colors: BTreeMap<String, Color>,
}

impl PublishSettings {
    /// The colour of a category or tag, by its slug.
    pub fn color(&self, slug: &str) -> Color {
        self.colors.get(slug).copied().unwrap_or_else(|| Color::of_slug(slug))
    }

    /// The colour of an event: the first the operator chose for a label of it, else that of its first category.
    pub fn event_color(&self, announcement: &Announcement) -> Option<Color> {
        let Announcement { categories, tags, .. } = announcement;
        let chosen = categories.iter().chain(tags).find_map(|label| self.colors.get(&label.slug).copied());
        chosen.or_else(|| categories.first().map(|category| Color::of_slug(&category.slug)))
    }
}

/// Who a mail is from: a name people read and an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: EmailAddress,
}

/// How the way to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// In the clear: only to a loopback address, or `anywhere` where the operator says so. Never with a password.
    None { anywhere: bool },
    /// Plain at first, then STARTTLS (RFC 3207); a relay that does not offer it gets nothing.
    Starttls,
    /// TLS from the first octet (RFC 8314 §3.3), usually port 465.
    Implicit,
}

/// What the relay wants to know us by. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The relay mails are handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// A name or an address; looked up at every connection.
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Certificates (DER) of those who may vouch for the relay, instead of the public ones; empty: the public ones.
    pub authorities: Vec<Vec<u8>>,
    pub credentials: Option<Credentials>,
}

/// Where mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTransport {
    Smtp(SmtpSettings),
    /// A Maildir with one `.eml` file a mail.
    Folder {
        dir: PathBuf,
    },
}

/// `[mail]`: who writes, and by which way mails leave.
#[derive(Debug, Clone)]
pub struct MailSettings {
    pub from: Mailbox,
    pub reply_to: Option<EmailAddress>,
    /// The envelope sender, where delivery reports go, with a token for each mail; `from` without one unless given.
    pub bounce_address: Option<EmailAddress>,
    /// Where a mail server hands those over by LMTP: a path, or `host:port`.
    pub bounce_lmtp: Option<String>,
    pub transport: MailTransport,
    /// How many connections to the relay are open at once.
    pub connections: NonZeroUsize,
    /// Most messages a minute, over all connections.
    pub rate: Option<NonZeroU32>,
    /// Most messages a minute to any one domain.
    pub domain_rate: Option<NonZeroU32>,
    /// The same for these domains, in lower case ASCII.
    pub domain_rates: BTreeMap<String, NonZeroU32>,
    /// When no issue goes out.
    pub quiet_hours: Option<QuietHours>,
    /// Each signs every mail; none where mails go out unsigned.
    pub dkim: Vec<DkimSettings>,
}

impl MailSettings {
    /// The envelope sender.
    pub fn sender(&self) -> &EmailAddress {
        self.bounce_address.as_ref().unwrap_or(&self.from.address)
    }
}
