//! An issue before it is frozen: what was selected, rendered for each variant. Preview shows the same drafts.

use chrono::{DateTime, Utc};

use super::App;
use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::issue::{Audience, Hold, IssueItem, Masthead, NewIssue, Section, Variant};
use crate::model::newsletter::Newsletter;
use crate::model::revision::Ledger;
use crate::model::schedule::Slot;
use crate::model::selection::Selection;
use crate::model::settings::PublishSettings;
use crate::output::calendar;
use crate::output::email::{self, ChangedEntry, Contents, IssueView};
use crate::output::feed::Entry;
use crate::output::templates::{TemplateError, Templates};
use crate::output::words::Tongue;

/// What one issue is made from.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    pub newsletter: &'a Newsletter,
    pub slot: Slot,
    pub number: u32,
    pub selection: &'a Selection<'a>,
    pub ledger: &'a Ledger,
}

impl App {
    /// Renders a draft, for all the readers there are now.
    pub(super) async fn issue_of(&self, draft: &Draft<'_>, now: DateTime<Utc>) -> anyhow::Result<NewIssue> {
        let Draft { newsletter, slot, number, .. } = *draft;
        let readers = self.store.readers(&newsletter.name).await?;
        let [leave, preferences] =
            ["unsubscribe-mark", "preferences-mark"].map(|purpose| self.mark(purpose, newsletter, slot));
        let web_url = self.config.site.own_url(&format!("newsletters/{}/{number}/", newsletter.name));
        let view = IssueView {
            site: &self.config.site,
            newsletter,
            number,
            slot: slot.local,
            lang: &newsletter.lang,
            contents: &Contents::default(),
            unsubscribe_mark: &leave,
            preferences_mark: &preferences,
            web_url: Some(&web_url),
        };
        let everybody = Audience { lang: newsletter.lang.clone(), topics: Vec::new() };
        let page = email::web(&self.templates, &IssueView { contents: &draft.contents(&everybody), ..view })?;
        let mut variants = Variants {
            templates: &self.templates,
            publish: &self.config.publish,
            view,
            draft: *draft,
            rendered: Vec::new(),
        };
        variants.for_audience(&everybody)?;
        let mut audiences = Vec::new();
        for audience in readers.into_keys() {
            let has_news = !newsletter.skip_empty || draft.selection.has_news_for(&audience);
            let variant = if has_news { Some(variants.for_audience(&audience)?) } else { None };
            audiences.push((audience, variant));
        }
        Ok(NewIssue {
            newsletter: newsletter.name.clone(),
            slot: slot.local,
            frozen_at: now,
            number,
            on_doubt: newsletter.on_doubt,
            hold: newsletter.approval.then_some(Hold::Approval),
            masthead: self.masthead(&newsletter.title),
            templates: self.templates.mail_version().to_owned(),
            page,
            items: draft.items(),
            variants: variants.rendered.into_iter().map(|(_, variant)| variant).collect(),
            audiences,
        })
    }

    /// Who sends what is frozen now.
    pub(super) fn masthead(&self, title: &str) -> Masthead {
        let (site, mail) = (&self.config.site, &self.config.mail);
        Masthead {
            title: title.to_owned(),
            from: mail.from.clone(),
            reply_to: mail.reply_to.clone(),
            public_url: site.public_url.clone(),
            host: site.url.host_str().unwrap_or("localhost").to_owned(),
        }
    }

    /// Letters and digits that nobody who writes announcements can foresee.
    fn mark(&self, purpose: &str, newsletter: &Newsletter, slot: Slot) -> String {
        let slot = slot.local.to_string();
        let hash = self.key.keyed_hash(purpose, &[newsletter.name.as_bytes(), slot.as_bytes()], 18);
        format!("crieur{}", hash.replace(['-', '_'], "0"))
    }
}

/// The variants of an issue: audiences that get the same items in the same language share one.
struct Variants<'a> {
    templates: &'a Templates,
    publish: &'a PublishSettings,
    view: IssueView<'a>,
    draft: Draft<'a>,
    /// By language and items.
    rendered: Vec<((String, Vec<AnnouncementId>), Variant)>,
}

impl Variants<'_> {
    /// The key of the variant an audience gets. Where there are no words for their language, they get the newsletter's.
    fn for_audience(&mut self, audience: &Audience) -> Result<String, TemplateError> {
        let has_words = Tongue::of(&audience.lang).document_lang(&audience.lang) == audience.lang;
        let lang = if has_words { &audience.lang } else { &self.view.newsletter.lang };
        let contents = self.draft.contents(audience);
        let of = (lang.clone(), contents.ids());
        if let Some((_, known)) = self.rendered.iter().find(|(known, _)| *known == of) {
            return Ok(known.key.clone());
        }
        let variant = email::issue(self.templates, &IssueView { lang, contents: &contents, ..self.view })?;
        let calendar = self.calendar(&contents.events());
        let variant = Variant { key: self.key(lang, &audience.topics), calendar, ..variant };
        let key = variant.key.clone();
        self.rendered.push((of, variant));
        Ok(key)
    }

    /// What is attached. Nothing where there is no event, or the newsletter only links to it.
    fn calendar(&self, events: &[Entry]) -> Option<String> {
        if events.is_empty() || !self.draft.newsletter.attach_calendar {
            return None;
        }
        let written = calendar::write_events(self.view.site, self.publish, events);
        Some(String::from_utf8_lossy(&written.bytes).into_owned())
    }

    /// `fr`, `fr+atelier`; a number where that would be long or is taken.
    fn key(&self, lang: &str, topics: &[String]) -> String {
        const LONGEST: usize = 60;
        let named = std::iter::once(lang).chain(topics.iter().map(String::as_str)).collect::<Vec<_>>().join("+");
        let is_free = |key: &String| self.rendered.iter().all(|(_, variant)| variant.key != *key);
        let numbered = (2..).map(|number| format!("{lang}+{number}"));
        let mut keys = Some(named).filter(|key| key.len() <= LONGEST).into_iter().chain(numbered);
        keys.find(is_free).unwrap_or_default()
    }
}

impl<'a> Draft<'a> {
    /// What of the selection is an audience's, with its history.
    fn contents(&self, audience: &Audience) -> Contents<'a> {
        let entry =
            |announcement: &'a Announcement| Entry { announcement, revision: self.ledger.revision(announcement) };
        let theirs = |list: &[&'a Announcement]| -> Vec<Entry<'a>> {
            list.iter().copied().filter(|announcement| audience.wants(announcement)).map(entry).collect()
        };
        let Selection { changed, new, upcoming, .. } = self.selection;
        let changed = changed.iter().filter(|changed| audience.wants(changed.announcement));
        let changed = changed.map(|it| ChangedEntry {
            entry: entry(it.announcement),
            changes: it.changes.clone(),
            is_withdrawn: self.ledger.is_withdrawn(&it.announcement.id),
        });
        Contents { changed: changed.collect(), new: theirs(new), upcoming: theirs(upcoming) }
    }

    fn items(&self) -> Vec<IssueItem> {
        let Selection { changed, new, upcoming, baseline, .. } = self.selection;
        let item = |section, announcement: &Announcement| IssueItem {
            announcement: announcement.id.clone(),
            sequence: self.ledger.revision(announcement).sequence,
            section,
        };
        let changed = changed.iter().map(|it| item(Section::Changed, it.announcement));
        let rest = [(Section::New, new), (Section::Upcoming, upcoming), (Section::Baseline, baseline)];
        let rest = rest.into_iter().flat_map(|(section, list)| list.iter().map(move |it| item(section, it)));
        changed.chain(rest).collect()
    }
}
