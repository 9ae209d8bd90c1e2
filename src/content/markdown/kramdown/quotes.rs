//! Smart quotes: which way a straight quote bends, by the text around it.

use super::super::tree::Node;
use super::Scanner;
use super::patterns::{is_space, is_word};

const PUNCTUATION: &str = "!\"#$%'()*+,-./:;<=>?@[\\]^_`{|}~";

fn right(quote: char) -> &'static str {
    if quote == '"' { "”" } else { "’" }
}

fn left(quote: char) -> &'static str {
    if quote == '"' { "“" } else { "‘" }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

fn is_unicode_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Reads a quote here, or one behind the next character, together with that character.
pub(super) fn read(src: &mut Scanner, node: &mut Node) -> bool {
    let rest = src.rest();
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return false };
    let next = chars.next().filter(|c| is_quote(*c));
    if !is_quote(first) && (first == '\\' || next.is_none()) {
        return false;
    }
    let (len, symbols) = bend(rest, first, next);
    // each quote is one byte; what was read besides is the character before it
    node.add_text(&rest[..len - symbols.len()]);
    for symbol in symbols {
        node.add_symbol(symbol);
    }
    src.advance(len);
    true
}

/// kramdown's rules in their order: the bytes read and the quotes they become.
fn bend(rest: &str, first: char, next: Option<char>) -> (usize, Vec<&'static str>) {
    if is_quote(first) {
        let after = &rest[1..];
        if before_emphasis(after) {
            return (1, vec![left(first)]);
        }
        if before_punctuation(after) {
            return (1, vec![right(first)]);
        }
    }
    // a quote right here, or behind one blank
    let blank = usize::from(is_space(first));
    let quoted = &rest[blank..];
    for (pair, symbols) in [("\"'", ["“", "‘"]), ("'\"", ["‘", "“"])] {
        if quoted.strip_prefix(pair).is_some_and(|after| after.starts_with(is_word)) {
            return (blank + 2, symbols.to_vec());
        }
    }
    if quoted.strip_prefix('\'').is_some_and(decade) {
        return (blank + 1, vec!["’"]);
    }
    if let Some(quote) = next {
        if is_space(first) && rest[2..].starts_with(is_word) {
            return (2, vec![left(quote)]);
        }
        if !matches!(first, ' ' | '\\' | '\t' | '\r' | '\n' | '[' | '{' | '(' | '-') {
            return (first.len_utf8() + 1, vec![right(quote)]);
        }
    }
    if is_quote(first) && before_end(&rest[1..]) {
        return (1, vec![right(first)]);
    }
    match next {
        Some('\'') => (first.len_utf8() + 1, vec!["‘"]),
        _ if first == '\'' => (1, vec!["‘"]),
        Some(_) => (first.len_utf8() + 1, vec!["“"]),
        None => (1, vec!["“"]),
    }
}

fn before_emphasis(after: &str) -> bool {
    after.strip_prefix(['_', '*']).and_then(|rest| rest.chars().next()).is_some_and(|c| !is_space(c))
}

/// Punctuation that does not begin an ellipsis and has no word boundary behind it.
fn before_punctuation(after: &str) -> bool {
    let mut chars = after.chars();
    let Some(mark) = chars.next().filter(|c| PUNCTUATION.contains(*c)) else { return false };
    !chars.as_str().starts_with("..") && (mark == '_') == is_unicode_word(chars.next())
}

/// The '80s.
fn decade(after: &str) -> bool {
    let bytes = after.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_digit() && bytes[1].is_ascii_digit() && bytes[2] == b's'
}

/// The end of a line or word: a blank, or an `s` on its own.
fn before_end(after: &str) -> bool {
    after.is_empty()
        || after.starts_with(is_space)
        || after.strip_prefix('s').is_some_and(|rest| !is_unicode_word(rest.chars().next()))
}
