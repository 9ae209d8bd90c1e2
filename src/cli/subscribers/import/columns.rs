//! Which column of a list holds what, and what a row says.

use super::super::table::from_spreadsheet;
use super::record::Use;
use crate::app::Topics;
use crate::cli::exit::UsageError;
use crate::config::nearest;
use crate::model::newsletter::Newsletter;
use crate::model::subscriber::person_name;
use crate::model::subscription::{EmailAddress, NewSubscription};
use crate::model::text::{is_language_tag, label_slug, slugify};

/// The fields of a row, with the titles they go by (as slugs: without accents, case, punctuation).
const TITLES: [(&str, &[&str]); FIELDS] = [
    (
        "email",
        &[
            "email",
            "e-mail",
            "mail",
            "courriel",
            "mel",
            "email-address",
            "e-mail-address",
            "mail-address",
            "adresse-email",
            "adresse-e-mail",
            "adresse-mail",
            "adresse-mel",
            "adresse-courriel",
            "adresse-electronique",
            "adresse-de-courriel",
            "adresse-de-messagerie",
            "e-mail-adresse",
            "mailadresse",
            "correo",
            "correo-electronico",
            "direccion-de-correo",
            "indirizzo-email",
            "indirizzo-e-mail",
            "posta-elettronica",
            "e-mailadres",
            "emailadres",
            "endereco-de-e-mail",
            "endereco-de-email",
            "e-post",
            "e-postadress",
            "address",
            "adresse",
        ],
    ),
    (
        "name",
        &[
            "name",
            "full-name",
            "fullname",
            "display-name",
            "nom-complet",
            "nom-et-prenom",
            "prenom-et-nom",
            "nombre-completo",
            "nome-completo",
            "vollstandiger-name",
        ],
    ),
    (
        "first-name",
        &["first-name", "firstname", "given-name", "prenom", "vorname", "nombre", "nome", "voornaam", "fornamn"],
    ),
    (
        "last-name",
        &[
            "last-name",
            "lastname",
            "surname",
            "family-name",
            "nom",
            "nom-de-famille",
            "nachname",
            "familienname",
            "apellido",
            "apellidos",
            "cognome",
            "sobrenome",
            "achternaam",
            "efternamn",
        ],
    ),
    ("lang", &["lang", "language", "langue", "sprache", "idioma", "lengua", "lingua", "taal", "sprak", "locale"]),
    ("newsletter", &["newsletter", "lettre", "lettre-d-information", "liste", "list", "boletin"]),
    ("status", &["status", "statut", "subscription-status", "etat", "estado", "stato"]),
    ("topics", &["topics", "themes", "thematiques", "sujets", "categories", "temas", "themen", "argomenti"]),
];

const FIELDS: usize = 8;
const EMAIL: usize = 0;
const NAME: usize = 1;
const FIRST_NAME: usize = 2;
const LAST_NAME: usize = 3;
const LANG: usize = 4;
const NEWSLETTER: usize = 5;
const STATUS: usize = 6;
const TOPICS: usize = 7;

/// Titles of where somebody lives as well as of a mailbox: only where no other column could be it.
const PLACES: [&str; 2] = ["address", "adresse"];

/// What a status says of somebody who wants the mails.
const SUBSCRIBED: [&str; 16] = [
    "",
    "confirmed",
    "subscribed",
    "active",
    "enabled",
    "yes",
    "true",
    "1",
    "abonne",
    "abonnee",
    "inscrit",
    "inscrite",
    "actif",
    "confirme",
    "oui",
    "aktiv",
];

/// And of somebody who does not, or not yet. A word that is in neither list may mean either.
const NOT_SUBSCRIBED: &[&str] = &[
    "pending",
    "unconfirmed",
    "not-confirmed",
    "unsubscribed",
    "not-subscribed",
    "non-subscribed",
    "opted-out",
    "opt-out",
    "inactive",
    "disabled",
    "no",
    "false",
    "0",
    "cleaned",
    "bounced",
    "hard-bounce",
    "complained",
    "spam",
    "blocked",
    "blocklisted",
    "blacklisted",
    "suppressed",
    "archived",
    "deleted",
    "removed",
    "left",
    "transactional",
    "en-attente",
    "a-confirmer",
    "non-confirme",
    "non-confirmee",
    "desabonne",
    "desabonnee",
    "desinscrit",
    "desinscrite",
    "non-abonne",
    "non-abonnee",
    "non-inscrit",
    "non-inscrite",
    "inactif",
    "bloque",
    "supprime",
    "rebond",
    "plainte",
    "non",
    "abgemeldet",
    "inaktiv",
    "nein",
    "baja",
    "inactivo",
    "pendiente",
    "inattivo",
    "disiscritto",
];

/// Which newsletter a row is for: the only one, or what its column says.
pub(super) struct Naming<'a> {
    pub all: &'a [Newsletter],
    pub only: Option<&'a Newsletter>,
    pub topics: Topics,
}

/// What a row says.
pub(super) enum Taken {
    Subscription(NewSubscription),
    /// The list says that this person gets no mails.
    NotSubscribed,
    /// The list says that this row is of another newsletter.
    Elsewhere,
}

