//! The issues of a newsletter as RSS 2.0, for those who would rather not give an address.

use rss::extension::atom::{AtomExtension, Link};
use rss::{Channel, Guid, Item};

use super::OutputError;
use super::html;
use super::item::{self, clean_line};
use crate::model::announcement::AnnouncementId;
use crate::model::issue::IssuePage;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;

/// Writes `newsletters/{name}/rss.xml`. `issues` are newest first.
///
/// # Errors
/// Where the format cannot carry what is to be written.
pub fn write(site: &SiteSettings, newsletter: &Newsletter, issues: &[&IssuePage]) -> Result<Vec<u8>, OutputError> {
    let folder = format!("newsletters/{}/", newsletter.name);
    let itself = Link {
        href: site.own_url(&format!("{folder}rss.xml")),
        rel: "self".to_owned(),
        mime_type: Some("application/rss+xml".to_owned()),
        ..Link::default()
    };
    let channel = Channel {
        title: clean_line(&newsletter.title),
        link: site.own_url(&folder),
        description: clean_line(&format!("{} – {}", newsletter.title, site.title)),
        language: Some(newsletter.lang.clone()),
        copyright: item::rights(site),
        last_build_date: issues.first().map(|issue| frozen(issue, site)),
        generator: Some("crieur".to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        atom_ext: Some(AtomExtension { links: vec![itself] }),
        items: issues.iter().map(|issue| item_of(issue, site)).collect(),
        ..Channel::default()
    };
    let bytes = channel.pretty_write_to(Vec::new(), b' ', 2).map_err(OutputError::in_format("RSS"))?;
    item::without_forbidden(bytes).map_err(OutputError::in_format("RSS"))
}

fn item_of(issue: &IssuePage, site: &SiteSettings) -> Item {
    let prefix = format!("i{}-", issue.number);
    Item {
        title: Some(clean_line(&issue.subject)),
        link: Some(site.own_url(&issue.path())),
        description: Some(html::for_feed(&issue.body, &prefix)),
        guid: Some(Guid { value: id(issue, site), permalink: false }),
        pub_date: Some(frozen(issue, site)),
        ..Item::default()
    }
}

/// Minted like an announcement's, from the host of its day: it stays when the site moves.
fn id(issue: &IssuePage, site: &SiteSettings) -> String {
    let host = issue.host.as_deref().or(site.url.host_str()).unwrap_or("localhost");
    let slug = format!("newsletters/{}/{}", issue.newsletter, issue.number);
    AnnouncementId::minted(host, issue.slot.date(), &slug).as_str().to_owned()
}

fn frozen(issue: &IssuePage, site: &SiteSettings) -> String {
    super::rss::rfc_2822(item::whole_seconds(issue.frozen_at.with_timezone(&site.zone).fixed_offset()))
}
