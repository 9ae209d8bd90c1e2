//! What mails must show.

mod english;

use std::collections::BTreeMap;

use super::super::samples;
use super::*;
use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::sample::rich;

const MARK: &str = "x7Qm2Kf9unsubscribe";
const PREFERENCES: &str = "x7Qm2Kf9preferences";

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
        contents: &Contents { changed: Vec::new(), new: samples::entries(new), upcoming: samples::entries(upcoming) },
        unsubscribe_mark: MARK,
        preferences_mark: PREFERENCES,
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
    assert_eq!(subject(&samples::announcements()), "Administrations, proposez vos défis au… – et 4 autres annonces");
    assert_eq!(subject(&[samples::community()]), "Rejoignez la communauté UX–services publics en ligne\u{202f}!");
    assert_eq!(subject(&[]), "La lettre de la communauté UX n°\u{a0}12");
    let all = samples::announcements();
    assert!((0..=5).all(|count| subject(&all[..count]).chars().count() <= 70));
}

#[test]
fn what_is_called_off_is_in_the_subject_whatever_is_new() {
    let (off, new) = ([samples::meeting()], [samples::community()]);
    let changed =
        ChangedEntry { entry: samples::entries(&off)[0], changes: vec![Change::Cancelled], is_withdrawn: false };
    let contents = Contents { changed: vec![changed], new: samples::entries(&new), upcoming: Vec::new() };
    let newsletter = samples::newsletter();
    let site = samples::site();
    let view = IssueView {
        site: &site,
        newsletter: &newsletter,
        number: 12,
        slot: "2019-04-08T09:00:00".parse().expect("a time"),
        lang: "fr",
        contents: &contents,
        unsubscribe_mark: MARK,
        preferences_mark: PREFERENCES,
        web_url: None,
    };
    let mail = issue(&Templates::built_in(), &view).expect("an issue");
    assert_eq!(mail.subject, "Annulé\u{a0}: Expert UX\u{a0}: tout savoir avant de… – et une autre annonce");
    let preheader =
        mail.html.split("preheader").nth(1).and_then(|html| html.split("</div>").next()).unwrap_or_default();
    assert!(preheader.ends_with("Rejoignez la communauté UX–services publics en ligne\u{202f}!"), "{preheader}");
}

#[test]
fn nothing_leads_to_more_where_all_is_shown() {
    let whole = Announcement { summary: None, body: rich("Tout est dit."), ..samples::community() };
    let linked = Announcement { body: rich("Voir <a href=\"https://x.example/\">là</a>."), ..whole.clone() };
    let whole = Announcement { attachments: Vec::new(), info: Vec::new(), contact: None, external_url: None, ..whole };
    for (it, leads) in [(whole, false), (linked, true)] {
        let mail = rendered(&[it], &[], "fr");
        assert_eq!(mail.html.contains("Lire la suite"), leads, "{}", mail.html);
        assert_eq!(mail.text.contains("Lire la suite"), leads, "{}", mail.text);
        assert!(mail.text.contains(samples::community().url.as_str()), "{}", mail.text);
    }
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
fn an_issue_without_news_says_so() {
    let mail = rendered(&[], &[], "fr");
    for part in [&mail.html, &mail.text] {
        assert!(part.contains("Pas de nouvelle annonce cette fois-ci."), "{part}");
    }
    assert!(!rendered(&[samples::community()], &[], "fr").text.contains("cette fois-ci"));
}

#[test]
fn no_line_begins_with_a_mark_that_french_sets_apart() {
    let mail = sample();
    let (_, body) = mail.html.split_once("<body").expect("a body");
    for part in [body, &mail.text] {
        for broken in ["intéressé ?", "administrations !", "UX :", "« Designers", "Général »"] {
            assert!(!part.contains(broken), "`{broken}`: {part}");
        }
    }
    assert!(mail.text.contains("Vous êtes intéressé\u{202f}?") && mail.text.contains("programme «\u{a0}Designers"));
}

#[test]
fn readers_of_english_get_english_words_and_the_language_of_each_item() {
    let mail = rendered(&[samples::community()], &[samples::meeting()], "en");
    assert!(mail.html.contains("<html lang=\"en\">") && mail.html.contains(" lang=\"fr\""));
    assert!(mail.text.contains("COMING UP") && mail.text.contains("Thursday 11\u{a0}April 2019, from 9:00 to 12:00"));
}

#[test]
fn every_link_is_whole_and_nothing_is_fetched_but_pictures() {
    let html = sample().html;
    for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let is_personal = [MARK, PREFERENCES].contains(&link);
        assert!(link.starts_with("https://") || link.starts_with("mailto:") || is_personal, "{link}");
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
