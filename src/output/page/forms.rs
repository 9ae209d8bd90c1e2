//! Pages with forms: signing up, confirming, preferences. None needs a script; a form posts to a path or to where it stands,
//! so that no token is in it.

use serde::Serialize;

use super::frame::Frame;
use super::{Page, finish};
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::signup::{Choice, Wording};
use crate::model::text::Label;
use crate::output::templates::Templates;
use crate::output::words::{self, FormWords, Tongue};

/// A newsletter and the categories its readers can choose among.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    pub newsletter: &'a Newsletter,
    pub topics: &'a [Label],
}

/// What somebody entered, shown again where it cannot be taken.
#[derive(Debug, Clone, Default)]
pub struct Entered {
    pub email: String,
    pub choices: Vec<Choice>,
    /// Of the messages; the page's own where none was chosen.
    pub lang: Option<String>,
}

/// Why a form cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    NoEmail,
    BadEmail,
    NoNewsletter,
    StaleTopics,
}

/// How far a sign-up is that a link was followed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Asks for the button.
    Open,
    /// With the address of the preferences.
    Confirmed(String),
    /// Too late, or forgotten.
    Expired,
    /// Confirmed once, left since.
    Used,
}

/// What pages with forms are made of.
#[derive(Clone, Copy)]
pub struct Forms<'a> {
    pub templates: &'a Templates,
    pub site: &'a SiteSettings,
    pub offers: &'a [Offer<'a>],
}

#[derive(Debug, Serialize)]
struct FormPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
    form: FormView<'a>,
    /// The same page in the other language.
    other: String,
}

/// What `page/signup_fields.html` shows.
#[derive(Debug, Serialize)]
pub(super) struct FormView<'a> {
    action: String,
    email: String,
    offers: Vec<OfferView<'a>>,
    languages: Vec<LanguageView>,
    page_lang: &'static str,
    faults: Vec<FaultView>,
    email_fault: Option<&'static str>,
    privacy: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct OfferView<'a> {
    name: &'a str,
    title: String,
    schedule: String,
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
struct LanguageView {
    tag: String,
    name: String,
    checked: bool,
}

#[derive(Debug, Serialize)]
struct FaultView {
    field: &'static str,
    message: &'static str,
}

#[derive(Debug, Serialize)]
struct PlainPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
}

#[derive(Debug, Serialize)]
struct ConfirmPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
    stage: &'static str,
    heading: &'static str,
    choices: Vec<ChoiceView>,
    preferences: Option<String>,
    form: FormView<'a>,
}

#[derive(Debug, Serialize)]
struct ChoiceView {
    title: String,
    schedule: Option<String>,
    topics: String,
}

#[derive(Debug, Serialize)]
struct PreferencesPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
    saved: bool,
    offers: Vec<OfferView<'a>>,
    languages: Vec<LanguageView>,
    /// Where to subscribe again.
    sign_up: String,
}

impl<'a> Forms<'a> {
    /// The form, empty or with what is wrong with it.
    pub fn sign_up(&self, lang: &str, entered: &Entered, faults: &[Fault]) -> Page {
        let f = Tongue::of(lang).form_words();
        let title = if faults.is_empty() { f.sign_up.to_owned() } else { format!("{} – {}", f.error, f.sign_up) };
        let form = self.form(lang, entered, faults);
        let other = format!("{}?lang={}", form.action, f.other_language[0]);
        let page = FormPage { frame: self.frame(lang, title), f, form, other };
        finish(self.templates, "page/signup.html", &page)
    }

    /// What follows, whatever is known of the address.
    pub fn sent(&self, lang: &str) -> Page {
        let f = Tongue::of(lang).form_words();
        finish(self.templates, "page/sent.html", &PlainPage { frame: self.frame(lang, f.sent.to_owned()), f })
    }

    /// Where a link leads that a letter carries. Looking changes nothing.
    pub fn confirm(&self, lang: &str, choices: &[Choice], stage: Stage) -> Page {
        let tongue = Tongue::of(lang);
        let f = tongue.form_words();
        let (name, heading, preferences) = match stage {
            Stage::Open => ("open", f.confirm, None),
            Stage::Confirmed(preferences) => ("confirmed", f.confirmed, Some(preferences)),
            Stage::Expired => ("expired", f.expired, None),
            Stage::Used => ("used", f.used, None),
        };
        let entered = Entered { choices: choices.to_vec(), ..Entered::default() };
        let page = ConfirmPage {
            frame: self.frame(lang, heading.to_owned()),
            f,
            stage: name,
            heading,
            choices: choices.iter().map(|choice| self.choice(choice, tongue)).collect(),
            preferences,
            form: self.form(lang, &entered, &[]),
        };
        finish(self.templates, "page/confirm.html", &page)
    }

    /// What one reader gets, to be changed; `saved` says that it just was.
    pub fn preferences(&self, lang: &str, kept: &[Choice], saved: bool) -> Page {
        let tongue = Tongue::of(lang);
        let f = tongue.form_words();
        let heading = if kept.is_empty() { f.nothing_left } else { f.preferences };
        let page = PreferencesPage {
            frame: self.frame(lang, heading.to_owned()),
            f,
            saved,
            offers: kept.iter().map(|choice| self.kept(choice, tongue)).collect(),
            languages: languages(lang),
            sign_up: self.action(),
        };
        finish(self.templates, "page/preferences.html", &page)
    }

