//! A newsletter issue as mail: subject, HTML and text, without any reader's personal parts.

use chrono::NaiveDateTime;
use css_inline::CSSInliner;
use serde::Serialize;

use super::feed::Entry;
use super::plain_text;
use super::templates::{TemplateError, Templates};
use super::view::Item;
use super::words::{self, Tongue, Words};
use crate::model::issue::Variant;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::text::{one_line, shorten};

/// Gmail clips at 102 kB what it gets, and the reader's own address is not in yet.
const MAX_HTML_BYTES: usize = 100_000;
/// What phones and lists show of a subject.
const SUBJECT_CHARS: usize = 70;
const PREHEADER_CHARS: usize = 110;
const TITLE_CHARS: usize = 250;

const HTML: &str = "email/issue.html";
const TEXT: &str = "email/issue.txt";

/// One issue for the readers of one language.
#[derive(Debug, Clone, Copy)]
pub struct IssueView<'a> {
    pub site: &'a SiteSettings,
    pub newsletter: &'a Newsletter,
    pub number: u32,
    pub slot: NaiveDateTime,
    pub lang: &'a str,
    /// Newest first.
    pub new: &'a [Entry<'a>],
    /// Soonest first. One that is new as well is shown here, in full, and not a second time.
    pub upcoming: &'a [Entry<'a>],
    /// Stands where each reader's own unsubscribe address goes: letters and digits nobody can foresee.
    pub unsubscribe_mark: &'a str,
    /// Where the issue can be read on the web, if anywhere.
    pub web_url: Option<&'a str>,
}

/// What the templates get.
#[derive(Debug, Serialize)]
struct Mail<'a> {
    t: &'static Words,
    lang: &'a str,
    /// With the no-break space French sets before it.
    colon: &'static str,
    subject: &'a str,
    preheader: &'a str,
    style: &'a str,
    dark: &'a str,
    site: SiteView<'a>,
    newsletter: NewsletterView<'a>,
    #[serde(flatten)]
    contents: Contents,
    /// "12 autres annonces sur le site", where even titles would be too much.
    left_out: Option<String>,
    unsubscribe: &'a str,
}

#[derive(Debug, Serialize)]
struct SiteView<'a> {
    title: &'a str,
    home: String,
}

#[derive(Debug, Serialize)]
struct NewsletterView<'a> {
    title: &'a str,
    number: String,
    date: String,
    url: String,
    web_url: Option<&'a str>,
}

