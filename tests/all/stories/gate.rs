//! What does not pass the publish gate.

use super::announcement;
use crate::support::folder::Folder;

const PAGE: &str = "templates/page/announcement.html";
const SIXTH: &str = "content/actualites/2021-05-06-sixieme.md";

#[test]
fn a_faulty_page_keeps_its_last_good_version_and_everything_else_is_published() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let page = "public/actualites/rejoignez-la-communaute-ux-services-publics-en-ligne/index.html";
    let good = folder.read(page);
    folder.write(PAGE, "<!doctype html><html lang=\"fr\"><title>x</title><p>no heading");
    folder.write(SIXTH, &announcement("Sixième", "2021-05-06 10:00:00 +02:00"));
    let told = folder.crieur(["build"]).exits(1);
    assert!(told.stderr.contains("error[gate]") && told.stderr.contains("`h1`"), "{}", told.stderr);
    assert!(told.stderr.contains("its last good version stays"), "{}", told.stderr);
    assert_eq!(folder.read(page), good);
    assert!(folder.read("public/atom.xml").contains("<title>Sixième</title>"));
    assert!(!folder.path("public/actualites/sixieme").exists(), "it has no good version");
    folder.remove(PAGE);
    folder.crieur(["build"]).succeeds();
    assert!(folder.path("public/actualites/sixieme/index.html").exists());
    assert_eq!(folder.read(page), good);
}
