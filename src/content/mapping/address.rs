//! Where an announcement stands: its slug, its address, and the addresses other fields give.

use chrono::{Datelike as _, NaiveDate};
use url::Url;

use super::Mapper;
use crate::content::dates::split_file_name;
use crate::content::lookup::Found;
use crate::content::markdown::slips::{looks_like_a_host, mend};
use crate::model::text::slugify;
use crate::model::time::Moment;

/// Slug and address of one announcement.
pub(super) struct Place {
    pub slug: String,
    pub url: Url,
    /// The language a file name ends with (`news.fr.md`).
    pub lang: Option<String>,
    /// What its id is minted from: the slug, and the language where the file is a translation.
    pub identity: String,
}

/// A path taken apart: `blog/2019-01-09-news.fr.md` and `blog/news/index.fr.md` are both `news` in `blog`, in French.
pub(super) struct Name<'a> {
    pub folder: &'a str,
    pub own: &'a str,
    pub date: Option<NaiveDate>,
    pub lang: Option<&'a str>,
}

impl<'a> Name<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let (stem, lang) = match stem.rsplit_once('.') {
            Some((stem, lang)) if is_language(lang) => (stem, Some(lang)),
            _ => (stem, None),
        };
        // a folder with an `index` is one announcement with what belongs to it
        let (folder, stem) = match folder.rsplit_once('/').or((!folder.is_empty()).then_some(("", folder))) {
            Some((parent, own)) if stem == "index" => (parent, own),
            _ => (folder, stem),
        };
        match split_file_name(stem) {
            Some((date, own)) if !own.is_empty() => Self { folder, own, date: Some(date), lang },
            Some((date, _)) => Self { folder, own: stem, date: Some(date), lang },
            None => Self { folder, own: stem, date: None, lang },
        }
    }

    /// Fills a pattern of a folder's rule or the profile.
    pub(super) fn fill(&self, pattern: &str, slug: &str, date: NaiveDate, categories: &[String]) -> String {
        let folder = self.folder.split('/').filter(|part| !matches!(*part, "_posts" | "_drafts"));
        let path = pattern
            .replace("{folder}", &folder.collect::<Vec<_>>().join("/"))
            .replace("{categories}", &categories.join("/"))
            .replace("{slug}", slug)
            .replace("{year}", &format!("{:04}", date.year()))
            .replace("{month}", &format!("{:02}", date.month()))
            .replace("{day}", &format!("{:02}", date.day()));
        path.replace("//", "/")
    }
}

