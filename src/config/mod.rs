//! `crieur.toml` → checked settings. Every error names file, line and key.

mod check;
mod content;
mod http;
mod mail;
mod newsletters;
mod publish;
mod raw;
mod secrets;
mod span;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use self::span::{ConfigError, nearest};
use crate::model::network::Network;
use crate::model::newsletter::Newsletter;
use crate::model::settings::{ContentSettings, MailSettings, PublishSettings, SiteSettings, SubscribeSettings};

/// Where the state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    Sqlite(PathBuf),
}

/// `[http]`.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub listen: SocketAddr,
    /// Where the status page and the metrics are; nowhere unless asked for, so that two daemons share a machine.
    pub admin_listen: Option<SocketAddr>,
    /// Names those may be asked for under, besides loopback and the address itself; in lower case.
    pub admin_hosts: Vec<String>,
    /// Proxies before us, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

/// All settings, checked; paths are absolute or relative to the working directory.
#[derive(Debug, Clone)]
pub struct Config {
    pub file: PathBuf,
    pub site: SiteSettings,
    pub content: ContentSettings,
    pub publish: PublishSettings,
    pub newsletters: Vec<Newsletter>,
    pub mail: MailSettings,
    pub store: StoreLocation,
    pub http: HttpSettings,
    pub subscribe: SubscribeSettings,
    /// Templates that replace compiled-in ones, beside the configuration.
    pub templates: PathBuf,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        if file.is_dir() {
            return Err(ConfigError::folder(file));
        }
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::unreadable(file, &error))?;
        Self::parse(file, &text)
    }

    /// Checks a configuration text as if it stood in `file`, whose folder its relative paths start from.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let raw = raw::read(text).map_err(|fault| fault.at(file, text))?;
        check::check(file, raw).map_err(|fault| fault.at(file, text))
    }

    pub fn newsletter(&self, name: &str) -> Option<&Newsletter> {
        self.newsletters.iter().find(|newsletter| newsletter.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "[site]\ntitle = \"t\"\nurl = \"https://example.org\"\n";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("here/crieur.toml"), text)
    }

    #[test]
    fn a_site_is_enough() {
        let config = parse(SITE).expect("a configuration");
        assert_eq!(config.content.dir, Path::new("here/content"));
        assert_eq!(config.store, StoreLocation::Sqlite("here/state/crieur.db".into()));
        assert_eq!(config.mail.from.address.as_str(), "crieur@example.org");
        assert_eq!(config.site.public_url.as_str(), "https://example.org/");
        assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn the_configuration_of_the_design_is_understood() {
        let text = r#"
[site]
title = "Actualités"
url = "https://www.numerique.gouv.fr"
description = "Annonces"
language = "fr"
timezone = "Europe/Paris"
author = "DINUM"
rights = "Licence Ouverte 2.0"
[content]
dir = "content"
profile = "jekyll"
future = "hold"
max_withdrawn = 0.2
[content.fields]
title = "titre | title"
images = [{ each = "photos[]", src = "file", alt = "alt" }]
[[content.folder]]
match = "agenda/**"
kind = "agenda"
url = "/agenda/{slug}/"
timezone = "Europe/Paris"
offset = "wall-clock"
defaults = { categories = ["Agenda"] }
[publish]
dir = "public"
limit = 50
content = "full"
websub_hubs = ["https://hub.example/"]
colors = { "Appel à défis" = "Teal" }
[[newsletter]]
name = "ux"
title = "UX"
schedule = "0 9 * * MON"
categories = ["Appel à défis"]
tags = []
upcoming = "30d"
look_back = "31d"
missed = "12h"
on_doubt = "hold"
approval = false
skip_empty = true
attach_calendar = true
[mail]
from = "Communauté UX <ux@example.org>"
reply_to = "contact@example.org"
bounce_address = "bounces@example.org"
transport = "smtp"
smtp = { host = "127.0.0.1", port = 2525, tls = "none" }
connections = 4
rate = 600
domain_rate = 120
domain_rates = { "Orange.fr" = 60 }
quiet_hours = "21:00-07:00"
dkim = []
[store]
url = "sqlite:/var/lib/crieur/crieur.db"
[http]
listen = "127.0.0.1:0"
public_url = "https://crieur.example.org"
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
"#;
        let config = parse(text).expect("a configuration");
        assert_eq!(config.newsletters[0].categories, ["appel-a-defis"]);
        assert_eq!(config.newsletters[0].subjects[0].label, "Appel à défis");
        assert_eq!(config.publish.color("appel-a-defis").as_str(), "teal");
        assert_eq!(config.store, StoreLocation::Sqlite("/var/lib/crieur/crieur.db".into()));
        assert_eq!(config.site.public_url.as_str(), "https://crieur.example.org/");
        assert_eq!(config.mail.domain_rates.keys().collect::<Vec<_>>(), ["orange.fr"]);
        let night = "2027-01-10T22:00:00Z".parse().expect("an instant");
        assert!(config.mail.quiet_hours.is_some_and(|hours| hours.until(night).is_some()));
        assert!(config.content.folders[0].pattern.is_match("agenda/2019/x.md"));
        assert!((config.content.max_withdrawn - 0.2).abs() < 1e-9);
    }

    #[test]
    fn every_mistake_is_named_by_line_and_key() {
        let letter = "[[newsletter]]\nname = \"ux\"\ntitle = \"UX\"\n";
        for (text, line, part) in [
            ("[site]\ntitle = \"t\"\n", 1, "`url`"),
            (&format!("{SITE}tilte = 1\n")[..], 4, "`title`"),
            (&format!("{SITE}[contnet]\n"), 4, "`content`"),
            (&format!("{SITE}timezone = \"Europe/Pari\"\n"), 4, "Europe/Paris"),
            (&format!("{SITE}title = \"again\"\n"), 4, "duplicate"),
            (&format!("{SITE}language = \"klingon\"\n"), 4, "`fr`"),
            (&format!("{SITE}language = \"fr_FR\"\n"), 4, "did you mean `fr-FR`?"),
            (&format!("{SITE}{letter}schedule = \"0 9 30 2 *\"\n"), 7, "never comes due"),
            (&format!("{SITE}language = 3\n"), 4, "string"),
            ("[site]\ntitle = \"t\"\nurl = \"example.org\"\n", 3, "site.url"),
            ("[site]\ntitle = \"t\"\nurl = \"ftp://example.org\"\n", 3, "site.url"),
            (&format!("{SITE}[content]\nprofile = \"jekyl\"\n"), 5, "jekyll"),
            (&format!("{SITE}[mail]\nquiet_hours = \"21-07\"\n"), 5, "mail.quiet_hours"),
            (&format!("{SITE}[mail]\ndomain_rates = {{ \"a b\" = 1 }}\n"), 5, "mail.domain_rates"),
            (&format!("{SITE}[mail]\ndomain_rate = 0\n"), 5, "nonzero"),
            (&format!("{SITE}[content]\ntypography = \"langage\"\n"), 5, "did you mean `language`?"),
            (&format!("{SITE}[content.fields]\ntitel = \"x\"\n"), 5, "`title`"),
            (&format!("{SITE}[content.fields]\ntitle = \"a..b\"\n"), 5, "is not a path"),
            (&format!("{SITE}[[content.folder]]\nmatch = \"a[\"\n"), 5, "content.folder.match"),
            (&format!("{SITE}{letter}schedule = \"each monday\"\n"), 7, "newsletter.schedule"),
            (&format!("{SITE}{letter}schedule = \"0 9 * * MON\"\nlook_back = \"31\"\n"), 8, "newsletter.look_back"),
            (&format!("{SITE}{letter}schedule = \"0 9 * * MON\"\napproval = \"yes\"\n"), 8, "expected a boolean"),
            (
                &format!("{SITE}{letter}schedule = \"0 9 * * 1\"\n{letter}schedule = \"0 9 * * 1\"\n"),
                9,
                "newsletter.name",
            ),
            (&format!("{SITE}[[newsletter]]\nname = \"Ü X\"\ntitle = \"\"\nschedule = \"0 9 * * 1\"\n"), 5, "`u-x`"),
            (&format!("{SITE}[publish]\ncolors = {{ a = \"tael\" }}\n"), 5, "`teal`"),
            (&format!("{SITE}[mail]\nfrom = \"nobody\"\n"), 5, "mail.from"),
            (&format!("{SITE}[publish]\ndir = \".\"\n"), 5, "publish.dir"),
            (&format!("{SITE}[publish]\ndir = \"content/site\"\n"), 5, "publish.dir"),
            (&format!("{SITE}[mail]\ntransport = \"smtp\"\n"), 5, "mail.smtp"),
            (
                &format!(
                    "{SITE}[mail]\ntransport = \"smtp\"\nsmtp = {{ host = \"mx.example.org\", tls = \"none\" }}\n"
                ),
                6,
                "mail.smtp.tls",
            ),
            (&format!("{SITE}[mail]\nconnections = 0\n"), 5, "nonzero"),
            (&format!("{SITE}[store]\nurl = \"mysql://x\"\n"), 5, "store.url"),
            (&format!("{SITE}[http]\nlisten = \"8080\"\n"), 5, "http.listen"),
            (&format!("{SITE}[http]\ntrusted_proxies = [\n\"nginx\"]\n"), 6, "http.trusted_proxies"),
            (&format!("{SITE}[http]\ntrusted_proxies = [\"0.0.0.0/0\"]\n"), 5, "everyone"),
            ("[site\n", 1, "`]`"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text}\n{error}");
            assert!(error.to_string().contains(part), "{text}\n{error}");
        }
    }

    #[test]
    fn a_folder_is_no_configuration_but_may_hold_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Config::load(folder.path()).expect_err("a folder").to_string();
        assert!(error.contains("is a folder") && error.contains("crieur init"), "{error}");
        std::fs::write(folder.path().join("crieur.toml"), SITE).expect("a file");
        let error = Config::load(folder.path()).expect_err("a folder").to_string();
        assert!(error.contains("crieur.toml`?"), "{error}");
    }
}
