//! Where an announcement stands: its slug, its address, and the addresses other fields give.

use chrono::Datelike as _;
use url::Url;

use super::Mapper;
use crate::content::dates::split_file_name;
use crate::content::lookup::Found;
use crate::model::text::slugify;
use crate::model::time::Moment;

/// Slug and address of one announcement.
pub(super) struct Place {
    pub slug: String,
    pub url: Url,
}

impl Mapper<'_> {
    pub(super) fn address(&self, published: &Moment) -> Place {
        let name = self.name();
        let slug = self
            .line("slug")
            .map(|given| slugify(&given))
            .filter(|slug| !slug.is_empty())
            .unwrap_or_else(|| slug_of_name(name, self.path));
        let path = self.line("url").filter(|path| !path.contains([':', '{'])).unwrap_or_else(|| {
            let pattern = self.rule.and_then(|rule| rule.url.as_deref()).unwrap_or(&self.habits.profile.url);
            self.fill(pattern, &slug, published)
        });
        let site = &self.habits.site.url;
        let url = site.join(path.trim_start_matches('/')).ok().filter(|url| url.host() == site.host());
        Place { url: url.unwrap_or_else(|| site.clone()), slug }
    }

    /// The file's name without ending and date; `index` stands for its folder.
    fn name(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or(self.path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let stem = match (stem, self.path.rsplit('/').nth(1)) {
            ("index", Some(folder)) => folder,
            _ => stem,
        };
        split_file_name(stem).map(|(_, rest)| rest).filter(|rest| !rest.is_empty()).unwrap_or(stem)
    }

    fn fill(&self, pattern: &str, slug: &str, published: &Moment) -> String {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let date = published.local_date();
        let path = pattern
            .replace("{folder}", folder)
            .replace("{slug}", slug)
            .replace("{year}", &format!("{:04}", date.year()))
            .replace("{month}", &format!("{:02}", date.month()))
            .replace("{day}", &format!("{:02}", date.day()));
        path.replace("//", "/")
    }

    /// The first address a field gives that can be used.
    pub(super) fn url(&mut self, field: &str, place: &Place) -> Option<Url> {
        let found = self.lookup.all(&self.paths(field));
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

/// Slips of the pen that can mean one thing only.
fn mend(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("http://mailto:").or_else(|| text.strip_prefix("https://mailto:")) {
        return format!("mailto:{rest}");
    }
    for (slip, meant) in
        [("ttps://", "https://"), ("ttp://", "http://"), ("https//", "https://"), ("www.", "https://www.")]
    {
        if let Some(rest) = text.strip_prefix(slip) {
            return format!("{meant}{rest}");
        }
    }
    text.to_owned()
}

/// `host.com/page` could be a host or a file: nobody can tell, so it is not guessed.
fn looks_like_a_host(text: &str) -> bool {
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((_, ending)) = first.rsplit_once('.') else { return false };
    let is_file = ending != "com" && mime_guess::from_ext(ending).first().is_some();
    !is_file && !first.starts_with('.') && ending.len() >= 2 && ending.bytes().all(|b| b.is_ascii_alphabetic())
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
