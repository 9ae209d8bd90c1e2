//! Small rules about text that all outputs share: one line, slugs, characters XML forbids, shortening.

use serde::{Deserialize, Serialize};

/// A rendered piece of Markdown.
///
/// `html` is sanitised, whole (no tag is left open) and all its links are absolute; `text` is written from the Markdown
/// tree for people who read plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RichText {
    pub source: String,
    pub html: String,
    pub text: String,
}

/// A category or tag: what people read, and its place in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    pub slug: String,
    pub label: String,
}

impl Label {
    /// `None` where nothing of the label can stand in a URL.
    pub fn new(label: &str) -> Option<Self> {
        let label = one_line(label);
        let slug = label_slug(&label);
        (!slug.is_empty()).then_some(Self { slug, label })
    }
}

/// The slug of a category or tag. Signs that tell words apart are spelled out: `C++` and `C#` are not one category.
pub fn label_slug(label: &str) -> String {
    let mut spelled = String::with_capacity(label.len());
    for c in label.chars() {
        let follows_a_word = spelled.ends_with(|before: char| before.is_alphanumeric());
        match c {
            '+' if follows_a_word => spelled.push_str(" plus"),
            '#' if follows_a_word => spelled.push_str(" sharp"),
            _ => spelled.push(c),
        }
    }
    slugify(&spelled)
}

/// Most bytes of a slug.
const MAX_SLUG: usize = 200;

/// Lower case ASCII, accents folded, everything else one hyphen: `Appel à défis` → `appel-a-defis`.
pub fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in deunicode::deunicode(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    // a file name holds 255 bytes, with an ending
    slug.truncate(MAX_SLUG);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// White space folded to single blanks, none around. No-break spaces are typography and stay.
pub fn one_line(text: &str) -> String {
    let blank = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}');
    text.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a tag is well-formed by RFC 5646 §2.1, as far as lengths and letters go: a language of two or three letters,
/// then subtags of one to eight letters or digits.
pub fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let is_language = |first: &str| matches!(first.len(), 2 | 3) && first.bytes().all(|b| b.is_ascii_alphabetic());
    subtags.next().is_some_and(is_language)
        && subtags.all(|part| matches!(part.len(), 1..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag.rsplit('-').next().is_none_or(|last| last.len() > 1)
}

/// Whether XML 1.0 (§2.2, production 2) lets the character stand in a document.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Removes what has no place in any output: characters XML forbids, C1 controls, inner byte order marks; U+2028 and U+2029 become a line end.
pub fn without_controls(text: &str) -> String {
    text.chars()
        .filter(|c| is_xml_char(*c) && !matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{feff}' | '\r'))
        .map(|c| if matches!(c, '\u{2028}' | '\u{2029}') { '\n' } else { c })
        .collect()
}

/// At most `max_chars` characters, cut between words, with an ellipsis where something was cut.
pub fn shorten(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    let end = cut.rfind(' ').filter(|end| *end > 0).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([' ', ',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_ascii() {
        for (text, slug) in [
            ("Appel à défis", "appel-a-defis"),
            ("Réunion d'information", "reunion-d-information"),
            ("  Œuvre & Cie !", "oeuvre-cie"),
            ("🎉", "tada"),
            ("---", ""),
        ] {
            assert_eq!(slugify(text), slug, "{text}");
        }
    }

    #[test]
    fn language_tags_are_well_formed() {
        for tag in ["fr", "fr-CA", "zh-Hant-TW", "gsw", "de-CH-1996", "en-x-klingon"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in ["klingon", "", "f", "fr_FR", "fr-", "fr--CA", "français", "fr-CA-x", "12"] {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }

    #[test]
    fn one_line_keeps_no_break_spaces() {
        assert_eq!(one_line("  L’UX : \n lancement\u{a0}! "), "L’UX : lancement\u{a0}!");
    }

    #[test]
    fn forbidden_characters_go_and_line_separators_become_line_ends() {
        assert_eq!(without_controls("a\u{0}b\u{b}c\u{2028}d\u{feff}e\u{ffff}"), "abc\nde");
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(shorten("un deux, trois quatre", 10), "un deux…");
        assert_eq!(shorten("court", 10), "court");
        assert_eq!(shorten("éééééééééééé", 5), "éééé…");
    }

    #[test]
    fn labels_that_differ_in_a_sign_have_two_slugs() {
        for (label, slug) in
            [("C++", "c-plus-plus"), ("C#", "c-sharp"), ("#ux", "ux"), ("R&D + UX", "r-d-ux"), ("Fête", "fete")]
        {
            assert_eq!(label_slug(label), slug);
        }
    }
}
