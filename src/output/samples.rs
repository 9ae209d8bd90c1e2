//! The five seeds by hand, for tests: their real texts, with the HTML the original site made of them.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Europe::Paris;
use url::Url;

use super::feed::{Entry, Feed, Variant};
use crate::model::announcement::{Announcement, AnnouncementId, Attachment, Image, InfoRow, Source, Status};
use crate::model::event::{Access, Event, EventStatus, Place, When};
use crate::model::newsletter::{Newsletter, Rhythm};
use crate::model::revision::Revision;
use crate::model::sample;
use crate::model::schedule::Schedule;
use crate::model::settings::{FeedContent, PublishSettings, SiteSettings};
use crate::model::text::{Label, RichText};
use crate::model::time::{Moment, Precision};

pub(super) fn site() -> SiteSettings {
    let url: Url = "https://www.numerique.gouv.fr/".parse().expect("an address");
    SiteSettings {
        title: "Communauté UX".to_owned(),
        public_url: url.clone(),
        privacy_url: None,
        url,
        description: "Les annonces de la communauté UX – services publics en ligne".to_owned(),
        lang: "fr".to_owned(),
        zone: Paris,
        author: Some("DINUM".to_owned()),
        rights: None,
    }
}

pub(super) fn publish() -> PublishSettings {
    PublishSettings {
        dir: "public".into(),
        limit: 50,
        content: FeedContent::Full,
        websub_hubs: vec![],
        refresh: TimeDelta::hours(1),
        colors: std::collections::BTreeMap::new(),
    }
}

pub(super) fn newsletter() -> Newsletter {
    Newsletter {
        title: "La lettre de la communauté UX".to_owned(),
        rhythm: Rhythm::Scheduled(Box::new(Schedule::parse("0 9 * * MON").expect("a schedule"))),
        ..sample::newsletter()
    }
}

pub(super) fn entries(announcements: &[Announcement]) -> Vec<Entry<'_>> {
    announcements
        .iter()
        .map(|announcement| Entry {
            announcement,
            revision: Revision {
                sequence: 0,
                updated: announcement.published.instant,
                stamp: announcement.published.instant,
            },
        })
        .collect()
}

pub(super) fn feed<'a>(
    site: &'a SiteSettings,
    publish: &'a PublishSettings,
    announcements: &'a [Announcement],
) -> Feed<'a> {
    Feed {
        site,
        publish,
        title: site.title.clone(),
        description: site.description.clone(),
        folder: String::new(),
        variant: Variant::Main,
        previous: None,
        entries: entries(announcements),
    }
}

/// All five, newest first.
pub(super) fn announcements() -> Vec<Announcement> {
    vec![challenge(), meeting(), press_release(), community(), launch()]
}

pub(super) fn challenge() -> Announcement {
    Announcement {
        images: vec![image("commando-ux-article.png", None)],
        tags: labels(&["Commando UX", "UX", "services publics en ligne"]),
        ..announcement(
            "actualites",
            "administrations-proposez-vos-defis-au-commando-ux-pour-ameliorer-vos-services-numeriques",
            "Administrations, proposez vos défis au Commando UX pour améliorer vos services numériques !",
            "2020-06-08T17:21:00Z",
            &["Appel à défis"],
            include_str!("../../tests/fixtures/oracle/2020-06-08.html"),
        )
    }
}

/// An event with its end.
pub(super) fn meeting() -> Announcement {
    let registration: Url = "https://framaforms.org/inscription-pour-la-3eme-matinee-de-la-communaute-ux-1553189996"
        .parse()
        .expect("a URL");
    Announcement {
        images: vec![image("20190403_Article_lancement_DIG.jpg", None)],
        info: vec![row("Horaires", "9h-12h", None), row("Modalités", "Inscription gratuite", Some(&registration))],
        event: Some(Event {
            place: Some(Place {
                name: Some("Bâtiment Ségur-Fontenoy".to_owned()),
                address: Some("20 avenue de Ségur - 75007 Paris".to_owned()),
                geo: None,
            }),
            access: vec![
                access(
                    "Métro",
                    "Ligne 13 : Saint-François-Xavier ; Ligne 8 : Ecole Militaire ; Ligne 10 : Ségur ; Ligne 6 : Cambronne",
                ),
                access("Bus", "Lignes 28 et 80"),
            ],
            registration: Some(registration),
            ..event("2019-04-11T09:00:00", Some("2019-04-11T12:00:00"))
        }),
        ..announcement(
            "agenda",
            "expert-ux-tout-savoir-avant-de-candidater-pour-devenir-designer-dinteret-general",
            "Expert UX : tout savoir avant de candidater pour devenir designer d’intérêt général !",
            "2019-04-08T09:12:00Z",
            &["Réunion d'information", "Atelier"],
            include_str!("../../tests/fixtures/oracle/2019-04-08.html"),
        )
    }
}

