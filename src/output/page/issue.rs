//! An issue as people read it on the web: what was frozen, in the frame of today.

use serde::Serialize;

use super::super::templates::Templates;
use super::super::words::{self, Tongue};
use super::frame::Frame;
use super::{NewsletterItem, Page, finish};
use crate::model::issue::IssuePage;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;

#[derive(Debug, Serialize)]
struct View<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    newsletter: NewsletterItem<'a>,
    /// `n° 12`.
    number: String,
    day: String,
    date: String,
    subject: &'a str,
    body: &'a str,
}

/// The page of an issue. Nothing in it is any reader's own.
///
/// # Errors
/// A template that cannot be rendered.
pub fn issue(templates: &Templates, site: &SiteSettings, newsletter: &Newsletter, issue: &IssuePage) -> Page {
    let tongue = Tongue::of(&issue.lang);
    let number = tongue.number(issue.number);
    let description = format!("{}, {number}", newsletter.title);
    let mut frame = Frame::new(site, &issue.lang, issue.subject.clone(), description);
    frame.canonical = Some(site.own_url(&issue.path()));
    frame.is_article = true;
    let view = View {
        frame,
        newsletter: NewsletterItem::new(newsletter, site, &[], tongue),
        number,
        day: words::day(issue.slot.date(), tongue),
        date: issue.slot.date().to_string(),
        subject: &issue.subject,
        body: &issue.body,
    };
    finish(templates, "page/issue.html", &view)
}
