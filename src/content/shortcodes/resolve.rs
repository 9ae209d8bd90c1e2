//! What the arguments of a tag say and lead to: values, addresses, pictures.

use super::expand::Expander;
use super::layout::Figure;
use super::rules::{self, Effect};
use super::tag::{Arguments, Value};
use super::{Flavour, layout, liquid, without_marks};

impl Expander<'_, '_> {
    fn value(&self, value: &Value) -> String {
        let text = match self.context.flavour {
            Flavour::Liquid if !value.quoted => {
                liquid::value(&value.text, self.context).unwrap_or_else(|| value.text.clone())
            }
            Flavour::Liquid => self.outputs_in(&value.text),
            _ => value.text.clone(),
        };
        without_marks(&text)
    }

    /// A text of an argument with Liquid's outputs in it filled in.
    fn outputs_in(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (output, after))) =
            rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
        {
            filled.push_str(before);
            filled.push_str(&liquid::output(output, self.context).unwrap_or_default());
            rest = after;
        }
        filled + rest
    }

    pub(super) fn given(&self, arguments: &Arguments, names: &str, place: usize) -> Option<String> {
        arguments.get(names, place).map(|value| self.value(value)).filter(|text| !text.trim().is_empty())
    }

    /// A title of a note. A bare word at its place is rather the kind of note.
    pub(super) fn title(&self, arguments: &Arguments, names: &str, place: usize) -> Option<String> {
        let by_key = self.given(arguments, names, usize::MAX);
        by_key.or_else(|| arguments.positional.get(place).filter(|value| value.quoted).map(|value| self.value(value)))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        (self.context.variable)(&format!("page.{name}")).or_else(|| (self.context.variable)(&format!("site.{name}")))
    }

    pub(super) fn address(&self, path: &str) -> String {
        let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
        if path.is_empty() {
            return fragment.to_owned();
        }
        let address = (self.context.address)(path).unwrap_or_else(|| internal_address(path));
        without_marks(&layout::address(&format!("{address}{fragment}")))
    }

    /// Where a tag leads.
    pub(super) fn target(&self, effect: Effect, arguments: &Arguments, rest: &str) -> Option<String> {
        match effect {
            Effect::Link(pattern, slots) => self.fill(pattern, slots, arguments),
            Effect::Post => Some(self.address(&self.outputs_in(rest))),
            Effect::Address if self.context.flavour == Flavour::Liquid && !rest.is_empty() => {
                Some(self.address(self.outputs_in(rest).trim_matches(['"', '\''])))
            }
            _ => {
                let page = self.given(arguments, "path | page | relref | ref", usize::MAX);
                let page = page.map(|page| self.address(page.trim_start_matches('@')));
                let link = || self.given(arguments, "href | url | link | src | file", usize::MAX);
                let place = |effect| {
                    self.given(arguments, "", 0).map(|text| match effect {
                        Effect::Address => self.address(text.trim_start_matches('@')),
                        _ => text,
                    })
                };
                page.or_else(link).or_else(|| place(effect)).map(|address| layout::address(&address))
            }
        }
    }

    /// The address of something on another site.
    fn fill(&self, pattern: &str, slots: &[&str], arguments: &Arguments) -> Option<String> {
        let positional = arguments.positional.len();
        let mut place = 0;
        let mut address = pattern.to_owned();
        let mut filled = 0;
        for slot in slots {
            let given = self.given(arguments, slot, usize::MAX).or_else(|| {
                // a post can be named without its author, who is `i` then
                let skipped = *slot == "user" && positional < 2;
                let value = arguments.positional.get(place).filter(|_| !skipped).map(|value| self.value(value));
                place += usize::from(value.is_some());
                value
            });
            let Some(given) = given else {
                let default = if *slot == "user" { "i" } else { "" };
                address = address.replacen("{}", default, 1);
                continue;
            };
            if given.contains("://") {
                return Some(layout::address(&given));
            }
            filled += 1;
            address = address.replacen("{}", given.trim(), 1);
        }
        (filled > 0).then(|| layout::address(address.trim_end_matches('/')))
    }

    /// A link in place of what would be embedded.
    pub(super) fn embedded(&self, effect: Effect, arguments: &Arguments) -> Option<String> {
        let provider = arguments.get("provider", usize::MAX).and_then(|provider| rules::find(&provider.text));
        let address = self.target(provider.unwrap_or(effect), arguments, "")?;
        let names = if let Effect::Button(names) = effect { names } else { "title | caption | alt | label | name" };
        let words = self.given(arguments, names, usize::MAX).unwrap_or_default();
        Some(layout::link(&words, &address))
    }

    pub(super) fn figure(&self, arguments: &Arguments) -> Option<Figure> {
        let named =
            self.given(arguments, "src | url | image_path | image | img | file | path | filename | href", usize::MAX);
        let is_path = |value: &&Value| value.text.contains(['/', '.']);
        let place = arguments.positional.iter().position(|value| is_path(&value));
        let given = |names| self.given(arguments, names, usize::MAX);
        let src = named.or_else(|| place.map(|place| self.value(&arguments.positional[place])))?;
        let words = |value: &&Value| value.text.parse::<f64>().is_err() && !value.text.ends_with('%');
        let alt = place.and_then(|place| arguments.positional[place + 1..].iter().find(words));
        Some(Figure {
            src: layout::address(&self.rooted(src)),
            alt: given("alt | alternative | alttext").or_else(|| alt.map(|alt| self.value(alt))),
            title: given("title"),
            caption: given("caption | legend | desc | description | credit"),
            link: given("link | linkto").map(|link| layout::address(&link)),
        })
    }

    /// Jekyll's themes put a picture's path through `relative_url`: it begins at the site's root, not at the page.
    fn rooted(&self, src: String) -> String {
        let is_relative = !src.starts_with(['/', '#']) && !src.contains(':') && !src.starts_with("./");
        if self.context.flavour == Flavour::Liquid && is_relative {
            return liquid::under(&liquid::base(self.context), &src);
        }
        src
    }
}

/// The address of a page by its path, where the profile's rules are not at hand.
fn internal_address(path: &str) -> String {
    let path = path.trim().trim_start_matches('/');
    let path = [".md", ".markdown"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    let path = path.strip_suffix("index").map_or(path, |folder| folder.trim_end_matches(['_', '/']));
    if path.is_empty() { "/".to_owned() } else { format!("/{path}/") }
}
