//! What shortcodes and Liquid tags in an announcement's texts refer to: its own fields, and other pages of the site.

use super::Mapper;
use super::address::{Name, Place};
use crate::content::shortcodes::{self, Context, Expanded, Flavour};
use crate::model::diagnostic::Position;
use crate::model::profile::Paths;
use crate::model::settings::ProfileName;
use crate::model::text::slugify;
use url::Url;

impl Mapper<'_> {
    pub(super) fn expand<'s>(&self, source: &'s str, start: Position, place: &Place) -> Expanded<'s> {
        self.with_context(start, place, |context| shortcodes::expand(source, context))
    }

    pub(super) fn without_shortcodes(&self, text: &str, place: &Place) -> String {
        self.with_context(Position::START, place, |context| shortcodes::plain(text, context))
    }

    fn with_context<T>(&self, start: Position, place: &Place, work: impl FnOnce(&Context) -> T) -> T {
        let flavour = match self.habits.content.profile {
            ProfileName::Numerique | ProfileName::Jekyll => Flavour::Liquid,
            ProfileName::Hugo => Flavour::Hugo,
            ProfileName::Zola => Flavour::Zola,
        };
        let variable = |name: &str| self.variable(name, place);
        let address = |path: &str| self.address_of(path);
        let site = &self.habits.site.url;
        work(&Context { flavour, site, variable: &variable, address: &address, start })
    }

    /// `page.…` is this file's front matter, `site.…` the configuration.
    fn variable(&self, name: &str, place: &Place) -> Option<String> {
        let site = self.habits.site;
        match name {
            "page.url" | "page.permalink" => Some(place.url.path().to_owned()),
            "page.slug" => Some(place.slug.clone()),
            "page.path" => Some(self.path.to_owned()),
            "site.title" | "site.name" => Some(site.title.clone()),
            "site.description" => Some(site.description.clone()),
            "site.lang" | "site.language" | "site.locale" => Some(site.lang.clone()),
            "site.author" => site.author.clone(),
            _ => {
                let key = name.strip_prefix("page.")?;
                let paths = Paths::try_from(key.to_owned()).ok()?;
                self.lookup.all(&paths).iter().find_map(|found| self.lookup.plain(found))
            }
        }
    }

    /// The address of another file by its path, as its name and the url rule of its folder give it; its own front matter
    /// is not read for this. Files that are no Markdown stay where they are.
    fn address_of(&self, path: &str) -> Option<String> {
        let site = &self.habits.site.url;
        let path = path.trim();
        let here = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let full = if path.contains('/') { path.trim_start_matches('/').to_owned() } else { format!("{here}/{path}") };
        let full = full.trim_start_matches('/').to_owned();
        let (stem, ending) = full.rsplit_once('.').unwrap_or((&full, "md"));
        if !matches!(ending, "md" | "markdown" | "html") && !ending.contains('/') {
            return Some(site.join(path.trim_start_matches('/')).ok()?.to_string());
        }
        match stem.strip_suffix("_index") {
            Some(folder) => in_site(site, folder),
            None => self.page(&full),
        }
    }

    fn page(&self, path: &str) -> Option<String> {
        let name = Name::of(path);
        let slug = slugify(name.own);
        let rule = self.habits.content.folders.iter().find(|rule| rule.pattern.is_match(path));
        let pattern = rule.and_then(|rule| rule.url.as_deref()).unwrap_or(&self.profile.url);
        // where the date stands only in the other file's front matter
        let pattern = if name.date.is_none() && pattern.contains("{year}") { "/{folder}/{slug}/" } else { pattern };
        in_site(&self.habits.site.url, &name.fill(pattern, &slug, name.date.unwrap_or_default(), &[]))
    }
}

fn in_site(site: &Url, path: &str) -> Option<String> {
    Some(site.join(path.trim_start_matches('/')).ok()?.to_string())
}
