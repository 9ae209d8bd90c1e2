//! What may stand before the `@` of an address beyond ASCII (RFC 6531 §3.3), and what looks like something it is not.

use unicode_normalization::UnicodeNormalization as _;

/// Characters nobody sees: controls, blanks that are no blank, marks that join, part, or turn text around.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// RFC 5322 §3.2.3.
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// Letters, digits and their marks in any script; no symbols, nothing private.
pub(super) fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c))
}

/// Whether a name uses letters that another spelling has, too (`ﬁ`, `Ａ`, `𝐚`), or takes some from the alphabet of others, as
/// `а` from Cyrillic among Latin ones.
pub(super) fn is_confusing(local: &str) -> bool {
    let mut alphabets = local.chars().filter_map(alphabet);
    let first = alphabets.next();
    alphabets.any(|other| Some(other) != first) || !local.nfkc().eq(local.nfc())
}

/// The alphabets whose letters are taken for each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
}

fn alphabet(c: char) -> Option<Alphabet> {
    Some(match c {
        // the signs for times and divided by stand among the letters
        '\u{d7}' | '\u{f7}' => return None,
        'a'..='z'
        | 'A'..='Z'
        | '\u{c0}'..='\u{2af}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}' => Alphabet::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Alphabet::Greek,
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => {
            Alphabet::Cyrillic
        }
        '\u{530}'..='\u{58f}' => Alphabet::Armenian,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Alphabet::Cherokee,
        _ => return None,
    })
}

/// In the form in which letters and their accents are one (RFC 6532 §3.1).
pub(super) fn composed(text: &str) -> String {
    text.nfc().collect()
}
