//! Keys that no rule reads but that were surely meant for one: `titel`, or `start` where the profile wants another word.

use super::Mapper;
use crate::model::diagnostic::Diagnostic;

/// What people write for a field in other profiles and languages; the profile's own keys are known anyway.
const SYNONYMS: &[(&str, &str)] = &[
    ("title", "titre titel titulo título titolo headline"),
    ("published", "publish_date published_at publishdate pubdate pub_date date_published datum fecha"),
    ("updated", "updated_at lastmod last_modified modified date_de_modification"),
    ("expires", "expires expirydate expiry_date"),
    ("summary", "chapeau chapeau-text chapo resume résumé summary excerpt description"),
    ("authors", "auteur auteurs autor author authors"),
    ("categories", "categorie catégorie categories category kategorie kategorien categoria categorias"),
    ("tags", "etiquettes étiquettes mots-cles mots_cles"),
    ("start", "start starts start_date start_time starts_at event_start event_start_date event_date debut date_debut"),
    ("end", "end_date end_time ends_at event_end event_end_date date_fin"),
    ("hours", "horaire horaires"),
    ("place", "lieu location venue place"),
    ("registration", "inscription registration_url registration"),
];

/// Below this many letters two words are near by chance.
const SHORTEST: usize = 4;
/// From this many on two slips of the pen are allowed.
const LONG: usize = 8;

impl Mapper<'_> {
    /// A hint for each such key. Where the field has a value from another key, the author knew what it was called.
    pub(super) fn near_keys(&self) -> Vec<Diagnostic> {
        let extra = self.extra();
        let missing: Vec<(&str, Vec<&str>)> =
            self.profile.keys_by_field().filter(|(_, keys)| keys.iter().all(|key| !self.has(key))).collect();
        let meant = |key: &str| missing.iter().find_map(|(field, known)| meant(key, field, known));
        let told = extra.keys().filter_map(|key| {
            let near = meant(key)?;
            let position = self.lookup.front.spot(key).map(|spot| spot.key)?;
            let hint = format!("did you mean `{near}`?");
            Some(Diagnostic::hint("key-unread", position, format!("nothing reads the key `{key}`")).with_hint(hint))
        });
        told.collect()
    }

    fn has(&self, key: &str) -> bool {
        let same = |name: &str| if self.lookup.any_case { name.eq_ignore_ascii_case(key) } else { name == key };
        self.lookup.front.values.keys().any(|name| same(name))
    }
}

/// The key of a field that another was meant for.
fn meant<'k>(key: &str, field: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = key.to_lowercase();
    let near = known.iter().find(|known| is_slip(&lower, &known.to_lowercase()));
    let synonym = SYNONYMS.iter().any(|(of, words)| *of == field && words.split(' ').any(|word| word == lower));
    near.or_else(|| known.first().filter(|_| synonym)).copied()
}

/// A plural is another word: `links` and `slugs` are lists of something else.
fn is_slip(key: &str, known: &str) -> bool {
    if key.strip_suffix('s') == Some(known) || known.strip_suffix('s') == Some(key) {
        return false;
    }
    let letters = key.chars().count().min(known.chars().count());
    let slips = strsim::damerau_levenshtein(key, known);
    letters >= SHORTEST && slips <= if letters >= LONG { 2 } else { 1 }
}