pub(super) fn press_release() -> Announcement {
    Announcement {
        images: vec![image("20190403_Article_lancement_DIG.jpg", None)],
        attachments: vec![Attachment {
            href: "https://www.numerique.gouv.fr/uploads/CP_255%20Designers%20d'interet%20general.pdf"
                .parse()
                .expect("a URL"),
            title: Some("Télécharger le communiqué de presse".to_owned()),
            mime: "application/pdf".to_owned(),
            bytes: None,
        }],
        ..announcement(
            "espace-presse",
            "letat-souvre-a-lux-design-lancement-du-programme-designers-dinteret-general",
            "L’État s’ouvre à l’UX design : lancement du programme Designers d’Intérêt Général",
            "2019-03-12T10:04:00Z",
            &["Communiqué de presse"],
            include_str!("../../tests/fixtures/oracle/2019-03-12.html"),
        )
    }
}

pub(super) fn community() -> Announcement {
    announcement(
        "actualites",
        "rejoignez-la-communaute-ux-services-publics-en-ligne",
        "Rejoignez la communauté UX–services publics en ligne !",
        "2019-01-09T11:56:00Z",
        &["Article"],
        include_str!("../../tests/fixtures/oracle/2019-01-09.html"),
    )
}

/// An event without an end, with somebody to write to.
pub(super) fn launch() -> Announcement {
    let address = "christine.balian@modernisation.gouv.fr";
    Announcement {
        images: vec![image(
            "agenda-lancement-communaute-UX.jpg",
            Some("UX design et services publics en ligne - Venez rejoindre la communauté"),
        )],
        contact: Some(address.to_owned()),
        info: vec![row("Inscription par mail ", address, None)],
        event: Some(Event {
            place: Some(Place {
                name: Some("DINSIC".to_owned()),
                address: Some("20 avenue de Ségur - 75007 Paris".to_owned()),
                geo: None,
            }),
            access: vec![access(
                "Métro",
                "Ligne 8 : École militaire, Ligne 10 : Ségur, Ligne 13 : Saint-François-Xavier",
            )],
            ..event("2018-11-21T09:30:00", None)
        }),
        ..announcement(
            "agenda",
            "lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat",
            "Lancement : Rejoignez la communauté UX-Expérience utilisateur de l'État !",
            "2018-10-26T11:03:00Z",
            &["Atelier"],
            include_str!("../../tests/fixtures/oracle/2018-10-26.html"),
        )
    }
}

fn announcement(kind: &str, slug: &str, title: &str, published: &str, categories: &[&str], html: &str) -> Announcement {
    let html = html.replace("=\"/", "=\"https://www.numerique.gouv.fr/");
    let (body, summary) = html.split_once("<!-- CHAPEAU -->").expect("both parts");
    let instant: DateTime<Utc> = published.parse().expect("an instant");
    Announcement {
        id: AnnouncementId::minted("www.numerique.gouv.fr", instant.date_naive(), slug),
        pinned: false,
        source: Source { path: format!("{kind}/{slug}.md"), hash: String::new() },
        kind: kind.to_owned(),
        lang: "fr".to_owned(),
        title: title.to_owned(),
        subtitle: None,
        slug: slug.to_owned(),
        url: format!("https://www.numerique.gouv.fr/{kind}/{slug}/").parse().expect("a URL"),
        aliases: vec![],
        external_url: None,
        published: Moment { instant, zone: Paris, precision: Precision::Second, origin: "date".to_owned() },
        updated: None,
        expires: None,
        status: Status::Published,
        authors: vec![],
        contact: None,
        summary: Some(rich(summary)),
        body: rich(body),
        categories: labels(categories),
        tags: vec![],
        images: vec![],
        attachments: vec![],
        info: vec![],
        event: None,
        extra: serde_json::Map::new(),
    }
}

pub(super) fn rich(html: &str) -> RichText {
    let words = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let text: String = words.collect::<String>().replace("&amp;", "&").trim().to_owned();
    RichText { source: String::new(), html: html.trim().to_owned(), text }
}

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().filter_map(|name| Label::new(name)).collect()
}

fn image(name: &str, alt: Option<&str>) -> Image {
    let src = format!("https://www.numerique.gouv.fr/uploads/{name}").parse().expect("a URL");
    Image { src, alt: alt.map(str::to_owned), caption: None }
}

fn row(label: &str, value: &str, href: Option<&Url>) -> InfoRow {
    InfoRow { label: label.to_owned(), value: value.to_owned(), href: href.cloned() }
}

fn access(mode: &str, lines: &str) -> Access {
    Access { mode: Some(mode.to_owned()), lines: vec![lines.to_owned()] }
}

fn event(start: &str, end: Option<&str>) -> Event {
    let at = |text: &str| -> NaiveDateTime { text.parse().expect("a time") };
    Event {
        when: When::Timed { start: at(start), end: end.map(at), zone: Paris },
        place: None,
        online: None,
        access: vec![],
        registration: None,
        organizer: None,
        status: EventStatus::Confirmed,
    }
}