#[derive(Debug, Clone, Serialize)]
struct Part {
    #[serde(flatten)]
    item: Item,
    /// An event ahead that was announced before is shown without its summary.
    detailed: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Contents {
    upcoming: Vec<Part>,
    new: Vec<Part>,
    /// Shown by their titles, where all in full would be too much for one mail.
    others: Vec<Part>,
}

/// How many items fit in full, and how many of the others by their titles.
#[derive(Debug, Clone, Copy)]
struct Room {
    in_full: usize,
    by_title: usize,
}

/// Renders an issue. The HTML stays below 100 kB: what does not fit is shown by its title, then by its number.
///
/// # Errors
/// A template that cannot be rendered, or that leaves out the way to unsubscribe.
pub fn issue(templates: &Templates, view: &IssueView) -> Result<Variant, TemplateError> {
    let tongue = Tongue::of(view.lang);
    let (subject, preheader) = (subject(view, tongue), preheader(view));
    let all = Contents::new(view, tongue);
    let mut room = Room::MOST;
    loop {
        let (contents, left_out) = all.within(room);
        let mail = Mail {
            t: tongue.words(),
            lang: tongue.document_lang(view.lang),
            colon: if tongue == Tongue::French { "\u{a0}:" } else { ":" },
            subject: &subject,
            preheader: &preheader,
            style: templates.style("email/style.css"),
            dark: templates.style("email/dark.css"),
            site: SiteView { title: &view.site.title, home: view.site.own_url("") },
            newsletter: NewsletterView::new(view, tongue),
            contents,
            left_out: (left_out > 0).then(|| tongue.left_out(left_out)),
            unsubscribe: view.unsubscribe_mark,
        };
        let html = inlined(&templates.render(HTML, &mail)?)?;
        if html.len() > MAX_HTML_BYTES
            && let Some(less) = room.less()
        {
            room = less;
            continue;
        }
        let text = plain_text::wrapped(&templates.render(TEXT, &mail)?);
        must_let_readers_leave(&html, HTML, view.unsubscribe_mark)?;
        must_let_readers_leave(&text, TEXT, view.unsubscribe_mark)?;
        let (key, lang, unsubscribe_mark) =
            (view.lang.to_owned(), mail.lang.to_owned(), view.unsubscribe_mark.to_owned());
        return Ok(Variant { key, lang, subject, html, text, unsubscribe_mark });
    }
}

/// The newest title and how many more there are; the newsletter's own where nothing is new.
fn subject(view: &IssueView, tongue: Tongue) -> String {
    let Some(newest) = view.new.first() else {
        return format!("{} {}", one_line(&view.newsletter.title), tongue.number(view.number));
    };
    let others = tongue.and_others(view.new.len() - 1);
    format!("{}{others}", shorten(&newest.announcement.title, SUBJECT_CHARS - others.chars().count()))
}

/// What lists of messages show after the subject: the other titles, or how the only one begins.
fn preheader(view: &IssueView) -> String {
    let is_new = |entry: &Entry| view.new.iter().any(|new| new.announcement.id == entry.announcement.id);
    let ahead = view.upcoming.iter().filter(|entry| !is_new(entry));
    let titles: Vec<&str> =
        view.new.iter().skip(1).chain(ahead).map(|entry| entry.announcement.title.as_str()).collect();
    match (titles.as_slice(), view.new.first()) {
        ([], Some(only)) => only.announcement.teaser(PREHEADER_CHARS),
        (titles, _) => shorten(&titles.join(" · "), PREHEADER_CHARS),
    }
}

/// Writes the style into the elements: mail programs drop what stands in the head.
fn inlined(html: &str) -> Result<String, TemplateError> {
    CSSInliner::options()
        .load_remote_stylesheets(false)
        .build()
        .inline(html)
        .map_err(|error| TemplateError::whole("email/style.css", error.to_string()))
}

fn must_let_readers_leave(rendered: &str, file: &str, mark: &str) -> Result<(), TemplateError> {
    if rendered.contains(mark) {
        Ok(())
    } else {
        Err(TemplateError::whole(file, "says nowhere how to unsubscribe: put `{{ unsubscribe }}` into it"))
    }
}

impl<'a> NewsletterView<'a> {
    fn new(view: &IssueView<'a>, tongue: Tongue) -> Self {
        Self {
            title: &view.newsletter.title,
            number: tongue.number(view.number),
            date: words::day(view.slot.date(), tongue),
            url: view.site.own_url(&format!("newsletters/{}/", view.newsletter.name)),
            web_url: view.web_url,
        }
    }
}

impl Part {
    fn new(entry: &Entry, view: &IssueView, tongue: Tongue, detailed: bool) -> Self {
        let mut item = Item::new(entry, view.site, tongue.document_lang(view.lang), tongue);
        item.title = shorten(&item.title, TITLE_CHARS);
        Self { item, detailed }
    }
}

impl Contents {
    fn new(view: &IssueView, tongue: Tongue) -> Self {
        let among = |entries: &[Entry], entry: &Entry| {
            entries.iter().any(|other| other.announcement.id == entry.announcement.id)
        };
        let upcoming =
            view.upcoming.iter().map(|entry| Part::new(entry, view, tongue, among(view.new, entry))).collect();
        let new = view
            .new
            .iter()
            .filter(|entry| !among(view.upcoming, entry))
            .map(|entry| Part::new(entry, view, tongue, true))
            .collect();
        Self { upcoming, new, others: Vec::new() }
    }

    /// What there is room for, events first, and how many are left out.
    fn within(&self, room: Room) -> (Self, usize) {
        let (upcoming, events_over) = self.upcoming.split_at(room.in_full.min(self.upcoming.len()));
        let (new, news_over) = self.new.split_at((room.in_full - upcoming.len()).min(self.new.len()));
        let over = events_over.len() + news_over.len();
        let others: Vec<Part> = events_over.iter().chain(news_over).take(room.by_title).cloned().collect();
        let left_out = over - others.len();
        (Self { upcoming: upcoming.to_vec(), new: new.to_vec(), others }, left_out)
    }
}

impl Room {
    /// Never more fit: an item takes a kilobyte at least, a title two hundred bytes.
    const MOST: Self = Self { in_full: 100, by_title: 500 };

    fn less(self) -> Option<Self> {
        match self {
            Self { in_full: 0, by_title: 0 } => None,
            Self { in_full: 0, by_title } => Some(Self { in_full: 0, by_title: by_title / 2 }),
            Self { in_full, by_title } => Some(Self { in_full: in_full / 2, by_title }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::samples;
    use super::*;
    use crate::model::announcement::{Announcement, AnnouncementId};

    const MARK: &str = "x7Qm2Kf9unsubscribe";

    fn rendered(new: &[Announcement], upcoming: &[Announcement], lang: &str) -> Variant {
        with(&Templates::built_in(), new, upcoming, lang).expect("an issue")
    }

    fn with(
        templates: &Templates,
        new: &[Announcement],
        upcoming: &[Announcement],
        lang: &str,
    ) -> Result<Variant, TemplateError> {
        let view = IssueView {
            site: &samples::site(),
            newsletter: &samples::newsletter(),
            number: 12,
            slot: "2019-04-08T09:00:00".parse().expect("a time"),
            lang,
            new: &samples::entries(new),
            upcoming: &samples::entries(upcoming),
            unsubscribe_mark: MARK,
            web_url: None,
        };
        issue(templates, &view)
    }

    fn look_at(name: &str, content: &str) {
        if let Some(folder) = std::env::var_os("CRIEUR_LOOK_AT") {
            std::fs::write(std::path::Path::new(&folder).join(name), content).expect("a folder");
        }
    }

    fn sample() -> Variant {
        rendered(&[samples::meeting(), samples::press_release(), samples::community()], &[samples::meeting()], "fr")
    }

    #[test]
    fn an_issue_reads_well_as_text() {
        look_at("mail.txt", &sample().text);
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("issue.txt", sample().text);
        });
    }

    #[test]
    fn an_issue_reads_well_as_html() {
        look_at("mail.html", &sample().html);
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("issue.html", sample().html);
        });
    }

