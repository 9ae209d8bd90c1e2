//! What stands below `newsletters/`: about each newsletter, its issues, and a feed of them.

use super::super::feed::Entry;
use super::super::{check, issue_feed, page};
use super::builder::Builder;
use super::format::Trouble;
use super::made_from::MadeFrom;
use super::{Document, RSS, Source};
use crate::model::announcement::Announcement;
use crate::model::catalog::by_label;
use crate::model::issue::IssuePage;
use crate::model::newsletter::Newsletter;
use crate::model::text::Label;

impl<'a> Builder<'a> {
    /// `entries` are all that readers see: a newsletter's page may speak of any of them.
    pub(super) fn newsletters(&mut self, labels: &[Label], visible: &[&Announcement], entries: &[Entry<'a>]) {
        let Source { newsletters, templates, site, issues, .. } = self.source;
        for newsletter in newsletters {
            let own = issues.iter().map(AsRef::as_ref).filter(|issue: &&IssuePage| issue.newsletter == newsletter.name);
            let own: Vec<&IssuePage> = own.rev().collect();
            let path = format!("newsletters/{}/", newsletter.name);
            let topics = topics(newsletter, visible);
            let page = || page::newsletter(templates, site, newsletter, labels, &topics, &own);
            let shown: Vec<Label> = labels.iter().chain(&topics).cloned().collect();
            self.page(path.clone(), MadeFrom::newsletter(&shown, &own), page, entries);
            self.done.topics.insert(newsletter.name.clone(), topics);
            self.done.subjects.insert(newsletter.name.clone(), page::offers::subjects(newsletter, labels));
            for issue in &own {
                let page = || page::issue(templates, site, newsletter, issue);
                self.page(issue.path(), MadeFrom::newsletter(&[], &[issue]), page, entries);
            }
            // also before the first issue: whoever subscribes early finds it
            self.issue_feed(format!("{path}rss.xml"), newsletter, &own);
        }
    }

    fn issue_feed(&mut self, path: String, newsletter: &Newsletter, issues: &[&IssuePage]) {
        let Source { site, publish, .. } = self.source;
        let newest = &issues[..issues.len().min(publish.limit)];
        let made_from = MadeFrom::newsletter(&[], newest);
        if self.reuse(path.clone(), made_from) {
            return;
        }
        let written = issue_feed::write(site, newsletter, newest).map_err(|error| error.to_string());
        let checked = written.and_then(|bytes| match check::check_xml(&bytes) {
            Ok(()) => Ok(bytes),
            Err(fault) => Err(fault.to_string()),
        });
        match checked {
            Ok(bytes) => self.add_made(path, made_from, Document::new(bytes, RSS)),
            Err(fault) => self.refuse(path, RSS, Trouble { fault, culprit: None }),
        }
    }
}

/// The categories of what a newsletter is about, where there is a choice.
fn topics(newsletter: &Newsletter, visible: &[&Announcement]) -> Vec<Label> {
    let about: Vec<&Announcement> = visible.iter().copied().filter(|it| newsletter.is_about(it)).collect();
    let is_subject = |label: &Label| newsletter.categories.is_empty() || newsletter.categories.contains(&label.slug);
    let categories = by_label(&about, |announcement| &announcement.categories).into_iter().map(|(label, _)| label);
    let topics: Vec<Label> = categories.filter(is_subject).collect();
    if topics.len() > 1 { topics } else { Vec::new() }
}
