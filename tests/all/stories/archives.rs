//! The archives of the whole site's feed (RFC 5005): complete, and the same for ever.

use std::collections::BTreeSet;

use super::announcement;
use crate::support::folder::Folder;

/// The address of the site in crieur.toml.
const SITE: &str = "https://www.numerique.gouv.fr/";
const OLDEST: &str =
    "content/agenda/2018-10-26-lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat.md";

fn two_an_archive() -> Folder {
    Folder::of_five().but("dir = \"public\"", "dir = \"public\"\nlimit = 2")
}

/// Where a link of a feed leads, below the site.
fn link(document: &str, rel: &str) -> Option<String> {
    let line = document.lines().find(|line| line.contains(&format!("rel=\"{rel}\"")))?;
    let href = line.split("href=\"").nth(1)?.split('"').next()?;
    Some(href.strip_prefix(SITE).expect("an address of the site").to_owned())
}

/// The documents from the live feed back to the first archive.
fn walk(folder: &Folder) -> Vec<String> {
    let mut documents = vec![folder.read("public/atom.xml")];
    while let Some(path) = link(documents.last().expect("one"), "prev-archive") {
        documents.push(folder.read(&format!("public/{path}")));
    }
    documents
}

fn ids(documents: &[String]) -> BTreeSet<String> {
    let entries = documents.iter().flat_map(|document| document.split("<entry>").skip(1));
    entries.map(|entry| entry.split("<id>").nth(1).expect("an id").split('<').next().expect("it").to_owned()).collect()
}

#[test]
fn walking_back_finds_everything() {
    let folder = two_an_archive();
    folder.crieur(["build"]).succeeds();
    let documents = walk(&folder);
    assert_eq!(documents.len(), 3);
    assert_eq!(ids(&documents).len(), 5);
    for (number, document) in [(2, &documents[1]), (1, &documents[2])] {
        assert!(document.contains("<fh:archive"), "{document}");
        assert_eq!(link(document, "self"), Some(format!("archive/{number}.xml")));
        assert_eq!(link(document, "current").as_deref(), Some("atom.xml"));
        assert_eq!(document.matches("<entry>").count(), 2);
    }
    assert!(!documents[0].contains("fh:archive"));
    let mut next = Some("feed.json".to_owned());
    let mut items = BTreeSet::new();
    while let Some(path) = next {
        let page: serde_json::Value = serde_json::from_str(&folder.read(&format!("public/{path}"))).expect("JSON");
        items.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].to_string()));
        next = page["next_url"].as_str().map(|url| url.strip_prefix(SITE).expect("of the site").to_owned());
    }
    assert_eq!(items.len(), 5);
}

#[test]
fn a_closed_archive_never_changes() {
    let folder = two_an_archive();
    folder.crieur(["build"]).succeeds();
    let archives = |folder: &Folder| {
        let files = folder.files("public");
        files.into_iter().filter(|(name, _)| name.starts_with("archive/")).collect::<Vec<_>>()
    };
    let closed = archives(&folder);
    assert_eq!(closed.len(), 4);
    let oldest = folder.read(OLDEST);
    folder.write(OLDEST, &oldest.replace("Lancement", "Grand lancement"));
    folder.write("templates/page/style.css", "body{}");
    folder.write("content/actualites/2018-01-01-ancien.md", &announcement("Ancien", "2018-01-01 10:00:00 +01:00"));
    folder.crieur(["build"]).succeeds();
    let now = archives(&folder);
    assert!(closed.iter().all(|file| now.contains(file)));
    // dated back: it is in the live feed or in an archive, never in neither
    assert!(walk(&folder).iter().any(|document| document.contains("<title>Ancien</title>")));
}

#[test]
fn a_takedown_reaches_the_archive_and_nothing_else_there_changes() {
    let folder = two_an_archive();
    folder.crieur(["build"]).succeeds();
    let other = folder.read("public/archive/2.xml");
    let title = "Rejoignez la communauté UX";
    assert!(
        folder.read("public/archive/1.xml").contains(title) && folder.read("public/archive/1.json").contains(title)
    );
    folder.remove("content/actualites/2019-01-09-rejoignez-la-communaute-ux-services-publics-en-ligne.md");
    let told = folder.crieur(["build"]).succeeds();
    assert!(told.stderr.contains("a closed archive was written anew"), "{}", told.stderr);
    assert_eq!(folder.read("public/archive/1.xml").matches("<entry>").count(), 1);
    assert_eq!(folder.read("public/archive/2.xml"), other);
    assert!(!folder.read("public/archive/1.json").contains("communaute-ux-services-publics-en-ligne"));
    let again = folder.crieur(["build"]).succeeds();
    assert!(again.stdout.contains(" 0 written,"), "{}", again.stdout);
    assert!(!again.stderr.contains("anew"), "{}", again.stderr);
}

#[test]
fn a_build_as_if_it_were_earlier_shows_nothing_too_soon_and_spoils_no_archive() {
    let folder = two_an_archive();
    folder.crieur(["build"]).succeeds();
    let files = folder.files("public");
    folder.crieur(["build", "--at", "2018-12-01"]).succeeds();
    assert_eq!(ids(&walk(&folder)).len(), 1);
    folder.crieur(["build"]).succeeds();
    assert_eq!(folder.files("public"), files);
}