    pub(super) fn form(&self, lang: &str, entered: &Entered, faults: &[Fault]) -> FormView<'a> {
        let tongue = Tongue::of(lang);
        let f = tongue.form_words();
        let is_single = self.offers.len() == 1;
        let fault = |fault: &Fault| match fault {
            Fault::NoEmail => FaultView { field: "email", message: f.no_email },
            Fault::BadEmail => FaultView { field: "email", message: f.bad_email },
            Fault::NoNewsletter => FaultView { field: "newsletters", message: f.no_newsletter },
            Fault::StaleTopics => FaultView { field: "newsletters", message: f.stale_topics },
        };
        let faults: Vec<FaultView> = faults.iter().map(fault).collect();
        let offer = |offer: &Offer<'a>| {
            let name = &offer.newsletter.name;
            let chosen = entered.choices.iter().find(|choice| choice.newsletter == *name);
            let topics = chosen.map_or(&[][..], |choice| &choice.topics);
            OfferView::new(*offer, chosen.is_some() || is_single, topics, tongue)
        };
        FormView {
            action: self.action(),
            email: entered.email.clone(),
            offers: self.offers.iter().map(offer).collect(),
            languages: languages(entered.lang.as_deref().unwrap_or(lang)),
            page_lang: tongue.words().lang,
            email_fault: faults.iter().find(|fault| fault.field == "email").map(|fault| fault.message),
            faults,
            privacy: self.site.privacy_url.as_ref().map(url::Url::as_str),
        }
    }

    /// By path only, so that a form works under whatever name the host is reached.
    fn action(&self) -> String {
        format!("{}subscribe", self.site.public_url.path())
    }

    fn frame<'b>(&self, lang: &'b str, title: String) -> Frame<'b>
    where
        'a: 'b,
    {
        Frame::new(self.site, lang, title, String::new()).private()
    }

    fn offer(&self, newsletter: &str) -> Option<Offer<'a>> {
        self.offers.iter().find(|offer| offer.newsletter.name == newsletter).copied()
    }

    /// Also of a newsletter that is gone from the configuration: by its name.
    fn choice(&self, choice: &Choice, tongue: Tongue) -> ChoiceView {
        let offer = self.offer(&choice.newsletter);
        let label = |slug: &String| label_of(offer, slug);
        let topics: Vec<String> = choice.topics.iter().map(label).collect();
        ChoiceView {
            title: offer.map_or_else(|| choice.newsletter.clone(), |offer| tongue.shown(&offer.newsletter.title)),
            schedule: offer.map(|offer| words::rhythm(&offer.newsletter.rhythm, tongue)),
            topics: if topics.is_empty() { tongue.words().about_everything.to_owned() } else { topics.join(", ") },
        }
    }

    /// What a reader has can be kept, whether it is on offer still or not.
    fn kept(&self, choice: &'a Choice, tongue: Tongue) -> OfferView<'a> {
        let Some(offer) = self.offer(&choice.newsletter) else {
            let (name, title) = (choice.newsletter.as_str(), choice.newsletter.clone());
            return OfferView { name, title, schedule: String::new(), checked: true, topics: Vec::new() };
        };
        let mut view = OfferView::new(offer, true, &choice.topics, tongue);
        let gone = choice.topics.iter().filter(|slug| offer.topics.iter().all(|topic| topic.slug != **slug));
        view.topics.extend(gone.map(|slug| TopicView { slug: slug.clone(), label: slug.clone(), checked: true }));
        view
    }
}

impl<'a> OfferView<'a> {
    fn new(offer: Offer<'a>, checked: bool, topics: &[String], tongue: Tongue) -> Self {
        let Offer { newsletter, .. } = offer;
        let topic = |label: &Label| TopicView {
            slug: label.slug.clone(),
            label: label.label.clone(),
            checked: topics.contains(&label.slug),
        };
        Self {
            name: &newsletter.name,
            title: tongue.shown(&newsletter.title),
            schedule: words::rhythm(&newsletter.rhythm, tongue),
            checked,
            topics: offer.topics.iter().map(topic).collect(),
        }
    }
}

/// How often a newsletter appears: said wherever somebody may subscribe.
fn label_of(offer: Option<Offer>, slug: &str) -> String {
    let label = offer.and_then(|offer| offer.topics.iter().find(|label| label.slug == slug));
    label.map_or_else(|| slug.to_owned(), |label| label.label.clone())
}

/// Those there are words for, and the reader's own if it is another.
fn languages(chosen: &str) -> Vec<LanguageView> {
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

/// The words somebody agrees to by sending the form, as the form shows them: what comes how often, what is kept and why.
pub fn wording(lang: &str, newsletters: &[&Newsletter]) -> Wording {
    let tongue = Tongue::of(lang);
    let f = tongue.form_words();
    let shown = |newsletter: &&Newsletter| {
        let (published, colon) = (tongue.words().schedule, tongue.colon());
        format!("{}\n{published}{colon} {}", tongue.shown(&newsletter.title), words::rhythm(&newsletter.rhythm, tongue))
    };
    let mut lines: Vec<String> = newsletters.iter().map(shown).collect();
    lines.extend([f.stored.to_owned(), f.ends.to_owned()]);
    Wording(lines.join("\n"))
}
