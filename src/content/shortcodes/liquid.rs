//! Liquid's outputs: a value and its filters. What names something that is not known here has no value.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Context;

const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const URI: &AsciiSet = &URL.remove(b'/').remove(b':').remove(b'?').remove(b'#').remove(b'&').remove(b'=').remove(b'%');
const MAX_FILTERS: usize = 20;
/// Filters such as `append` could grow a value without limit.
const MAX_BYTES: usize = 4096;

/// The text of `value | filter: argument | …`.
pub(super) fn output(expression: &str, context: &Context) -> Option<String> {
    let mut parts = split(expression, '|').into_iter();
    let mut value = value(parts.next()?, context);
    for filter in parts.take(MAX_FILTERS) {
        let (name, arguments) = filter.split_once(':').unwrap_or((filter, ""));
        let arguments: Vec<Option<String>> =
            split(arguments, ',').iter().map(|argument| self::value(argument, context)).collect();
        value = apply(name.trim(), value, &arguments, context).filter(|value| value.len() <= MAX_BYTES);
    }
    value
}

/// Parts between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quote = None;
    let parts = text.split(|c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        quote.is_none() && c == separator
    });
    parts.collect()
}

/// A literal, or a variable that is known.
pub(super) fn value(text: &str, context: &Context) -> Option<String> {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return Some(inside.strip_suffix(quote).unwrap_or(inside).to_owned());
        }
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Some(text.to_owned());
    }
    let origin = || context.site.origin().ascii_serialization();
    match text {
        "" | "nil" | "null" => None,
        "site.url" | "site.domain" | "site.github.url" => Some(origin()),
        "site.baseurl" | "site.base_url" | "site.github.baseurl" => Some(base(context)),
        _ => (context.variable)(text),
    }
}

/// The path the site stands under, without a slash at the end.
pub(super) fn base(context: &Context) -> String {
    context.site.path().trim_end_matches('/').to_owned()
}

fn apply(name: &str, value: Option<String>, arguments: &[Option<String>], context: &Context) -> Option<String> {
    let argument = |index: usize| arguments.get(index).cloned().flatten();
    if name == "default" {
        return value.filter(|value| !value.is_empty()).or_else(|| argument(0));
    }
    let value = value?;
    Some(match name {
        "relative_url" => under(&base(context), &value),
        "absolute_url" => under(&format!("{}{}", context.site.origin().ascii_serialization(), base(context)), &value),
        "prepend" => argument(0)? + &value,
        "append" => value + &argument(0)?,
        "url_encode" | "cgi_escape" => utf8_percent_encode(&value, URL).to_string().replace("%20", "+"),
        "uri_escape" => utf8_percent_encode(&value, URI).to_string(),
        "escape" | "xml_escape" | "escape_once" => html_escape::encode_safe(&value).into_owned(),
        "strip" => value.trim().to_owned(),
        "lstrip" => value.trim_start().to_owned(),
        "rstrip" => value.trim_end().to_owned(),
        "downcase" => value.to_lowercase(),
        "upcase" => value.to_uppercase(),
        "slugify" => crate::model::text::slugify(&value),
        "capitalize" => {
            let mut letters = value.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
        "replace" => value.replace(&argument(0).filter(|from| !from.is_empty())?, &argument(1)?),
        "replace_first" => value.replacen(&argument(0)?, &argument(1)?, 1),
        "remove" => value.replace(&argument(0).filter(|from| !from.is_empty())?, ""),
        "remove_first" => value.replacen(&argument(0)?, "", 1),
        "strip_html" | "strip_newlines" | "markdownify" | "smartify" | "normalize_whitespace" | "inspect" => value,
        _ => return None,
    })
}

pub(super) fn under(base: &str, path: &str) -> String {
    if path.contains("://") || path.starts_with("//") {
        return path.to_owned();
    }
    format!("{base}/{}", path.trim_start_matches('/'))
}
