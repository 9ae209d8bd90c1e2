//! Pages with forms: signing up, confirming, preferences. None needs a script; a form posts to a path or to where it stands,
//! so that no token is in it.

use serde::Serialize;

use super::frame::Frame;
use super::offers::{LanguageView, Offer, OfferView, languages};
use super::{Page, finish};
use crate::model::settings::SiteSettings;
use crate::model::signup::Choice;
use crate::output::templates::Templates;
use crate::output::words::{FormWords, Tongue};

/// What somebody entered, shown again where it cannot be taken.
#[derive(Debug, Clone, Default)]
pub struct Entered {
    pub email: String,
    pub newsletters: Vec<String>,
    /// Each with its newsletter: `weekly/events`.
    pub topics: Vec<String>,
    /// Of the messages; the page's own where none was chosen.
    pub lang: Option<String>,
}

impl Entered {
    /// A form with these choices made beforehand.
    pub fn choosing(choices: &[Choice]) -> Self {
        let topics = |choice: &Choice| {
            let newsletter = choice.newsletter.clone();
            choice.topics.clone().into_iter().map(move |topic| format!("{newsletter}/{topic}"))
        };
        Self {
            newsletters: choices.iter().map(|choice| choice.newsletter.clone()).collect(),
            topics: choices.iter().flat_map(topics).collect(),
            ..Self::default()
        }
    }
}

/// Why a form cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    NoEmail,
    BadEmail,
    /// Its domain is no public one.
    LocalEmail,
    /// Its domain mixes alphabets.
    MixedEmail,
    NoNewsletter,
    /// Topics of a newsletter that was not chosen.
    TopicsAlone,
    StaleTopics,
    /// Nothing is wrong with it, but too much comes: to be sent again after so many seconds.
    Busy(u64),
}

impl Fault {
    fn view(self, tongue: Tongue) -> FaultView {
        let f = tongue.form_words();
        let (field, message) = match self {
            Self::NoEmail => ("email", f.no_email),
            Self::BadEmail => ("email", f.bad_email),
            Self::LocalEmail => ("email", f.local_email),
            Self::MixedEmail => ("email", f.mixed_email),
            Self::NoNewsletter => ("newsletters", f.no_newsletter),
            Self::TopicsAlone => ("newsletters", f.topics_alone),
            Self::StaleTopics => ("newsletters", f.stale_topics),
            Self::Busy(seconds) => return FaultView { field: None, message: tongue.busy(seconds) },
        };
        FaultView { field: Some(field), message: message.to_owned() }
    }
}

/// How far a sign-up is that a link was followed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Asks for the button.
    Open {
        /// Only other topics of what is received already.
        changes: bool,
        /// Something is received whatever becomes of this.
        stays: bool,
    },
    /// With the address of the preferences.
    Confirmed(String),
    /// Too late, or forgotten.
    Expired,
    /// Left since it was asked for.
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
    email_fault: Option<String>,
    newsletters_fault: Option<String>,
    privacy: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct FaultView {
    /// `None` where it lies with us.
    field: Option<&'static str>,
    message: String,
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
    changes: bool,
    stays: bool,
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
        let (changes, stays) = match stage {
            Stage::Open { changes, stays } => (changes, stays),
            _ => (false, false),
        };
        let (name, heading, preferences) = match stage {
            Stage::Open { changes: true, .. } => ("open", f.confirm_change, None),
            Stage::Open { .. } => ("open", f.confirm, None),
            Stage::Confirmed(preferences) => ("confirmed", f.confirmed, Some(preferences)),
            Stage::Expired => ("expired", f.expired, None),
            Stage::Used => ("used", f.used, None),
        };
        let page = ConfirmPage {
            frame: self.frame(lang, heading.to_owned()),
            f,
            stage: name,
            heading,
            changes,
            stays,
            choices: choices.iter().map(|choice| self.choice(choice, tongue)).collect(),
            preferences,
            form: self.form(lang, &Entered::choosing(choices), &[]),
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
            offers: kept.iter().map(|choice| OfferView::kept(choice, self.offer(&choice.newsletter), tongue)).collect(),
            languages: languages(lang),
            sign_up: self.action(),
        };
        finish(self.templates, "page/preferences.html", &page)
    }

    pub(super) fn form(&self, lang: &str, entered: &Entered, faults: &[Fault]) -> FormView<'a> {
        let tongue = Tongue::of(lang);
        let is_single = self.offers.len() == 1;
        let faults: Vec<FaultView> = faults.iter().map(|fault| fault.view(tongue)).collect();
        let fault = |field| faults.iter().find(|it| it.field == Some(field)).map(|it| it.message.clone());
        let offer = |offer: &Offer<'a>| {
            let name = &offer.newsletter.name;
            let is_chosen =
                |slug: &str| entered.topics.iter().any(|topic| topic.split_once('/') == Some((name.as_str(), slug)));
            OfferView::new(*offer, entered.newsletters.contains(name) || is_single, is_chosen, tongue)
        };
        FormView {
            action: self.action(),
            email: entered.email.clone(),
            offers: self.offers.iter().map(offer).collect(),
            languages: languages(entered.lang.as_deref().unwrap_or(lang)),
            page_lang: tongue.words().lang,
            email_fault: fault("email"),
            newsletters_fault: fault("newsletters"),
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
        let Some(offer) = self.offer(&choice.newsletter) else {
            let topics = choice.topics.join(", ");
            let topics = if topics.is_empty() { tongue.words().about_everything.to_owned() } else { topics };
            return ChoiceView { title: choice.newsletter.clone(), schedule: None, topics };
        };
        ChoiceView {
            title: offer.title(tongue),
            schedule: Some(offer.schedule(tongue)),
            topics: offer.about(&choice.topics, tongue),
        }
    }
}
