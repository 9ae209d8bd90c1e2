//! One shortcode or Liquid tag as written: its form, name and arguments.

use super::Flavour;
use super::spans::Spans;

/// Longest tag in which quotes are minded; beyond, its end is the first that looks like one.
const MAX_QUOTED: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Opens, or stands alone.
    Begin,
    /// Closes the nearest of its name; without a name (Zola's `end`) the nearest of any.
    End,
    /// Stands alone, whatever comes later.
    Single,
    /// Liquid's `{{ value | filter }}`, or what has that form elsewhere.
    Output,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'a> {
    pub form: Form,
    pub name: &'a str,
    /// What follows the name; all of it for an output.
    pub rest: &'a str,
    /// The whole tag.
    pub text: &'a str,
}

pub(super) enum Lexed<'a> {
    Tag(Tag<'a>),
    /// A tag that is meant to be shown, and its bytes.
    Escaped {
        shown: String,
        len: usize,
    },
    /// Only a mark that nothing closes.
    Mark(&'a str),
}

/// Reads the tag at `at`, where `{{` or `{%` stands.
pub(super) fn read<'a>(source: &'a str, at: usize, flavour: Flavour, spans: &mut Spans) -> Lexed<'a> {
    let text = &source[at..];
    if let Some(escaped) = escaped(text, flavour) {
        return escaped;
    }
    let hugo = flavour == Flavour::Hugo && (text.starts_with("{{<") || text.starts_with("{{%"));
    let mark = if hugo { 3 } else { 2 };
    let closing = if text.starts_with("{%") { "%}" } else { "}}" };
    let limit = spans.blank_line(at);
    if spans.closing(at, closing) >= limit {
        return Lexed::Mark(&text[..mark]);
    }
    let Some(end) = end(&source[at + mark..limit.max(at + mark)], closing) else { return Lexed::Mark(&text[..mark]) };
    let inside = &text[mark..mark + end];
    let whole = &text[..mark + end + 2];
    if hugo { Lexed::Tag(hugo_tag(inside, whole)) } else { Lexed::Tag(tag(inside, whole, flavour)) }
}

fn escaped(text: &str, flavour: Flavour) -> Option<Lexed<'_>> {
    const FORMS: &[(Flavour, &str, &str)] = &[
        (Flavour::Hugo, "{{<", ">}}"),
        (Flavour::Hugo, "{{%", "%}}"),
        (Flavour::Zola, "{{", "}}"),
        (Flavour::Zola, "{%", "%}"),
    ];
    FORMS.iter().find_map(|(only, open, close)| {
        let inside = text.strip_prefix(open)?.strip_prefix("/*").filter(|_| flavour == *only)?;
        // an escape that ends far away was none
        let near = &inside[..inside.floor_char_boundary(MAX_QUOTED)];
        let end = near.find(&format!("*/{close}"))?;
        let shown = format!("{open}{}{close}", &inside[..end]);
        Some(Lexed::Escaped { len: open.len() + 2 + end + 2 + close.len(), shown })
    })
}

/// Where the closing mark begins: outside of quotes if they are in order, else the first one.
fn end(text: &str, closing: &str) -> Option<usize> {
    let first = text.find(closing)?;
    let mut quote = None;
    let mut escape = false;
    for (at, byte) in text.bytes().enumerate().take(MAX_QUOTED) {
        match (quote, byte) {
            _ if escape => escape = false,
            (Some(b'"'), b'\\') => escape = true,
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'`') => quote = Some(byte),
            (None, b'\'') if at > 0 && !text.as_bytes()[at - 1].is_ascii_alphanumeric() => quote = Some(byte),
            (None, b'{') if text[at..].starts_with("{{") || text[at..].starts_with("{%") => {
                return (first < at).then_some(first);
            }
            (None, _) if text.as_bytes()[at..].starts_with(closing.as_bytes()) => return Some(at),
            _ => {}
        }
    }
    Some(first).filter(|first| !text[..*first].contains("{{"))
}

fn hugo_tag<'a>(inside: &'a str, text: &'a str) -> Tag<'a> {
    let inside = inside.strip_suffix(['>', '%']).unwrap_or(inside).trim();
    let (inside, form) = match (inside.strip_prefix('/'), inside.strip_suffix('/')) {
        (Some(name), _) => (name.trim_start(), Form::End),
        (None, Some(single)) => (single.trim_end(), Form::Single),
        _ => (inside, Form::Begin),
    };
    let end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
    Tag { form, name: &inside[..end], rest: inside[end..].trim(), text }
}

fn tag<'a>(inside: &'a str, text: &'a str, flavour: Flavour) -> Tag<'a> {
    let inside = inside.strip_prefix(['-', '~']).unwrap_or(inside);
    let inside = inside.strip_suffix(['-', '~']).unwrap_or(inside).trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    let name = &inside[..inside.find(|c| !is_name(c)).unwrap_or(inside.len())];
    let rest = inside[name.len()..].trim();
    let call = rest.strip_prefix('(').map(|rest| rest.strip_suffix(')').unwrap_or(rest));
    let is_output = text.starts_with("{{");
    match call.filter(|_| flavour == Flavour::Zola && !name.is_empty()) {
        Some(rest) => Tag { form: if is_output { Form::Single } else { Form::Begin }, name, rest, text },
        None if is_output => Tag { form: Form::Output, name, rest: inside, text },
        None => match name.strip_prefix("end") {
            Some(name) => Tag { form: Form::End, name, rest, text },
            None => Tag { form: Form::Begin, name, rest, text },
        },
    }
}

/// A value as written: only a bare word may name a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub text: String,
    pub quoted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub positional: Vec<Value>,
    pub named: Vec<(String, Value)>,
}

impl Arguments {
    /// Reads `word "quoted" key=value, key: value`.
    pub fn read(text: &str) -> Self {
        let mut arguments = Self::default();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() {
                return arguments;
            }
            let name =
                rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
            let behind = rest[name..].trim_start();
            let behind = behind.strip_prefix('=').or_else(|| rest[name..].strip_prefix(": "));
            let (key, value) = match behind.filter(|_| name > 0) {
                Some(behind) => (Some(&rest[..name]), behind.trim_start()),
                None => (None, rest),
            };
            let begin = rest.len() - value.len();
            let (value, len) = read_value(value);
            rest = &rest[begin + len..];
            match key {
                Some(key) => arguments.named.push((key.to_lowercase(), value)),
                None => arguments.positional.push(value),
            }
        }
    }

    /// The first of the names (`a | b`) that is given, or the argument at a place.
    pub fn get(&self, names: &str, place: usize) -> Option<&Value> {
        let by_key = names.split(" | ").find_map(|name| self.named.iter().find(|(known, _)| known == name));
        by_key.map(|(_, value)| value).or_else(|| self.positional.get(place)).filter(|value| !value.text.is_empty())
    }
}

/// A value at the beginning of a text that is not empty, and its bytes (at least one).
fn read_value(text: &str) -> (Value, usize) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`' | '“')) else {
        let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        return (Value { text: text[..end].to_owned(), quoted: false }, end);
    };
    let closing = if quote == '“' { '”' } else { quote };
    let begin = quote.len_utf8();
    let mut value = String::new();
    let mut escape = false;
    for (at, c) in text[begin..].char_indices() {
        match c {
            _ if escape => {
                escape = false;
                value.push(if c == 'n' { '\n' } else { c });
            }
            '\\' if quote == '"' => escape = true,
            c if c == closing => return (Value { text: value, quoted: true }, begin + at + c.len_utf8()),
            c => value.push(c),
        }
    }
    (Value { text: value, quoted: true }, text.len())
}
