//! What readers are offered wherever they subscribe: newsletters, their topics, languages; and the words they agree to.

use serde::Serialize;

use crate::model::newsletter::Newsletter;
use crate::model::signup::{Choice, Wording};
use crate::model::text::Label;
use crate::output::words::{self, Tongue};

/// A newsletter as readers are offered it.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    pub newsletter: &'a Newsletter,
    /// The categories its readers can choose among.
    pub topics: &'a [Label],
    /// What it is about, if not about everything.
    pub subjects: &'a [Label],
}

/// The categories and tags a newsletter is limited to; `labels` gives them their names, or else the configuration.
pub fn subjects(newsletter: &Newsletter, labels: &[Label]) -> Vec<Label> {
    let named = |slug: &String| labels.iter().chain(&newsletter.subjects).find(|label| label.slug == *slug).cloned();
    let bare = |slug: &String| Label { slug: slug.clone(), label: slug.clone() };
    newsletter.categories.iter().chain(&newsletter.tags).map(|slug| named(slug).unwrap_or_else(|| bare(slug))).collect()
}

impl Offer<'_> {
    /// What somebody gets of it who chose these topics.
    pub(in crate::output) fn about(&self, chosen: &[String], tongue: Tongue) -> String {
        let is_chosen = |label: &&Label| chosen.contains(&label.slug);
        let labels: Vec<String> = if chosen.is_empty() {
            self.subjects.iter().map(|label| tongue.shown(&label.label)).collect()
        } else {
            let offered = self.topics.iter().filter(is_chosen).map(|label| tongue.shown(&label.label));
            let gone = chosen.iter().filter(|slug| self.topics.iter().all(|label| label.slug != **slug));
            offered.chain(gone.cloned()).collect()
        };
        if labels.is_empty() { tongue.words().about_everything.to_owned() } else { labels.join(", ") }
    }

    /// Said where nothing can be chosen and not everything comes.
    fn limits(&self, tongue: Tongue) -> Option<String> {
        (self.topics.is_empty() && !self.subjects.is_empty()).then(|| self.about(&[], tongue))
    }

    pub(in crate::output) fn title(&self, tongue: Tongue) -> String {
        tongue.shown(&self.newsletter.title)
    }

    /// How often it appears: said wherever somebody may subscribe.
    pub(in crate::output) fn schedule(&self, tongue: Tongue) -> String {
        words::rhythm(&self.newsletter.rhythm, tongue)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct OfferView<'a> {
    name: &'a str,
    title: String,
    schedule: String,
    limits: Option<String>,
    checked: bool,
    topics: Vec<TopicView>,
}

#[derive(Debug, Serialize)]
struct TopicView {
    slug: String,
    label: String,
    checked: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct LanguageView {
    tag: String,
    name: String,
    checked: bool,
}

impl<'a> OfferView<'a> {
    pub(super) fn new(offer: Offer<'a>, checked: bool, is_chosen: impl Fn(&str) -> bool, tongue: Tongue) -> Self {
        let topic = |label: &Label| TopicView {
            slug: label.slug.clone(),
            label: tongue.shown(&label.label),
            checked: is_chosen(&label.slug),
        };
        Self {
            name: &offer.newsletter.name,
            title: offer.title(tongue),
            schedule: offer.schedule(tongue),
            limits: offer.limits(tongue),
            checked,
            topics: offer.topics.iter().map(topic).collect(),
        }
    }

    /// What a reader has can be kept, whether it is on offer still or not.
    pub(super) fn kept(choice: &'a Choice, offer: Option<Offer<'a>>, tongue: Tongue) -> Self {
        let Some(offer) = offer else {
            let (name, title) = (choice.newsletter.as_str(), choice.newsletter.clone());
            return Self { name, title, schedule: String::new(), limits: None, checked: true, topics: Vec::new() };
        };
        let mut view = Self::new(offer, true, |slug| choice.topics.iter().any(|topic| topic == slug), tongue);
        let gone = choice.topics.iter().filter(|slug| offer.topics.iter().all(|topic| topic.slug != **slug));
        view.topics.extend(gone.map(|slug| TopicView { slug: slug.clone(), label: slug.clone(), checked: true }));
        view
    }
}

/// Those there are words for, and the reader's own if it is another.
pub(super) fn languages(chosen: &str) -> Vec<LanguageView> {
    let own = Tongue::of(chosen).document_lang(chosen);
    let is_known = own == chosen;
    let known = Tongue::French.form_words().languages;
    let view = |[tag, name]: [&str; 2]| {
        let checked = is_known && Tongue::of(chosen).words().lang == tag;
        let tag = if checked { chosen } else { tag };
        LanguageView { tag: tag.to_owned(), name: name.to_owned(), checked }
    };
    let mut all: Vec<LanguageView> = known.into_iter().map(view).collect();
    if !is_known {
        all.push(LanguageView { tag: chosen.to_owned(), name: chosen.to_owned(), checked: true });
    }
    all
}

/// Whether somebody whose language is `own` is offered this one.
pub fn is_language_on_offer(lang: &str, own: &str) -> bool {
    languages(own).iter().any(|offered| offered.tag == lang)
        || Tongue::French.form_words().languages.iter().any(|[tag, _]| *tag == lang)
}

/// The words somebody agrees to by sending the form, as the form shows them: what comes how often, what is kept and why.
pub fn wording(lang: &str, offers: &[Offer]) -> Wording {
    let tongue = Tongue::of(lang);
    let (f, t, colon) = (tongue.form_words(), tongue.words(), tongue.colon());
    let mut lines = Vec::new();
    for offer in offers {
        lines.extend([offer.title(tongue), format!("{}{colon} {}", t.schedule, offer.schedule(tongue))]);
        lines.extend(offer.limits(tongue).map(|limits| format!("{}{colon} {limits}", t.about)));
    }
    lines.extend([f.stored.to_owned(), f.ends.to_owned()]);
    Wording(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn a_subject_that_nothing_is_filed_under_yet_is_called_as_the_configuration_writes_it() {
        let label = |slug: &str, label: &str| Label { slug: slug.to_owned(), label: label.to_owned() };
        let newsletter = Newsletter {
            categories: vec!["agenda".to_owned(), "actualites".to_owned()],
            subjects: vec![label("agenda", "agenda"), label("actualites", "Actualités")],
            ..sample::newsletter()
        };
        let named = subjects(&newsletter, &[label("agenda", "Agenda")]);
        assert_eq!(named, [label("agenda", "Agenda"), label("actualites", "Actualités")]);
    }
}
