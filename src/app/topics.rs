//! Which topics a newsletter's readers can ask for: the categories of what it is about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::App;
use crate::config::nearest;
use crate::model::newsletter::Newsletter;
use crate::output::words::Tongue;

/// The topics of each newsletter, by its name.
#[derive(Debug, Default)]
pub struct Topics(BTreeMap<String, BTreeSet<String>>);

/// One that no newsletter of this name has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTopic {
    pub given: String,
    /// The one that was rather meant.
    pub nearest: Option<String>,
}

impl App {
    /// What stands in the content folder now, whether it is shown already or not, and what the configuration names.
    ///
    /// # Errors
    /// Where the content folder cannot be read.
    pub async fn topics(&self, now: DateTime<Utc>) -> anyhow::Result<Topics> {
        let loaded = self.read(now).await?;
        let catalog = &loaded.catalog;
        let of = |newsletter: &Newsletter| {
            let about = catalog.all().iter().chain(catalog.left_out()).filter(|it| newsletter.is_about(it));
            let found = about.flat_map(|announcement| &announcement.categories).map(|category| category.slug.clone());
            let is_subject = |slug: &String| newsletter.categories.is_empty() || newsletter.categories.contains(slug);
            found.filter(is_subject).chain(newsletter.categories.iter().cloned()).collect()
        };
        Ok(Topics(self.config.newsletters.iter().map(|it| (it.name.clone(), of(it))).collect()))
    }
}

impl Topics {
    pub fn of(&self, newsletter: &str) -> impl Iterator<Item = &str> {
        self.0.get(newsletter).into_iter().flatten().map(String::as_str)
    }

    /// Each has to be one of the newsletter's. Where it has none yet, there is nothing to compare with.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self, newsletter: &str, topics: &[String]) -> Result<(), UnknownTopic> {
        let Some(known) = self.0.get(newsletter).filter(|known| !known.is_empty()) else { return Ok(()) };
        let Some(unknown) = topics.iter().find(|topic| !known.contains(*topic)) else { return Ok(()) };
        let nearest = nearest(unknown, known.iter().map(String::as_str)).map(str::to_owned);
        Err(UnknownTopic { given: unknown.clone(), nearest })
    }
}

/// Whether mails can be written in this language; others are written in their newsletter's.
pub fn has_words(lang: &str) -> bool {
    Tongue::of(lang).document_lang(lang) == lang
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_of_its_newsletters() {
        let known = BTreeSet::from(["atelier".to_owned(), "conference".to_owned()]);
        let topics = Topics(BTreeMap::from([("news".to_owned(), known), ("empty".to_owned(), BTreeSet::new())]));
        let check = |newsletter: &str, topic: &str| topics.check(newsletter, &[topic.to_owned()]);
        assert_eq!(check("news", "atelier"), Ok(()));
        assert_eq!(check("empty", "atelier"), Ok(()), "nothing to compare with");
        let unknown = |given: &str, nearest: Option<&str>| {
            Err(UnknownTopic { given: given.to_owned(), nearest: nearest.map(str::to_owned) })
        };
        assert_eq!(check("news", "ateliers"), unknown("ateliers", Some("atelier")));
        assert_eq!(check("news", "xyz"), unknown("xyz", None));
    }

    #[test]
    fn mails_are_written_in_languages_there_are_words_for() {
        assert!(has_words("fr") && has_words("en") && has_words("fr-CA"));
        assert!(!has_words("de") && !has_words("frr"));
    }
}