pub(super) struct Columns([Option<usize>; FIELDS]);

impl Columns {
    /// `given` are the operator's own, as `field=title`.
    pub(super) fn of(header: &[String], given: &[String], file: &str) -> Result<Self, UsageError> {
        let titles: Vec<String> = header.iter().map(|title| slugify(title)).collect();
        let mut columns = [None; FIELDS];
        for given in given {
            let (field, column) = named(header, given, file)?;
            columns[field] = Some(column);
        }
        let told = columns;
        for (field, (name, names)) in TITLES.iter().enumerate().filter(|(field, _)| told[*field].is_none()) {
            let could_be = |column: &usize| names.contains(&titles[*column].as_str()) && !told.contains(&Some(*column));
            let (places, others): (Vec<usize>, Vec<usize>) =
                (0..titles.len()).filter(could_be).partition(|column| PLACES.contains(&titles[*column].as_str()));
            columns[field] = match (&others[..], &places[..]) {
                ([], []) => None,
                ([one], _) | ([], [one]) => Some(*one),
                _ => {
                    return Err(UsageError(format!(
                        "{file}:1: two columns could be `{name}`\n  hint: say which: `--column {name}=TITLE`"
                    )));
                }
            };
        }
        if columns[EMAIL].is_none() {
            return Err(UsageError(format!(
                "{file}:1: no column is named `email`\n  hint: begin the file with a line such as `email,name`, or say \
                 which it is: `--column email=TITLE`"
            )));
        }
        Ok(Self(columns))
    }

    pub(super) fn used(&self, column: usize) -> Use {
        match self.0.iter().position(|one| *one == Some(column)) {
            Some(EMAIL) => Use::Address,
            Some(_) => Use::Read,
            None => Use::None,
        }
    }

    pub(super) fn has_topics(&self) -> bool {
        self.0[TOPICS].is_some()
    }

    pub(super) fn has_newsletter(&self) -> bool {
        self.0[NEWSLETTER].is_some()
    }

    pub(super) fn read(&self, cells: &[String], naming: &Naming, source: &str) -> Result<Taken, String> {
        let cell = |field: usize| {
            let cell = self.0[field].and_then(|column| cells.get(column)).map_or("", String::as_str);
            from_spreadsheet(cell).trim().to_owned()
        };
        match slugify(&cell(STATUS)).as_str() {
            status if SUBSCRIBED.contains(&status) => {}
            status if NOT_SUBSCRIBED.contains(&status) => return Ok(Taken::NotSubscribed),
            _ => return Err("the status is none that is known: `subscribed` or `unsubscribed` would be".to_owned()),
        }
        let Some(newsletter) = naming.find(&cell(NEWSLETTER))? else { return Ok(Taken::Elsewhere) };
        let email = cell(EMAIL);
        if email.is_empty() {
            return Err("the row has no address".to_owned());
        }
        let name = match cell(NAME) {
            name if name.is_empty() => format!("{} {}", cell(FIRST_NAME), cell(LAST_NAME)),
            name => name,
        };
        let lang = match cell(LANG) {
            lang if lang.is_empty() => newsletter.lang.clone(),
            lang => language(&lang)?,
        };
        let topics = topics(&cell(TOPICS));
        naming.check(newsletter, &topics)?;
        Ok(Taken::Subscription(NewSubscription {
            address: EmailAddress::parse(&email).map_err(|error| error.to_string())?,
            name: person_name(&name).map_err(|error| error.to_string())?,
            lang,
            newsletter: newsletter.name.clone(),
            topics,
            consent_source: source.to_owned(),
        }))
    }
}

impl<'a> Naming<'a> {
    /// Without the topic the row would ask for more than its reader did.
    fn check(&self, newsletter: &Newsletter, topics: &[String]) -> Result<(), String> {
        self.topics.check(&newsletter.name, topics).map_err(|unknown| match unknown.nearest {
            Some(nearest) => format!("the newsletter has no such topic; did you mean `{nearest}`?"),
            None => "the newsletter has no such topic".to_owned(),
        })
    }

    /// `None` where the row is of another one.
    fn find(&self, name: &str) -> Result<Option<&'a Newsletter>, String> {
        let is_meant = |newsletter: &&Newsletter| newsletter.name == name || newsletter.title == name;
        match (self.only, self.all.iter().find(is_meant)) {
            (Some(only), Some(found)) if found.name != only.name => Ok(None),
            (_, Some(found)) => Ok(Some(found)),
            (Some(only), None) if name.is_empty() => Ok(Some(only)),
            (None, None) if name.is_empty() => Err("the row names no newsletter".to_owned()),
            (_, None) => Err(match nearest(name, self.all.iter().map(|newsletter| newsletter.name.as_str())) {
                Some(nearest) => format!("there is no such newsletter; did you mean `{nearest}`?"),
                None => "there is no such newsletter".to_owned(),
            }),
        }
    }
}

