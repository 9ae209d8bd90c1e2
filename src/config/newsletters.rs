//! `[[newsletter]]`: schedule, filter, and what becomes of doubts.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::raw::{RawNewsletter, Text};
use super::values::{Checked, fault, language, span_of_time};
use crate::model::newsletter::{Newsletter, Rhythm};
use crate::model::schedule::Schedule;
use crate::model::settings::SiteSettings;
use crate::model::text::{Label, label_slug, slugify};

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
    let rhythm = rhythm(&raw.schedule)?;
    // one mail an announcement begins with what appears from now on
    let look_back = if rhythm.schedule().is_some() { TimeDelta::days(31) } else { TimeDelta::days(1) };
    Ok(Newsletter {
        name: name.clone(),
        title: raw.title,
        lang: language(raw.language.as_ref(), "newsletter.language")?.unwrap_or_else(|| site.lang.clone()),
        rhythm,
        categories: raw.categories.iter().map(|label| label_slug(label)).collect(),
        tags: raw.tags.iter().map(|label| label_slug(label)).collect(),
        subjects: raw.categories.iter().chain(&raw.tags).filter_map(|label| Label::new(label)).collect(),
        upcoming: span_of_time(raw.upcoming.as_ref(), "newsletter.upcoming", TimeDelta::days(30))?,
        look_back: span_of_time(raw.look_back.as_ref(), "newsletter.look_back", look_back)?,
        missed: span_of_time(raw.missed.as_ref(), "newsletter.missed", TimeDelta::hours(12))?,
        on_doubt: raw.on_doubt,
        approval: raw.approval,
        skip_empty: raw.skip_empty.unwrap_or(true),
        attach_calendar: raw.attach_calendar,
    })
}

fn rhythm(text: &Text) -> Checked<Rhythm> {
    if text.get_ref() == "each" {
        return Ok(Rhythm::Each);
    }
    Schedule::parse(text.get_ref()).map(|schedule| Rhythm::Scheduled(Box::new(schedule))).map_err(|reason| {
        fault(text, "newsletter.schedule", &format!("`{}` cannot be a schedule: {reason}", text.get_ref())).hint(
            "minute hour day month weekday: `0 9 * * MON` is every Monday at nine; or `each`: one mail an announcement",
        )
    })
}
