//! A whole file by each profile, then every document about it: what can be read can be published.
#![no_main]

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::content::mapping::{self, Habits};
use crieur::content::profile::Profile;
use crieur::model::announcement::Announcement;
use crieur::model::catalog::Catalog;
use crieur::model::revision::Revision;
use crieur::model::settings::{ContentSettings, FeedContent, ProfileName, PublishSettings, SiteSettings, Typography};
use crieur::output::feed::{Entry, Feed, Variant};
use crieur::output::{atom, calendar, check, json_feed, rss};
use libfuzzer_sys::fuzz_target;
use url::Url;

const PROFILES: [ProfileName; 4] = [ProfileName::Numerique, ProfileName::Jekyll, ProfileName::Hugo, ProfileName::Zola];
const PATHS: [&str; 2] = ["agenda/2019-04-08-matinee.md", "posts/matinee.md"];

struct House {
    site: SiteSettings,
    publish: PublishSettings,
    profiles: Vec<(ContentSettings, Profile)>,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| House {
    site: SiteSettings {
        title: "Communauté UX".to_owned(),
        url: Url::parse("https://www.example.org/").expect("an address"),
        description: "Les annonces".to_owned(),
        lang: "fr".to_owned(),
        zone: chrono_tz::Europe::Paris,
        author: None,
            rights: None,
        public_url: Url::parse("https://annonces.example.org/").expect("an address"),
    },
    publish: PublishSettings {
        dir: "public".into(),
        limit: 50,
        content: FeedContent::Full,
        websub_hubs: Vec::new(),
        refresh: TimeDelta::hours(1),
            colors: std::collections::BTreeMap::new(),
    },
    profiles: PROFILES
        .map(|profile| {
            let settings = ContentSettings {
                dir: "content".into(),
                profile,
                typography: Typography::Language,
                fields: BTreeMap::new(),
                folders: Vec::new(),
                assets: None,
                max_bytes: 1 << 20,
                max_withdrawn: 1.0,
            };
            (settings, Profile::with_overrides(profile, &BTreeMap::new()))
        })
        .into(),
});

fuzz_target!(init: crieur_fuzz::pass_caught_panics(), |data: &[u8]| {
    let house = &*HOUSE;
    let now = DateTime::<Utc>::from_timestamp(1_554_710_400, 0).expect("a moment");
    for ((content, profile), path) in house.profiles.iter().zip(PATHS.into_iter().cycle()) {
        let habits = Habits { site: &house.site, content, profile, first_seen: &HashMap::new(), now };
        match mapping::read(path, data, habits) {
            Ok(understood) => publish(house, understood.announcement),
            Err(diagnostics) => assert!(!diagnostics.is_empty()),
        }
    }
});

fn publish(house: &House, announcement: Announcement) {
    let updated = announcement.updated.as_ref().unwrap_or(&announcement.published).instant;
    let (catalog, clashes) = Catalog::new(vec![announcement], |_| None);
    assert!(clashes.is_empty());
    let revision = Revision { sequence: 1, updated, stamp: updated };
    let entries: Vec<Entry> = catalog.all().iter().map(|announcement| Entry { announcement, revision }).collect();
    for entry in &entries {
        crieur_fuzz::assert_clean(&entry.announcement.body.html, false);
        let alone = calendar::write_event(&house.site, &house.publish, entry);
        check::check_calendar(&alone).unwrap_or_else(|fault| refuse(&alone, &fault));
    }
    let feed = Feed {
        site: &house.site,
        publish: &house.publish,
        title: house.site.title.clone(),
        description: house.site.description.clone(),
        folder: String::new(),
        entries,
        variant: Variant::Main,
        previous: None,
    };
    let gates: [(Vec<u8>, Gate); 4] = [
        (rss::write(&feed).expect("RSS"), check::check_xml),
        (atom::write(&feed).expect("Atom"), check::check_xml),
        (json_feed::write(&feed).expect("JSON Feed"), check::check_json),
        (calendar::write(&feed).bytes, check::check_calendar),
    ];
    for (document, gate) in gates {
        gate(&document).unwrap_or_else(|fault| refuse(&document, &fault));
    }
}

type Gate = fn(&[u8]) -> Result<(), check::Fault>;

fn refuse(document: &[u8], fault: &check::Fault) -> ! {
    panic!("{fault}\n{}", String::from_utf8_lossy(document))
}
