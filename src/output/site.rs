//! The site: every published document, each read back before it goes out.
//!
//! One faulty document does not stop the rest: it is refused, and its last good version stays. An announcement that spoils
//! the documents it is in is left out of them, and they are written again without it.

mod builder;
mod format;
mod made_from;
mod newsletters;
mod paths;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::builder::Builder;
pub use self::made_from::MadeFrom;
use super::archive::Closed;
pub use super::document::{ATOM, CALENDAR, CSS, Document, HTML, JSON_FEED, OPML, RSS};
use super::templates::Templates;
use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::archive::Archive;
use crate::model::catalog::Catalog;
use crate::model::issue::IssuePage;
use crate::model::newsletter::Newsletter;
use crate::model::revision::Ledger;
use crate::model::settings::{PublishSettings, SiteSettings};
use crate::model::text::Label;

/// Announcements left out of one site before whatever still fails is only refused: each costs building it again.
const MOST_LEFT_OUT: usize = 20;

/// A document that is not published as it was written, or an announcement that is in no document for its sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Site path of the document.
    pub path: String,
    pub content_type: &'static str,
    /// With the line of the document.
    pub fault: String,
    /// The announcement at fault, and its file, where they are known.
    pub culprit: Option<(AnnouncementId, String)>,
}

/// All documents of one moment by their path, decoded, without a leading `/`. A page's path ends with `/` or is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    pub documents: BTreeMap<String, Document>,
    /// What did not pass the gate. What did once the announcement at fault was left out is among the documents all the same.
    pub refused: Vec<Refused>,
    /// Archives closed or written anew with this site, to be kept once it is published.
    pub archives: Vec<Archive>,
    /// The categories each newsletter's readers can choose among, by its name.
    pub topics: BTreeMap<String, Vec<Label>>,
    /// What each newsletter is about, if not about everything, by its name.
    pub subjects: BTreeMap<String, Vec<Label>>,
    /// By path, for documents that need not be written again as long as this is the same.
    pub made_from: HashMap<String, MadeFrom>,
}

/// What a site is made from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub site: &'a SiteSettings,
    pub publish: &'a PublishSettings,
    pub newsletters: &'a [Newsletter],
    pub templates: &'a Templates,
    pub catalog: &'a Catalog,
    pub ledger: &'a Ledger,
    /// Events that were withdrawn, as calendars still show them.
    pub withdrawn: &'a [Announcement],
    /// By number, without a gap.
    pub archives: &'a [Closed],
    /// Those of all newsletters that are on the web, oldest first.
    pub issues: &'a [Arc<IssuePage>],
    /// What was built last with the same configuration and templates: documents made from the same are taken over.
    pub previous: Option<&'a Site>,
    /// Decides what is visible and which events are ahead.
    pub now: DateTime<Utc>,
}

/// Builds every document and reads each back; what does not pass is told in `Site::refused`.
pub fn build(source: Source) -> Site {
    let mut refused: Vec<Refused> = Vec::new();
    loop {
        let left_out: HashSet<AnnouncementId> = culprits(&refused).cloned().collect();
        let mut site = Builder::new(source, &left_out).build();
        let is_enough =
            left_out.len() >= MOST_LEFT_OUT || culprits(&site.refused).all(|culprit| left_out.contains(culprit));
        refused.retain(|earlier| site.refused.iter().all(|later| later.path != earlier.path));
        refused.append(&mut site.refused);
        if is_enough {
            return Site { refused, ..site };
        }
    }
}

fn culprits(refused: &[Refused]) -> impl Iterator<Item = &AnnouncementId> {
    refused.iter().filter_map(|refused| refused.culprit.as_ref().map(|(id, _)| id))
}

impl Site {
    /// The document at a path as requested, decoded and without a leading `/`.
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::{announcement, publish, site};
    use crate::model::settings::FeedContent;

    fn built(announcements: Vec<Announcement>, publish: &PublishSettings) -> Site {
        let (catalog, _) = Catalog::new(announcements, |_| None);
        let (site, templates, ledger) = (site(), Templates::built_in(), Ledger::default());
        build(Source {
            site: &site,
            publish,
            newsletters: &[],
            templates: &templates,
            catalog: &catalog,
            ledger: &ledger,
            withdrawn: &[],
            archives: &[],
            issues: &[],
            previous: None,
            now: "2020-01-01T00:00:00Z".parse().expect("an instant"),
        })
    }

