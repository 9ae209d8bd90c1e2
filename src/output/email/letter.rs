//! Letters: the mail that asks to confirm a sign-up, and the one to whoever has it all already.

use serde::Serialize;

use super::{SiteView, inlined};
use crate::model::letter::LetterText;
use crate::model::settings::SiteSettings;
use crate::output::page::offers::Offer;
use crate::output::plain_text;
use crate::output::templates::{TemplateError, Templates};
use crate::output::words::{FormWords, Tongue};

const HTML: &str = "email/letter.html";
const TEXT: &str = "email/letter.txt";

/// A newsletter and the topics of it, none for everything.
#[derive(Debug, Clone, Copy)]
pub struct Pick<'a> {
    pub offer: Offer<'a>,
    pub topics: &'a [String],
}

/// What a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct LetterView<'a> {
    pub site: &'a SiteSettings,
    /// What would begin; in a reminder what was asked for and is there.
    pub asked: &'a [Pick<'a>],
    /// What would change.
    pub changes: &'a [Pick<'a>],
    /// Whether the address is kept though nothing is confirmed.
    pub stays: bool,
    pub lang: &'a str,
    /// Stands where the reader's own link goes: letters and digits nobody can foresee.
    pub mark: &'a str,
}

#[derive(Debug, Serialize)]
struct Letter<'a> {
    f: &'static FormWords,
    lang: &'a str,
    colon: &'static str,
    subject: &'a str,
    heading: &'a str,
    style: &'a str,
    dark: &'a str,
    site: SiteView<'a>,
    about: &'static str,
    asked: Vec<Item>,
    changes: Vec<Item>,
    confirms: bool,
    stays: bool,
    link: &'a str,
}

#[derive(Debug, Serialize)]
struct Item {
    title: String,
    schedule: String,
    topics: String,
}

/// Asks to confirm.
///
/// # Errors
/// A template that cannot be rendered, or that leaves out the link.
pub fn confirmation(templates: &Templates, view: &LetterView) -> Result<LetterText, TemplateError> {
    let tongue = Tongue::of(view.lang);
    let (subject, heading) = if view.asked.is_empty() {
        (tongue.change_subject(what(view)), tongue.form_words().confirm_change)
    } else {
        (tongue.confirm_subject(what(view)), tongue.form_words().confirm)
    };
    letter(templates, view, &subject, heading, true)
}

/// Says that there is nothing to confirm, and leads to the preferences.
///
/// # Errors
/// A template that cannot be rendered, or that leaves out the link.
pub fn reminder(templates: &Templates, view: &LetterView) -> Result<LetterText, TemplateError> {
    let subject = Tongue::of(view.lang).reminder_subject(what(view));
    letter(templates, view, &subject, &subject, false)
}

/// The newsletter, or the site where there are several.
fn what<'a>(view: &LetterView<'a>) -> &'a str {
    match (view.asked, view.changes) {
        ([one], []) | ([], [one]) => &one.offer.newsletter.title,
        _ => &view.site.title,
    }
}

fn letter(
    templates: &Templates,
    view: &LetterView,
    subject: &str,
    heading: &str,
    confirms: bool,
) -> Result<LetterText, TemplateError> {
    let tongue = Tongue::of(view.lang);
    let item = |pick: &Pick| Item {
        title: pick.offer.title(tongue),
        schedule: pick.offer.schedule(tongue),
        topics: pick.offer.about(pick.topics, tongue),
    };
    let letter = Letter {
        f: tongue.form_words(),
        lang: tongue.document_lang(view.lang),
        colon: tongue.colon(),
        subject,
        heading,
        style: templates.style("email/style.css"),
        dark: templates.style("email/dark.css"),
        site: SiteView { title: &view.site.title, home: view.site.own_url("") },
        about: tongue.words().about,
        asked: view.asked.iter().map(item).collect(),
        changes: view.changes.iter().map(item).collect(),
        confirms,
        stays: view.stays,
        link: view.mark,
    };
    let html = inlined(&templates.render(HTML, &letter)?)?;
    let text = plain_text::wrapped(&templates.render(TEXT, &letter)?);
    for (rendered, file) in [(&html, HTML), (&text, TEXT)] {
        if !rendered.contains(view.mark) {
            return Err(TemplateError::whole(file, "leads nowhere: put `{{ link }}` into it"));
        }
    }
    Ok(LetterText { lang: letter.lang.to_owned(), subject: subject.to_owned(), html, text, mark: view.mark.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::Label;
    use crate::output::samples;

    fn letter(asked: &[Pick], changes: &[Pick], stays: bool, lang: &str) -> LetterText {
        let site = samples::site();
        let view = LetterView { site: &site, asked, changes, stays, lang, mark: "https://example.org/confirm/x" };
        confirmation(&Templates::built_in(), &view).expect("a letter")
    }

    fn flat(text: &str) -> String {
        text.replace('\n', " ")
    }

    #[test]
    fn a_letter_says_what_would_begin_and_what_would_change() {
        let (weekly, topics) =
            (samples::newsletter(), ["Atelier", "Presse"].map(|it| Label::new(it).expect("a label")));
        let limited = [Label::new("Appels à défis").expect("a label")];
        let offer = Offer { newsletter: &weekly, topics: &topics, subjects: &[] };
        let about_calls = Offer { subjects: &limited, topics: &[], ..offer };
        let chosen = ["presse".to_owned()];
        let (some, all) = (Pick { offer, topics: &chosen }, Pick { offer, topics: &[] });
        let calls = Pick { offer: about_calls, topics: &[] };
        let new = letter(&[some, calls], &[], false, "fr");
        let item = "- La lettre de la communauté UX – chaque lundi à 9\u{a0}h\n  Sujets\u{a0}: ";
        let expected = format!("\n\n{item}Presse\n{item}Appels à défis\n\nPour confirmer");
        assert!(new.text.contains(&expected), "no blank line between them:\n{}", new.text);
        assert!(flat(&new.text).contains("effacée au bout") && new.html.contains("Presse"), "{}", new.text);
        assert!(!flat(&new.text).contains("que vous recevez déjà"));
        let known = letter(&[], &[all], true, "fr");
        let text = flat(&known.text);
        assert!(text.contains("toutes les annonces") && text.contains("que vous recevez déjà"), "{text}");
        assert!(!text.contains("effacée") && !known.html.contains("effacée"), "{text}");
        assert_eq!(known.subject, "Confirmez vos nouveaux sujets\u{a0}: La lettre de la communauté UX");
        assert!(
            known.text.starts_with("Confirmer vos nouveaux sujets\n")
                && !known.html.contains("Confirmer mon abonnement")
        );
        let both = letter(&[calls], &[some], true, "en");
        for text in [&both.text, &both.html] {
            let (asked, changes) = text.split_once("… and for other topics").expect("two lists");
            assert!(asked.contains("Appels à défis") && changes.contains("Presse"), "{text}");
        }
    }
}
