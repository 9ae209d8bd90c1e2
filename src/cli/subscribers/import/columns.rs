//! Which column of a list holds what, and what a row says.

use super::super::table::from_spreadsheet;
use crate::app::Topics;
use crate::cli::exit::UsageError;
use crate::config::nearest;
use crate::model::newsletter::Newsletter;
use crate::model::subscriber::person_name;
use crate::model::subscription::{EmailAddress, NewSubscription};
use crate::model::text::{is_language_tag, label_slug, slugify};

/// The fields of a row, with the titles they go by (as slugs: without accents, case, punctuation). By the order here, not
/// that of the columns: `adresse` before `email` is where somebody lives.
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

/// What a status says of somebody who wants the mails. Everything else is somebody who does not, or not yet.
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
        let mut columns =
            TITLES.map(|(_, names)| names.iter().find_map(|name| titles.iter().position(|title| title == name)));
        for given in given {
            let (field, column) = named(header, given, file)?;
            columns[field] = Some(column);
        }
        if columns[EMAIL].is_none() {
            return Err(UsageError(format!(
                "{file}:1: no column is named `email`\n  hint: begin the file with a line such as `email,name`, or say \
                 which it is: `--column email=TITLE`"
            )));
        }
        Ok(Self(columns))
    }

    /// Whether anything is read from this column.
    pub(super) fn is_used(&self, column: usize) -> bool {
        self.0.contains(&Some(column))
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
        if !SUBSCRIBED.contains(&slugify(&cell(STATUS)).as_str()) {
            return Ok(Taken::NotSubscribed);
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
            (Some(only), _) => Ok(Some(only)),
            (None, Some(found)) => Ok(Some(found)),
            (None, None) => Err(match nearest(name, self.all.iter().map(|newsletter| newsletter.name.as_str())) {
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
    let column =
        header.iter().position(|other| other.trim().to_lowercase() == title.to_lowercase()).ok_or_else(|| {
            // what there is instead is not repeated: a file without a header begins with somebody's address
            UsageError(format!("{file}:1: no column is named `{title}`"))
        })?;
    Ok((field, column))
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