    #[test]
    fn the_subject_names_the_newest_and_counts_the_others() {
        let subject = |new: &[Announcement]| rendered(new, &[], "fr").subject;
        assert_eq!(
            subject(&samples::announcements()),
            "Administrations, proposez vos défis au… – et 4 autres annonces"
        );
        assert_eq!(subject(&[samples::community()]), "Rejoignez la communauté UX–services publics en ligne !");
        assert_eq!(subject(&[]), "La lettre de la communauté UX n°\u{a0}12");
        let all = samples::announcements();
        assert!((0..=5).all(|count| subject(&all[..count]).chars().count() <= 70));
    }

    #[test]
    fn an_event_that_is_new_and_ahead_is_printed_once() {
        let mail = sample();
        assert_eq!(mail.html.matches("L’Etat recrute bientôt").count(), 1);
        assert_eq!(mail.text.matches("L’Etat recrute bientôt").count(), 1);
    }

    #[test]
    fn an_event_announced_before_is_recalled_without_its_summary() {
        let mail = rendered(&[samples::community()], &[samples::meeting()], "fr");
        assert!(mail.text.contains("Jeudi 11\u{a0}avril 2019") && !mail.text.contains("L’Etat recrute bientôt"));
    }

    #[test]
    fn readers_of_english_get_english_words_and_the_language_of_each_item() {
        let mail = rendered(&[samples::community()], &[samples::meeting()], "en");
        assert!(mail.html.contains("<html lang=\"en\">") && mail.html.contains(" lang=\"fr\""));
        assert!(
            mail.text.contains("COMING UP") && mail.text.contains("Thursday 11\u{a0}April 2019, from 9:00 to 12:00")
        );
    }

    #[test]
    fn every_link_is_whole_and_nothing_is_fetched_but_pictures() {
        let html = sample().html;
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(link.starts_with("https://") || link.starts_with("mailto:") || link == MARK, "{link}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(!html.contains("<script") && !html.contains("<link") && !html.contains("url("));
        assert!(html.split("<img ").skip(1).all(|tag| tag.split('>').next().is_some_and(|tag| tag.contains("alt="))));
    }

    #[test]
    fn text_lines_are_at_most_72_columns_unless_an_address_is_longer() {
        for line in sample().text.lines().filter(|line| !line.contains("://")) {
            assert!(line.chars().count() <= 72, "{line}");
        }
    }

    #[test]
    fn a_title_cannot_break_out() {
        let nasty = Announcement { title: "<b>\"Q&A\"</b><style>*{}</style>".to_owned(), ..samples::launch() };
        let mail = rendered(std::slice::from_ref(&nasty), std::slice::from_ref(&nasty), "fr");
        assert!(!mail.html.contains("<b>") && mail.html.contains("&lt;b&gt;\"Q&amp;A\"&lt;/b&gt;"), "{}", mail.html);
        assert!(mail.text.contains("<b>\"Q&A\"</b>"));
    }

    #[test]
    fn an_issue_stays_below_the_size_gmail_clips_at() {
        let many: Vec<Announcement> = (0..700)
            .map(|n| Announcement { id: AnnouncementId::pinned(&n.to_string()), ..samples::press_release() })
            .collect();
        for count in [100, 700] {
            let mail = rendered(&many[..count], &[], "fr");
            assert!(mail.html.len() <= MAX_HTML_BYTES, "{count}: {}", mail.html.len());
            assert!(mail.html.len() > MAX_HTML_BYTES / 4, "{count}: {}", mail.html.len());
            assert!(mail.html.contains(MARK) && mail.text.contains(MARK));
        }
        assert!(rendered(&many, &[], "fr").text.contains("annonces sur le site"), "even titles are too many");
    }

    #[test]
    fn a_body_too_long_for_a_mail_is_cut() {
        let long = samples::rich(&format!("<p>{}</p>", "mot ".repeat(50_000)));
        let mail = rendered(&[Announcement { summary: Some(long), ..samples::community() }], &[], "fr");
        assert!(mail.html.len() < 20_000 && mail.html.contains("mot…") && mail.html.contains("Lire la suite"));
    }

    #[test]
    fn a_template_without_a_way_out_is_refused() {
        let own = BTreeMap::from([("email/issue.txt".to_owned(), "{{ newsletter.title }}".to_owned())]);
        let templates = Templates::with_overrides(&own).expect("it parses");
        let error = with(&templates, &[samples::community()], &[], "fr").expect_err("no way out").to_string();
        assert!(error.contains("email/issue.txt") && error.contains("unsubscribe"), "{error}");
    }
}