fn named(header: &[String], given: &str, file: &str) -> Result<(usize, usize), UsageError> {
    let fields: Vec<&str> = TITLES.iter().map(|(field, _)| *field).collect();
    let wrong = || UsageError(format!("`--column {given}`: say `field=title`; fields are {}", fields.join(", ")));
    let (field, title) = given.split_once('=').ok_or_else(wrong)?;
    let field = fields.iter().position(|known| *known == field.trim()).ok_or_else(wrong)?;
    let title = title.trim();
    let is_meant = |column: &usize| header[*column].trim().to_lowercase() == title.to_lowercase();
    let found: Vec<usize> = (0..header.len()).filter(is_meant).collect();
    match found[..] {
        [column] => Ok((field, column)),
        // what there is instead is not repeated: a file without a header begins with somebody's address
        [] => Err(UsageError(format!("{file}:1: no column is named `{title}`"))),
        _ => Err(UsageError(format!("{file}:1: two columns are named `{title}`\n  hint: give one another title"))),
    }
}

/// Slugs of categories, written between commas or semicolons as they are called.
pub(in crate::cli::subscribers) fn topics(given: &str) -> Vec<String> {
    let mut slugs: Vec<String> = given.split([',', ';']).map(label_slug).filter(|slug| !slug.is_empty()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    slugs
}

/// A language tag (BCP 47) in its usual letters: `fr`, `pt-BR`.
pub(in crate::cli::subscribers) fn language(given: &str) -> Result<String, &'static str> {
    let tag = given.trim().replace('_', "-");
    if !is_language_tag(&tag) {
        return Err("the language is no tag such as `fr` or `pt-BR` (BCP 47)");
    }
    let subtags = tag.split('-').enumerate().map(|(index, part)| match (index, part.len()) {
        (0, _) => part.to_ascii_lowercase(),
        (_, 2) => part.to_ascii_uppercase(),
        (_, 4) => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
        _ => part.to_ascii_lowercase(),
    });
    Ok(subtags.collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(titles: &str) -> Vec<String> {
        titles.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_known_by_their_titles_in_many_languages() {
        for (titles, expected) in [
            ("email", [Some(0), None, None, None, None, None, None, None]),
            ("Email Address|First Name|Last Name", [Some(0), None, Some(1), Some(2), None, None, None, None]),
            ("Nom|Prénom|Adresse|Courriel|Langue", [Some(3), None, Some(1), Some(0), Some(4), None, None, None]),
            ("Adresse électronique|Nom complet", [Some(0), Some(1), None, None, None, None, None, None]),
            ("E-Mail-Adresse|Vorname|Nachname|Status", [Some(0), None, Some(1), Some(2), None, None, Some(3), None]),
            ("NAME|E_MAIL", [Some(1), Some(0), None, None, None, None, None, None]),
        ] {
            assert_eq!(Columns::of(&header(titles), &[], "x").expect(titles).0, expected, "{titles}");
        }
    }

    #[test]
    fn the_operators_word_counts_more_than_a_title() {
        let given = ["email=Contact".to_owned(), "name = qui".to_owned()];
        let columns = Columns::of(&header("email|Contact|Qui"), &given, "x").expect("columns");
        assert_eq!((columns.0[EMAIL], columns.0[NAME]), (Some(1), Some(2)));
        for wrong in ["email", "phone=Contact", "email=Nobody"] {
            assert!(Columns::of(&header("email|Contact"), &[wrong.to_owned()], "x").is_err(), "{wrong}");
        }
    }

    #[test]
    fn of_two_columns_that_could_be_one_field_the_operator_says_which() {
        for (titles, field) in [
            ("email|courriel", "email"),
            ("email|E-Mail", "email"),
            ("address|adresse", "email"),
            ("email|lang|locale", "lang"),
            ("email|list|newsletter", "newsletter"),
        ] {
            let Err(error) = Columns::of(&header(titles), &[], "x") else { panic!("{titles}") };
            assert!(error.0.contains(&format!("two columns could be `{field}`")), "{error}");
        }
        let said = |given: &str| Columns::of(&header("Email|Courriel|nom"), &[given.to_owned()], "x");
        assert_eq!(said("email=courriel").expect("columns").0[EMAIL], Some(1));
        assert_eq!(said("name=courriel").expect("columns").0[EMAIL], Some(0), "the other one is taken");
        let Err(error) = Columns::of(&header("email|EMAIL"), &["email=email".to_owned()], "x") else { panic!() };
        assert!(error.0.contains("two columns are named `email`"), "{error}");
    }

    #[test]
    fn topics_are_categories_by_their_slugs() {
        assert_eq!(topics(" Appel à défis; Atelier,atelier ;"), ["appel-a-defis", "atelier"]);
        assert!(topics(" ; ").is_empty());
    }

    #[test]
    fn languages_are_tags() {
        for (given, tag) in [("fr", "fr"), (" FR_fr ", "fr-FR"), ("zh-hant-tw", "zh-Hant-TW"), ("pt-br", "pt-BR")] {
            assert_eq!(language(given), Ok(tag.to_owned()));
        }
        for given in ["", "français", "french", "fr-", "e", "fr\u{0}"] {
            assert!(language(given).is_err(), "{given:?}");
        }
    }
}
