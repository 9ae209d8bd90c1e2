//! The templates of pages and mails: compiled in, replaced one by one by the operator's own. Reads no file itself.
//!
//! Templates can neither read files nor the environment, and what they write is bounded. Variables that are not there are
//! errors. Names ending in `.html` escape what they are given.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use tera::{Context, ErrorKind, Tera};

use crate::model::token::sha256_hex;

/// Every built-in template by the name an operator's own file has below `templates/`.
const BUILT_IN: [(&str, &str); 28] = [
    ("page/base.html", include_str!("../../templates/page/base.html")),
    ("page/parts.html", include_str!("../../templates/page/parts.html")),
    ("page/home.html", include_str!("../../templates/page/home.html")),
    ("page/label.html", include_str!("../../templates/page/label.html")),
    ("page/labels.html", include_str!("../../templates/page/labels.html")),
    ("page/archive.html", include_str!("../../templates/page/archive.html")),
    ("page/practical.html", include_str!("../../templates/page/practical.html")),
    ("page/moved.html", include_str!("../../templates/page/moved.html")),
    ("page/lists.html", include_str!("../../templates/page/lists.html")),
    ("page/subscribe.html", include_str!("../../templates/page/subscribe.html")),
    ("page/announcement.html", include_str!("../../templates/page/announcement.html")),
    ("page/newsletter.html", include_str!("../../templates/page/newsletter.html")),
    ("page/issue.html", include_str!("../../templates/page/issue.html")),
    ("page/issue_body.html", include_str!("../../templates/page/issue_body.html")),
    ("page/signup.html", include_str!("../../templates/page/signup.html")),
    ("page/signup_fields.html", include_str!("../../templates/page/signup_fields.html")),
    ("page/sent.html", include_str!("../../templates/page/sent.html")),
    ("page/confirm.html", include_str!("../../templates/page/confirm.html")),
    ("page/preferences.html", include_str!("../../templates/page/preferences.html")),
    ("page/unsubscribe.html", include_str!("../../templates/page/unsubscribe.html")),
    ("page/error.html", include_str!("../../templates/page/error.html")),
    ("admin/status.html", include_str!("../../templates/admin/status.html")),
    ("email/head.html", include_str!("../../templates/email/head.html")),
    ("email/issue.html", include_str!("../../templates/email/issue.html")),
    ("email/issue.txt", include_str!("../../templates/email/issue.txt")),
    ("email/letter.html", include_str!("../../templates/email/letter.html")),
    ("email/letter.txt", include_str!("../../templates/email/letter.txt")),
    ("email/parts.html", include_str!("../../templates/email/parts.html")),
];

/// Built-in style sheets. They are no templates: braces mean something else in them.
const STYLES: [(&str, &str); 4] = [
    ("page/style.css", include_str!("../../templates/page/style.css")),
    ("admin/status.css", include_str!("../../templates/admin/status.css")),
    ("email/style.css", include_str!("../../templates/email/style.css")),
    ("email/dark.css", include_str!("../../templates/email/dark.css")),
];

/// The most a template may write: far above any page, far below the memory of a small machine.
const MAX_OUTPUT: usize = 32 * 1024 * 1024;

/// A template that cannot be used: what to mend, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    #[error("{file}:{line}:{column}: {message}")]
    At { file: String, line: usize, column: usize, message: String },
    #[error("template `{file}`: {message}")]
    Whole { file: String, message: String },
}

impl TemplateError {
    pub(super) fn whole(file: &str, message: impl Into<String>) -> Self {
        Self::Whole { file: file.to_owned(), message: message.into() }
    }

    fn from_tera(error: &tera::Error, file: &str) -> Self {
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => Self::At {
                file: report.filename().to_owned(),
                line: report.span().start_line,
                column: report.span().start_col + 1,
                message: report.message().trim_end_matches('.').to_owned(),
            },
            other => Self::whole(file, other.to_string()),
        }
    }
}

/// All templates, parsed and checked against each other.
#[derive(Debug, Clone)]
pub struct Templates {
    tera: Tera,
    styles: BTreeMap<String, String>,
    mail_version: String,
}

impl Templates {
    pub fn built_in() -> Self {
        Self::with_overrides(&BTreeMap::new()).expect("the built-in templates parse: a test holds it")
    }

