//! From crieur.toml as typed to the configuration, section by section.

use std::path::Path;

use chrono_tz::Tz;

use super::Config;
use super::content::content;
use super::http::http;
use super::mail::mail;
use super::newsletters::newsletters;
use super::publish::{publish, store};
use super::raw::Raw;
use super::values::{Checked, language, page_address, web_address, zone};
use crate::model::settings::{SiteSettings, SubscribeSettings};

pub(super) fn check(file: &Path, raw: Raw) -> Checked<Config> {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let url = web_address(&raw.site.url, "site.url")?;
    let public_url = raw.http.public_url.as_ref().map(|text| web_address(text, "http.public_url")).transpose()?;
    let site = SiteSettings {
        public_url: public_url.unwrap_or_else(|| url.clone()),
        title: raw.site.title,
        url,
        description: raw.site.description,
        lang: language(raw.site.language.as_ref(), "site.language")?.unwrap_or_else(|| "en".to_owned()),
        zone: raw.site.timezone.as_ref().map_or(Ok(Tz::UTC), |text| zone(text, "site.timezone"))?,
        author: raw.site.author,
        rights: raw.site.rights,
        privacy_url: raw.site.privacy_url.as_ref().map(|text| page_address(text, "site.privacy_url")).transpose()?,
    };
    let usual = SubscribeSettings::default();
    let content = content(raw.content, &base)?;
    Ok(Config {
        publish: publish(&raw.publish, &base, &content.dir)?,
        content,
        newsletters: newsletters(raw.newsletter, &site)?,
        mail: mail(&raw.mail, &site, &base)?,
        store: store(raw.store.url.as_ref(), &base)?,
        http: http(&raw.http)?,
        subscribe: SubscribeSettings {
            per_network: raw.subscribe.per_network.unwrap_or(usual.per_network),
            per_hour: raw.subscribe.per_hour.unwrap_or(usual.per_hour),
        },
        templates: base.join("templates"),
        file: file.to_owned(),
        site,
    })
}
