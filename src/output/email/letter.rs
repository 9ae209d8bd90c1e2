//! Letters: the mail that asks to confirm a sign-up, and the one to whoever has it all already.

use serde::Serialize;

use super::{SiteView, inlined};
use crate::model::letter::LetterText;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::output::plain_text;
use crate::output::templates::{TemplateError, Templates};
use crate::output::words::{self, FormWords, Tongue};

const HTML: &str = "email/letter.html";
const TEXT: &str = "email/letter.txt";

/// What a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct LetterView<'a> {
    pub site: &'a SiteSettings,
    pub newsletters: &'a [&'a Newsletter],
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
    newsletters: Vec<Item>,
    confirms: bool,
    link: &'a str,
}

#[derive(Debug, Serialize)]
struct Item {
    title: String,
    schedule: String,
}

/// Asks to confirm.
///
/// # Errors
/// A template that cannot be rendered, or that leaves out the link.
pub fn confirmation(templates: &Templates, view: &LetterView) -> Result<LetterText, TemplateError> {
    let tongue = Tongue::of(view.lang);
    letter(templates, view, &tongue.confirm_subject(what(view)), tongue.form_words().confirm, true)
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
    match view.newsletters {
        [one] => &one.title,
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
    let item = |newsletter: &&Newsletter| Item {
        title: tongue.shown(&newsletter.title),
        schedule: words::rhythm(&newsletter.rhythm, tongue),
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
        newsletters: view.newsletters.iter().map(item).collect(),
        confirms,
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
