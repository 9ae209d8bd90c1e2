//! `[[newsletter]]`: schedule, filter, and what becomes of doubts.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::raw::{RawNewsletter, Text};
use super::span::Fault;
use super::values::{Checked, fault, language, span_of_time};
use crate::model::newsletter::{Newsletter, Schedule};
use crate::model::settings::SiteSettings;
use crate::model::text::{label_slug, slugify};

pub(super) fn newsletters(raw: Vec<RawNewsletter>, site: &SiteSettings) -> Checked<Vec<Newsletter>> {
    let mut names = HashSet::new();
    raw.into_iter()
        .map(|raw| {
            if !names.insert(raw.name.get_ref().clone()) {
                return Err(fault(&raw.name, "newsletter.name", "another newsletter has this name"));
            }
            newsletter(raw, site)
        })
        .collect()
}

fn newsletter(raw: RawNewsletter, site: &SiteSettings) -> Checked<Newsletter> {
    let name = raw.name.get_ref();
    let slug = slugify(name);
    if *name != slug || slug.is_empty() {
        let message = format!("`{name}` cannot stand in an address");
        return Err(fault(&raw.name, "newsletter.name", &message).hint(format!("write `{slug}`")));
    }
    if let Some(approval) = raw.approval.filter(|approval| *approval.get_ref()) {
        return Err(Fault::new(approval.span(), "`newsletter.approval`: waiting for approval is not built yet"));
    }
    Ok(Newsletter {
        name: name.clone(),
        title: raw.title,
        lang: language(raw.language.as_ref(), "newsletter.language")?.unwrap_or_else(|| site.lang.clone()),
        schedule: schedule(&raw.schedule)?,
        categories: raw.categories.iter().map(|label| label_slug(label)).collect(),
        tags: raw.tags.iter().map(|label| label_slug(label)).collect(),
        upcoming: span_of_time(raw.upcoming.as_ref(), "newsletter.upcoming", TimeDelta::days(30))?,
        look_back: span_of_time(raw.look_back.as_ref(), "newsletter.look_back", TimeDelta::days(31))?,
        missed: span_of_time(raw.missed.as_ref(), "newsletter.missed", TimeDelta::hours(12))?,
        on_doubt: raw.on_doubt,
        skip_empty: raw.skip_empty.unwrap_or(true),
    })
}

fn schedule(text: &Text) -> Checked<Schedule> {
    if text.get_ref() == "each" {
        return Err(fault(text, "newsletter.schedule", "one mail an announcement (`each`) is not built yet"));
    }
    Schedule::parse(text.get_ref()).map_err(|reason| {
        fault(text, "newsletter.schedule", &format!("`{}` cannot be a schedule: {reason}", text.get_ref()))
            .hint("minute hour day month weekday: `0 9 * * MON` is every Monday at nine")
    })
}
