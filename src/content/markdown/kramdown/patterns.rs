//! What kramdown's regular expressions match, written out: each function looks at the beginning of a text and says how
//! many bytes match. No backtracking, so the cost of each is bounded by the text it looks at.

/// Elements that never begin a block; a line that starts with one is a paragraph.
pub(super) const SPAN_ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "b", "big", "bdo", "br", "button", "cite", "code", "del", "dfn", "em", "i", "img", "input",
    "ins", "kbd", "label", "mark", "option", "q", "rb", "rbc", "rp", "rt", "rtc", "ruby", "samp", "select", "small",
    "span", "strong", "sub", "sup", "tt", "u", "var",
];
/// Elements that cannot stand within a line.
pub(super) const BLOCK_ELEMENTS: &[&str] = &[
    "address",
    "article",
    "aside",
    "applet",
    "body",
    "blockquote",
    "caption",
    "col",
    "colgroup",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "head",
    "iframe",
    "legend",
    "menu",
    "li",
    "main",
    "map",
    "nav",
    "ol",
    "optgroup",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tfoot",
    "tr",
    "ul",
];
pub(super) const VOID_ELEMENTS: &[&str] = &[
    "area", "base", "br", "col", "command", "embed", "hr", "img", "input", "keygen", "link", "meta", "param", "source",
    "track", "wbr",
];
/// Elements known to kramdown besides the three lists above.
pub(super) const OTHER_ELEMENTS: &[&str] =
    &["details", "figure", "noscript", "object", "th", "script", "style", "math", "textarea"];
pub(super) const RAW_SPAN_ELEMENTS: &[&str] =
    &["script", "style", "math", "option", "textarea", "pre", "code", "kbd", "samp", "var"];

pub(super) fn is_known_element(name: &str) -> bool {
    [SPAN_ELEMENTS, BLOCK_ELEMENTS, VOID_ELEMENTS, OTHER_ELEMENTS].iter().any(|list| list.contains(&name))
}

/// Ruby's `\s`.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// Ruby's `\w`.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c| is_space(c) || c == '\0')
}

pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(|c| is_space(c) || c == '\0')
}

pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|c| is_space(c) || c == '\0')
}

/// Bytes of the line at the start, its line end included.
pub(super) fn line(s: &str) -> usize {
    s.find('\n').map_or(s.len(), |at| at + 1)
}

/// `(?>^\s*\n)+`: all white space up to the last line end in it.
pub(super) fn blank_lines(s: &str) -> Option<usize> {
    let blank = s.len() - s.trim_start_matches(is_space).len();
    s[..blank].rfind('\n').map(|at| at + 1)
}

/// `\s*?\n`: blanks to the end of this line.
pub(super) fn rest_of_line_blank(s: &str) -> Option<usize> {
    let end = line(s);
    (s[..end].ends_with('\n') && s[..end].chars().all(is_space)).then_some(end)
}

/// One indentation: a tab or four blanks.
pub(super) fn indent(s: &str) -> Option<usize> {
    match s.as_bytes() {
        [b'\t', ..] => Some(1),
        [b' ', b' ', b' ', b' ', ..] => Some(4),
        _ => None,
    }
}

/// Up to `most` leading blanks.
pub(super) fn blanks(s: &str, most: usize) -> usize {
    s.bytes().take(most).take_while(|b| *b == b' ').count()
}

/// `^\^\s*?\n`, kramdown's end-of-block marker.
pub(super) fn end_marker(s: &str) -> Option<usize> {
    rest_of_line_blank(s.strip_prefix('^')?).map(|len| len + 1)
}

/// An XML name with at most one prefix.
pub(super) fn name(s: &str) -> Option<usize> {
    let first = ncname(s)?;
    let second = s[first..].strip_prefix(':').and_then(ncname);
    Some(first + second.map_or(0, |len| len + 1))
}

fn ncname(s: &str) -> Option<usize> {
    s.chars().next().filter(|c| c.is_alphabetic() || *c == '_')?;
    Some(s.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))).unwrap_or(s.len()))
}

/// Whether the name at the start is one of a span element (or `script`) up to a word boundary.
fn starts_span_element(s: &str) -> bool {
    let end = s.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(s.len());
    SPAN_ELEMENTS.contains(&&s[..end]) || &s[..end] == "script"
}

/// `<name` of an element that ends a lazy continuation.
pub(super) fn block_tag_start(s: &str) -> bool {
    s.strip_prefix('<').is_some_and(|rest| !starts_span_element(rest) && name(rest).is_some())
}

