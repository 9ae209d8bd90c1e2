//! CONTENT.md §1: what must come out of the five real announcements, read with feed-rs.

use feed_rs::model::{Entry, Feed, MediaContent};

use crate::support::folder::Folder;

const FEEDS: [&str; 3] = ["rss.xml", "atom.xml", "feed.json"];
const SITE: &str = "https://www.numerique.gouv.fr";

/// One column of the table.
struct Expected {
    title: &'static str,
    published: &'static str,
    url: &'static str,
    categories: &'static [&'static str],
    /// The beginning of the summary's text.
    summary: &'static str,
    enclosure: Option<&'static str>,
    /// In the body.
    kept: &'static [&'static str],
    /// Nowhere in the body.
    gone: &'static [&'static str],
}

/// Newest first.
const FIVE: [Expected; 5] = [
    Expected {
        title: "Administrations, proposez vos défis au Commando UX pour améliorer vos services numériques !",
        published: "2020-06-08T17:21:00Z",
        url: "/actualites/administrations-proposez-vos-defis-au-commando-ux-pour-ameliorer-vos-services-numeriques/",
        categories: &["Appel à défis"],
        summary: "La direction interministérielle du numérique (DINUM) lance aujourd’hui",
        enclosure: None,
        kept: &[
            "<blockquote class=\"noir encadre\">",
            "<div align=\"center\">",
            "<a href=\"https://design.numerique.gouv.fr/commando-ux/\" class=\"button\">",
            "Jusqu’au 19 juin 2020, 23h59\n</div>",
        ],
        gone: &["{:", "<blockquote class=\"citation\">"],
    },
    Expected {
        title: "Expert UX : tout savoir avant de candidater pour devenir designer d’intérêt général !",
        published: "2019-04-08T09:12:00Z",
        url: "/agenda/expert-ux-tout-savoir-avant-de-candidater-pour-devenir-designer-dinteret-general/",
        categories: &["Réunion d'information", "Atelier"],
        summary: "L’Etat recrute bientôt des designers UX",
        enclosure: None,
        kept: &["<p class=\"text-center\"><strong>Au programme :</strong></p>", "<li>"],
        gone: &["{:"],
    },
    Expected {
        title: "L’État s’ouvre à l’UX design : lancement du programme Designers d’Intérêt Général",
        published: "2019-03-12T10:04:00Z",
        url: "/espace-presse/letat-souvre-a-lux-design-lancement-du-programme-designers-dinteret-general/",
        categories: &["Communiqué de presse"],
        summary: "Améliorer l’expérience utilisateurs des services publics en ligne",
        enclosure: Some("https://www.numerique.gouv.fr/uploads/CP_255%20Designers%20d'interet%20general.pdf"),
        kept: &[
            "<blockquote class=\"lien-important\">",
            "<blockquote class=\"citation\">",
            "<blockquote class=\"auteur-citation\">",
        ],
        gone: &["{:"],
    },
    Expected {
        title: "Rejoignez la communauté UX–services publics en ligne !",
        published: "2019-01-09T11:56:00Z",
        url: "/actualites/rejoignez-la-communaute-ux-services-publics-en-ligne/",
        categories: &["Article"],
        summary: "Vous souhaitez améliorer l’expérience des utilisateurs",
        enclosure: None,
        kept: &[
            "<figure class=\"image-left\"",
            "<img src=\"https://www.numerique.gouv.fr/uploads/lancement-communaute-UX.jpeg\"",
            "<figcaption>Lancement de la communauté, le 21 novembre 2018 à Paris</figcaption>",
            "<em>user experience</em>",
            "target=\"_blank\"",
            "<a href=\"mailto:christine.balian@modernisation.gouv.fr\">",
        ],
        gone: &["{:", "*user experience*"],
    },
    Expected {
        title: "Lancement : Rejoignez la communauté UX-Expérience utilisateur de l'État !",
        published: "2018-10-26T11:03:00Z",
        url: "/agenda/lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat/",
        categories: &["Atelier"],
        summary: "La direction interministérielle du numérique lance la communauté UX",
        enclosure: None,
        kept: &[
            "<a href=\"https://designers.italia.it/\" target=\"_blank\"",
            "<a href=\"https://pidila.gitlab.io/\" target=\"_blank\"",
        ],
        gone: &["{:"],
    },
];