    /// The built-in templates with the operator's own in their stead: name (`page/home.html`) → text. Names that are not
    /// built in can be included by others.
    ///
    /// # Errors
    /// The file, line and column at which a template cannot be parsed, or what one asks of another in vain.
    pub fn with_overrides(own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut styles: BTreeMap<String, String> = owned(&STYLES);
        let mut templates: BTreeMap<String, String> = owned(&BUILT_IN);
        for (name, text) in own {
            let kind = if has_extension(name, "css") { &mut styles } else { &mut templates };
            kind.insert(name.clone(), text.clone());
        }
        let mut tera = Tera::new();
        tera.register_filter("underline", |text: &str, _: tera::Kwargs, _: &tera::State| {
            super::plain_text::underlined(text)
        });
        let culprit = own.keys().next().map_or("page/base.html", String::as_str);
        tera.add_raw_templates(&templates).map_err(|error| TemplateError::from_tera(&error, culprit))?;
        let mail_version = version(templates.iter().chain(&styles).filter(|(name, _)| !name.starts_with("admin/")));
        Ok(Self { tera, styles, mail_version })
    }

    /// Which templates an issue is rendered by: SHA-256 (hexadecimal) over those that may have a part in it.
    pub fn mail_version(&self) -> &str {
        &self.mail_version
    }

    /// A style sheet as it stands, e.g. `page/style.css`; empty where there is none of the name.
    pub fn style(&self, name: &str) -> &str {
        self.styles.get(name).map_or("", String::as_str)
    }

    pub(super) fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        let failed = |error: &tera::Error| TemplateError::from_tera(error, name);
        let context = Context::from_serialize(view).map_err(|error| failed(&error))?;
        let mut output = Bounded(Vec::new());
        self.tera.render_to(name, &context, &mut output).map_err(|error| match error.kind() {
            ErrorKind::Io(_) => TemplateError::whole(name, format!("writes more than {MAX_OUTPUT} bytes")),
            _ => failed(&error),
        })?;
        String::from_utf8(output.0).map_err(|error| TemplateError::whole(name, error.to_string()))
    }
}

fn version<'a>(files: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let parts: Vec<String> = files.map(|(name, text)| format!("{name} {}\n{text}\n", text.len())).collect();
    sha256_hex(parts.concat().as_bytes())
}

fn owned(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// A template with an endless appetite is an error, not the end of the process.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Templates, TemplateError> {
        Templates::with_overrides(&BTreeMap::from([(name.to_owned(), text.to_owned())]))
    }

    fn rendered(text: &str) -> Result<String, TemplateError> {
        with("own.html", text)?.render("own.html", &serde_json::json!({ "title": "a <b> & c" }))
    }

    #[test]
    fn the_built_in_templates_parse() {
        assert!(Templates::built_in().style("page/style.css").contains('{'));
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(rendered("{{ title }}").as_deref(), Ok("a &lt;b&gt; &amp; c"));
    }

    #[test]
    fn a_mistake_in_a_template_is_named_by_file_line_and_column() {
        let error = with("page/home.html", "<p>\n{% if %}").expect_err("bad syntax").to_string();
        assert!(error.starts_with("page/home.html:2:"), "{error}");
        let error = rendered("<p>\n\n  {{ titel }}").expect_err("no such variable").to_string();
        assert!(error.starts_with("own.html:3:"), "{error}");
        let error = with("page/home.html", "{% extends \"page/bse.html\" %}").expect_err("no parent").to_string();
        assert!(error.contains("page/home.html") && error.contains("page/bse.html"), "{error}");
    }

    #[test]
    fn a_template_that_never_ends_is_an_error() {
        let error =
            rendered("{% for a in range(end=9999) %}{% for b in range(end=9999) %}{{ title }}{% endfor %}{% endfor %}");
        assert!(matches!(error, Err(TemplateError::Whole { .. })), "{error:?}");
    }

    #[test]
    fn templates_reach_neither_files_nor_environment() {
        for text in
            ["{{ get_env(name=\"HOME\") }}", "{{ load_data(path=\"/etc/passwd\") }}", "{% include \"/etc/passwd\" %}"]
        {
            assert!(rendered(text).is_err(), "{text}");
        }
    }
}