/// `</name>` of an element that ends a lazy continuation.
pub(super) fn block_tag_stop(s: &str) -> bool {
    let Some(rest) = s.strip_prefix("</").filter(|rest| !starts_span_element(rest)) else { return false };
    name(rest).is_some_and(|len| trim_start(&rest[len..]).starts_with('>'))
}

/// Content of `{:…}` from behind the `{:`, and the bytes up to and including the `}`.
pub(super) fn braces(s: &str) -> Option<(&str, usize)> {
    let is_escaped = |at: &usize| at.checked_sub(1).is_some_and(|before| s.as_bytes()[before] == b'\\');
    let at = s.match_indices('}').map(|(at, _)| at).find(|at| !is_escaped(at))?;
    (at > 0).then(|| (&s[..at], at + 1))
}

/// `{:…}` alone at the end of a line, not a definition or an extension.
pub(super) fn list_line(s: &str) -> Option<(&str, usize)> {
    let inside = s.strip_prefix("{:")?;
    if inside.starts_with([':', '/']) {
        return None;
    }
    let (content, len) = braces(inside)?;
    let end = rest_of_line_blank(&inside[len..])?;
    Some((content, 2 + len + end))
}

/// A line that holds an attribute list and nothing else.
pub(super) fn attribute_line(s: &str) -> Option<(&str, usize)> {
    let skip = blanks(s, 3);
    list_line(&s[skip..]).map(|(content, len)| (content, skip + len))
}

/// Where a paragraph, quote or lazy line certainly ends.
pub(super) fn lazy_end(s: &str) -> bool {
    if s.is_empty() || blank_lines(s).is_some() || end_marker(s).is_some() {
        return true;
    }
    let line = &s[blanks(s, 3)..];
    block_tag_stop(line) || block_tag_start(line) || list_line(line).is_some()
}

/// A list marker with at most `most` blanks before it: bytes of blanks and marker.
pub(super) fn bullet(s: &str, most: usize) -> Option<usize> {
    let skip = blanks(s, most);
    s[skip..].starts_with(['+', '*', '-']).then_some(skip + 1).filter(|len| marker_tail(&s[*len..]))
}

pub(super) fn number(s: &str, most: usize) -> Option<usize> {
    let skip = blanks(s, most);
    let digits = s[skip..].bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && s[skip + digits..].starts_with('.'))
        .then_some(skip + digits + 1)
        .filter(|len| marker_tail(&s[*len..]))
}

pub(super) fn definition(s: &str, most: usize) -> Option<usize> {
    let skip = blanks(s, most);
    s[skip..].starts_with(':').then_some(skip + 1).filter(|len| marker_tail(&s[*len..]))
}

fn marker_tail(s: &str) -> bool {
    s.starts_with(['\t', '|', ' ']) && s.contains('\n')
}

pub(super) fn list_start(s: &str) -> bool {
    bullet(s, 3).is_some() || number(s, 3).is_some()
}

/// A thematic break: bytes of its line.
pub(super) fn rule(s: &str) -> Option<usize> {
    let skip = blanks(s, 3);
    let mark = s[skip..].chars().next().filter(|c| matches!(c, '*' | '-' | '_'))?;
    let text = s[skip..line(s)].strip_suffix('\n')?;
    let marks = text.chars().filter(|c| *c == mark).count();
    (marks >= 3 && text.chars().all(|c| c == mark || c == ' ' || c == '\t')).then(|| line(s))
}

/// `#` to `######` and blanks: level, and where the text begins.
pub(super) fn heading(s: &str) -> Option<(usize, usize)> {
    let level = s.bytes().take_while(|b| *b == b'#').count();
    let gap = s[level..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    ((1..=6).contains(&level) && gap > 0 && s.contains('\n')).then_some((level, level + gap))
}

pub(super) fn fence_start(s: &str) -> bool {
    let skip = blanks(s, 3);
    s[skip..].bytes().take_while(|b| matches!(b, b'~' | b'`')).count() >= 3
}

pub(super) fn quote_start(s: &str) -> Option<usize> {
    let skip = blanks(s, 3);
    let rest = s[skip..].strip_prefix('>')?;
    Some(skip + 1 + usize::from(rest.starts_with(' ')))
}

pub(super) fn paragraph_end(s: &str) -> bool {
    lazy_end(s)
        || list_start(s)
        || heading(s).is_some()
        || definition(s, 3).is_some()
        || quote_start(s).is_some()
        || fence_start(s)
}

/// A name of an attribute list, footnote or extension: `\w[\w-]*`.
pub(super) fn id(s: &str) -> Option<usize> {
    s.chars().next().filter(|c| is_word(*c))?;
    Some(s.find(|c: char| !is_word(c) && c != '-').unwrap_or(s.len()))
}