fn built() -> Folder {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    folder
}

fn feed(folder: &Folder, name: &str) -> Feed {
    feed_rs::parser::parse(&folder.bytes(&format!("public/{name}"))[..])
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn body(entry: &Entry) -> &str {
    entry.content.as_ref().and_then(|content| content.body.as_deref()).expect("a body")
}

#[test]
fn the_five_are_in_every_feed_newest_first_with_titles_on_one_line() {
    let folder = built();
    for name in FEEDS {
        let feed = feed(&folder, name);
        let titles: Vec<&str> =
            feed.entries.iter().map(|entry| entry.title.as_ref().expect("a title").content.as_str()).collect();
        assert_eq!(titles, FIVE.map(|expected| expected.title), "{name}");
        for (entry, expected) in feed.entries.iter().zip(&FIVE) {
            let published = entry.published.expect("a date").to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            assert_eq!(published, expected.published, "{name}");
            assert!(entry.id.starts_with("tag:www.numerique.gouv.fr,20"), "{name}: {}", entry.id);
            let url = format!("{SITE}{}", expected.url);
            assert!(entry.links.iter().any(|link| link.href == url), "{name}: {:?}", entry.links);
        }
    }
}

#[test]
fn ids_are_the_same_in_every_feed() {
    let folder = built();
    let ids = FEEDS.map(|name| feed(&folder, name).entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>());
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
}

#[test]
fn bodies_have_their_attributes_and_raw_html_and_summaries_their_words() {
    let folder = built();
    for name in FEEDS {
        for (entry, expected) in feed(&folder, name).entries.iter().zip(&FIVE) {
            let body = body(entry);
            for words in expected.kept {
                assert!(body.contains(words), "{name}: no `{words}` in\n{body}");
            }
            for words in expected.gone {
                assert!(!body.contains(words), "{name}: `{words}` in\n{body}");
            }
            let summary = &entry.summary.as_ref().expect("a summary").content;
            let text = summary.trim_start_matches("<p>");
            assert!(text.starts_with(expected.summary), "{name}: {summary}");
            assert!(!summary.contains("{:"), "{name}: {summary}");
        }
    }
}

#[test]
fn three_block_lists_make_three_quotes_and_every_line_break_stays() {
    let folder = built();
    let feed = feed(&folder, "atom.xml");
    assert_eq!(body(&feed.entries[2]).matches("<blockquote").count(), 3);
    // 16 lines of them in the file and one within the centred block
    let source = folder.read(
        "content/actualites/2020-06-08-administrations-proposez-vos-defis-au-commando-ux-pour-ameliorer-vos-services-numeriques.md",
    );
    assert_eq!(body(&feed.entries[0]).matches("<br").count(), source.matches("<br").count());
    assert_eq!(body(&feed.entries[4]).matches("target=\"_blank\"").count(), 3);
}

#[test]
fn a_link_in_a_summary_keeps_its_target() {
    let folder = built();
    let feed = feed(&folder, "atom.xml");
    let summary = &feed.entries[4].summary.as_ref().expect("a summary").content;
    let link = "<a href=\"http://www.modernisation.gouv.fr/la-semaine-de-linnovation-publique\" target=\"_blank\"";
    assert!(summary.contains(link), "{summary}");
    assert!(
        feed.entries[1]
            .summary
            .as_ref()
            .expect("a summary")
            .content
            .contains("<a href=\"https://www.numerique.gouv.fr/")
    );
}

#[test]
fn categories_are_as_written() {
    let folder = built();
    for name in ["rss.xml", "atom.xml"] {
        for (entry, expected) in feed(&folder, name).entries.iter().zip(&FIVE) {
            let is_category = |scheme: &Option<String>| scheme.as_deref() == Some(&format!("{SITE}/categories/"));
            let categories: Vec<&str> = entry
                .categories
                .iter()
                .filter(|category| is_category(&category.scheme))
                .map(|category| category.label.as_deref().unwrap_or(&category.term))
                .collect();
            assert_eq!(categories, expected.categories, "{name}");
        }
    }
}

#[test]
fn the_press_release_has_one_enclosure_whose_address_is_encoded_once() {
    let folder = built();
    let json: serde_json::Value = serde_json::from_slice(&folder.bytes("public/feed.json")).expect("JSON");
    let atom = feed(&folder, "atom.xml");
    for (index, expected) in FIVE.iter().enumerate() {
        let item = &json["items"][index];
        let attached: Vec<&str> = item["attachments"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|attachment| attachment["url"].as_str().expect("an address"))
            .collect();
        assert_eq!(attached, expected.enclosure.into_iter().collect::<Vec<_>>());
        let links = atom.entries[index].links.iter();
        let enclosed: Vec<&str> =
            links.filter(|link| link.rel.as_deref() == Some("enclosure")).map(|link| link.href.as_str()).collect();
        assert_eq!(enclosed, expected.enclosure.into_iter().collect::<Vec<_>>());
    }
    let rss = folder.read("public/rss.xml");
    assert_eq!(rss.matches("<enclosure ").count(), 1);
    let enclosure = rss.lines().find(|line| line.contains("<enclosure ")).expect("an enclosure").trim();
    assert_eq!(
        enclosure,
        "<enclosure url=\"https://www.numerique.gouv.fr/uploads/CP_255%20Designers%20d&apos;interet%20general.pdf\" \
         length=\"0\" type=\"application/pdf\"/>"
    );
    assert!(FEEDS.iter().all(|name| !folder.read(&format!("public/{name}")).contains("%2520")));
}

#[test]
fn pictures_come_with_their_words_or_without_and_check_says_which_lack_them() {
    let folder = built();
    let rss = feed(&folder, "rss.xml");
    let picture = |index: usize| -> Option<(String, Option<String>)> {
        rss.entries[index].media.iter().find_map(|media| {
            let is_image =
                |content: &&MediaContent| content.content_type.as_ref().is_some_and(|kind| kind.ty() == "image");
            let url = media.content.iter().find(is_image)?.url.as_ref().expect("an address").to_string();
            Some((url, media.description.as_ref().map(|text| text.content.clone())))
        })
    };
    let dig = format!("{SITE}/uploads/20190403_Article_lancement_DIG.jpg");
    assert_eq!(picture(0), Some((format!("{SITE}/uploads/commando-ux-article.png"), None)));
    assert_eq!(picture(1), Some((dig.clone(), None)));
    assert_eq!(picture(2), Some((dig, None)));
    assert_eq!(picture(3), None);
    let words = "UX design et services publics en ligne - Venez rejoindre la communauté";
    let with_words = (format!("{SITE}/uploads/agenda-lancement-communaute-UX.jpg"), Some(words.to_owned()));
    assert_eq!(picture(4), Some(with_words));
    let check = folder.crieur(["check"]).succeeds();
    assert_eq!(check.stdout.matches("warning[image-without-alt]").count(), 4, "{}", check.stdout);
}

#[test]
fn every_published_address_is_absolute() {
    let folder = built();
    let mut seen = 0;
    for name in FEEDS {
        for entry in feed(&folder, name).entries {
            let summary = entry.summary.as_ref().map_or("", |summary| summary.content.as_str());
            for address in addresses(body(&entry)).chain(addresses(summary)) {
                assert!(is_absolute(address), "{name}: `{address}` in {}", entry.id);
                seen += 1;
            }
            for link in &entry.links {
                assert!(is_absolute(&link.href), "{name}: {}", link.href);
            }
        }
    }
    assert!(seen > 40, "only {seen} addresses were looked at");
}

/// What `href="…"` and `src="…"` say.
fn addresses(html: &str) -> impl Iterator<Item = &str> {
    let values = |name: &'static str| html.split(name).skip(1).filter_map(|rest| rest.split('"').next());
    values(" href=\"").chain(values(" src=\""))
}

fn is_absolute(address: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| address.starts_with(scheme))
}

#[test]
fn addresses_are_found_where_they_stand() {
    let html = "<a class=\"x\" href=\"/a\">href=\"no\"</a><img src=\"https://b\">";
    assert_eq!(addresses(html).collect::<Vec<_>>(), ["/a", "https://b"]);
    assert!(!is_absolute("/a") && !is_absolute("a") && !is_absolute("//a/b"));
}