    fn text<'a>(site: &'a Site, path: &str) -> &'a str {
        let document = site.get(path).unwrap_or_else(|| panic!("{path}: {:?}", site.documents.keys()));
        std::str::from_utf8(&document.bytes).expect("UTF-8")
    }

    #[test]
    fn an_announcement_that_spoils_documents_is_left_out_and_the_rest_is_published() {
        let mut spoiler = announcement("b");
        // reading lets none through; whatever does must not cost the others their feeds
        spoiler.id = AnnouncementId::pinned("");
        let site = built(vec![announcement("a"), spoiler], &publish());
        for path in ["rss.xml", "atom.xml", "feed.json", "categories/atelier/rss.xml"] {
            assert!(text(&site, path).contains("Titre de a") && !text(&site, path).contains("Titre de b"), "{path}");
        }
        assert!(site.get("actualites/b/").is_some(), "it has its page");
        let rss = site.refused.iter().find(|refused| refused.path == "rss.xml").expect("it is told");
        assert_eq!(rss.culprit.as_ref().map(|(_, file)| file.as_str()), Some("actualites/2019-01-09-b.md"));
        assert!(rss.fault.contains("line ") && rss.fault.contains("empty id"), "{}", rss.fault);
    }

    #[test]
    fn summaries_stand_beside_the_whole_texts_where_both_are_wanted() {
        let mut publish = publish();
        publish.content = FeedContent::Both;
        publish.websub_hubs = vec![crate::model::sample::url("https://hub.example.org/")];
        let site = built(vec![announcement("a")], &publish);
        for folder in ["", "categories/atelier/"] {
            for (main, summary) in
                [("rss.xml", "rss-summary.xml"), ("atom.xml", "atom-summary.xml"), ("feed.json", "feed-summary.json")]
            {
                let (main, path) = (text(&site, &format!("{folder}{main}")), format!("{folder}{summary}"));
                assert!(main.contains("Le corps."), "{main}");
                let summary = text(&site, &path);
                assert!(summary.contains("Le résumé.") && !summary.contains("Le corps."), "{summary}");
                assert!(summary.contains(&format!("https://annonces.example.org/{path}")), "{summary}");
                assert!(!summary.contains("/atom.xml"), "an id of its own: {summary}");
            }
            assert!(text(&site, "feeds.opml").contains(&format!("{folder}atom-summary.xml")));
        }
        assert_eq!(site.refused, []);
    }

    /// What is built on the site before is what is built from nothing, whatever changed between the two.
    #[test]
    fn what_is_taken_over_is_what_would_be_written() {
        use crate::model::sample::{event, label, timed};
        let (site, publish, templates) = (site(), publish(), Templates::built_in());
        let mut all: Vec<Announcement> = ["a", "b", "c"].map(announcement).into();
        all[0].event = Some(event(timed("2020-01-02 10:00", None)));
        let mut ledger = Ledger::default();
        let mut before: Option<Site> = None;
        let edits: [fn(&mut Vec<Announcement>); 6] = [
            |_| {},
            |all| {
                all[1].title = "Autre".to_owned();
                all[1].source.hash = "1".repeat(64);
            },
            |all| all[2].aliases.push("/ancienne/".to_owned()),
            |all| {
                all[2].tags.push(label("Neuf"));
                all[2].source.hash = "2".repeat(64);
            },
            |all| all[0].source.path = "agenda/ailleurs.md".to_owned(),
            |all| drop(all.remove(0)),
        ];
        for (step, edit) in edits.into_iter().enumerate() {
            edit(&mut all);
            for hours in [0, 30] {
                let now = "2020-01-01T00:00:00Z".parse::<DateTime<Utc>>().expect("an instant")
                    + chrono::TimeDelta::hours(hours);
                let catalog = Catalog::new(all.clone(), |_| None).0;
                ledger.take_note(&catalog, now);
                let withdrawn = ledger.tombstones(now);
                let source = Source {
                    site: &site,
                    publish: &publish,
                    newsletters: &[],
                    templates: &templates,
                    catalog: &catalog,
                    ledger: &ledger,
                    withdrawn: &withdrawn,
                    archives: &[],
                    issues: &[],
                    previous: None,
                    now,
                };
                let (anew, built_on) = (build(source), build(Source { previous: before.as_ref(), ..source }));
                assert_eq!(anew.refused, []);
                for (path, document) in &anew.documents {
                    assert_eq!(built_on.documents.get(path), Some(document), "step {step}, {hours} h: {path}");
                }
                assert_eq!(built_on.documents.len(), anew.documents.len(), "step {step}");
                if let (1, 0, Some(before)) = (step, hours, &before) {
                    let taken =
                        |path: &str| built_on.documents[path].bytes.as_ptr() == before.documents[path].bytes.as_ptr();
                    assert!(taken("actualites/a/") && !taken("actualites/b/"), "only what changed is written");
                }
                before = Some(built_on);
            }
        }
    }
}