impl Mapper<'_> {
    pub(super) fn address(&self, published: &Moment) -> Place {
        let name = Name::of(self.path);
        let slug = self
            .line("slug")
            .map(|given| slugify(&given))
            .filter(|slug| !slug.is_empty())
            .unwrap_or_else(|| slug_of_name(name.own, self.path));
        let site = self.habits.site.url.as_str();
        let own = |given: &String| given.starts_with(site) || !given.contains("://");
        let path = if let Some(given) = self.line("url").filter(own) {
            self.fill_colons(&given, &name, &slug, published)
        } else {
            let pattern = self.rule.and_then(|rule| rule.url.as_deref()).unwrap_or(&self.profile.url);
            name.fill(pattern, &slug, published.local_date(), &self.categories())
        };
        let translation = name.lang.filter(|lang| !self.habits.site.lang.starts_with(lang));
        let path = match translation {
            Some(lang) => format!("{lang}/{}", path.trim_start_matches('/')),
            None => path,
        };
        let identity = translation.map_or_else(|| slug.clone(), |lang| format!("{slug}.{lang}"));
        Place { url: self.on_site(&path), slug, lang: name.lang.map(str::to_owned), identity }
    }

    /// An address of the site's own; one that leads elsewhere cannot be a page of ours.
    fn on_site(&self, path: &str) -> Url {
        let site = &self.habits.site.url;
        let path = path.strip_prefix(site.as_str()).unwrap_or(path);
        let url = site.join(&path.trim_start_matches('/').replace(':', "%3A")).ok();
        url.filter(|url| url.host() == site.host()).unwrap_or_else(|| site.clone())
    }

    /// Fills the placeholders of Jekyll's `permalink: /:year/:title/`.
    fn fill_colons(&self, given: &str, name: &Name, slug: &str, published: &Moment) -> String {
        let date = published.local_date();
        let pattern = match given {
            "date" => "/:categories/:year/:month/:day/:title.html",
            "pretty" => "/:categories/:year/:month/:day/:title/",
            "none" => "/:categories/:title.html",
            given => given,
        };
        let filled = [
            (":categories", self.categories().join("/")),
            (":short_year", format!("{:02}", date.year() % 100)),
            (":year", format!("{:04}", date.year())),
            (":i_month", date.month().to_string()),
            (":month", format!("{:02}", date.month())),
            (":i_day", date.day().to_string()),
            (":day", format!("{:02}", date.day())),
            (":title", slug.to_owned()),
            (":slug", slug.to_owned()),
            (":name", name.own.to_owned()),
        ]
        .iter()
        .fold(pattern.to_owned(), |path, (mark, value)| path.replace(mark, value));
        filled.replace("///", "/").replace("//", "/").replacen(":/", "://", 1)
    }

    fn categories(&self) -> Vec<String> {
        self.labels("categories").into_iter().map(|label| label.slug).collect()
    }

    /// The first address a field gives that can be used.
    pub(super) fn url(&mut self, field: &'static str, place: &Place) -> Option<Url> {
        let found = self.find(field);
        found.iter().find_map(|found| self.resolve(found, place))
    }

    /// The address a value gives, made absolute against the announcement's own. Mends only what is certain.
    pub(super) fn resolve(&mut self, found: &Found, place: &Place) -> Option<Url> {
        let text = self.lookup.plain(found)?;
        let url = resolve(&text, &place.url);
        if url.is_none() {
            let hint = "write it whole, with `https://`, or from the site's root with `/`";
            self.warn(found, "address-unusable", format!("`{text}` is no address that can be linked to"), hint);
        }
        url
    }
}

/// `fr`, `pt-br`: a translation's ending, not any dot in a name.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once('-').unwrap_or((text, "xx"));
    [language, region].iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn slug_of_name(name: &str, path: &str) -> String {
    let slug = slugify(name);
    // a name without a letter or digit still needs an address of its own
    if slug.is_empty() { crate::model::token::sha256_hex(path.as_bytes())[..12].to_owned() } else { slug }
}

fn resolve(text: &str, base: &Url) -> Option<Url> {
    let mended = mend(text);
    let url = match Url::parse(&mended) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) if !looks_like_a_host(&mended) => base.join(&mended).ok()?,
        Err(_) => return None,
    };
    matches!(url.scheme(), "http" | "https" | "mailto" | "tel").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_absolute_and_encoded_once() {
        let base = Url::parse("https://www.example.org/agenda/x/").expect("an address");
        for (text, expected) in [
            (
                "/uploads/CP_255%20Designers%20d'interet.pdf",
                Some("https://www.example.org/uploads/CP_255%20Designers%20d'interet.pdf"),
            ),
            ("/uploads/été (1).pdf", Some("https://www.example.org/uploads/%C3%A9t%C3%A9%20(1).pdf")),
            ("doc.pdf", Some("https://www.example.org/agenda/x/doc.pdf")),
            ("#programme", Some("https://www.example.org/agenda/x/#programme")),
            ("ttps://framaforms.org/a", Some("https://framaforms.org/a")),
            ("http://mailto:a@b.fr", Some("mailto:a@b.fr")),
            ("www.example.com/a", Some("https://www.example.com/a")),
            ("//cdn.example.com/a.png", Some("https://cdn.example.com/a.png")),
            ("host.com", None),
            ("javascript:alert(1)", None),
            ("http://", None),
            ("data:text/html,x", None),
        ] {
            assert_eq!(resolve(text, &base).as_ref().map(Url::as_str), expected, "{text}");
        }
    }
}
