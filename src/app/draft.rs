//! An issue before it is frozen: what was selected, rendered for each variant. Preview shows the same drafts.

use chrono::{DateTime, Utc};

use super::App;
use crate::model::announcement::Announcement;
use crate::model::issue::{Hold, IssueItem, Masthead, NewIssue, Section, Variant};
use crate::model::newsletter::Newsletter;
use crate::model::revision::Ledger;
use crate::model::schedule::Slot;
use crate::model::selection::Selection;
use crate::output::email::{self, ChangedEntry, IssueView};
use crate::output::feed::Entry;
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
        // readers of a language without words of its own get the newsletter's
        let has_words = |lang: &String| Tongue::of(lang).words().lang == lang;
        let others = readers.into_keys().filter(|lang| *lang != newsletter.lang && has_words(lang));
        let [leave, preferences] =
            ["unsubscribe-mark", "preferences-mark"].map(|purpose| self.mark(purpose, newsletter, slot));
        let contents = draft.contents();
        let web_url = self.config.site.own_url(&format!("newsletters/{}/{number}/", newsletter.name));
        let view = IssueView {
            site: &self.config.site,
            newsletter,
            number,
            slot: slot.local,
            lang: &newsletter.lang,
            changed: &contents.changed,
            new: &contents.new,
            upcoming: &contents.upcoming,
            unsubscribe_mark: &leave,
            preferences_mark: &preferences,
            web_url: Some(&web_url),
        };
        let page = email::web(&self.templates, &view)?;
        let mut variants: Vec<Variant> = Vec::new();
        // the newsletter's own language first: it is for those whose language has none
        for lang in std::iter::once(newsletter.lang.clone()).chain(others) {
            variants.push(email::issue(&self.templates, &IssueView { lang: &lang, ..view })?);
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
            variants,
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

/// What was selected, with its history.
struct Contents<'a> {
    changed: Vec<ChangedEntry<'a>>,
    new: Vec<Entry<'a>>,
    upcoming: Vec<Entry<'a>>,
}

impl<'a> Draft<'a> {
    fn contents(&self) -> Contents<'a> {
        let entry =
            |announcement: &'a Announcement| Entry { announcement, revision: self.ledger.revision(announcement) };
        let Selection { changed, new, upcoming, .. } = self.selection;
        let told = changed.iter();
        Contents {
            changed: told
                .map(|it| ChangedEntry { entry: entry(it.announcement), changes: it.changes.clone() })
                .collect(),
            new: new.iter().copied().map(entry).collect(),
            upcoming: upcoming.iter().copied().map(entry).collect(),
        }
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
