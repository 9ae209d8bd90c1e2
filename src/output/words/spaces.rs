//! French sets a blank before `: ; ! ? »` and after `«`; a line may not end there. Other languages stay as they are.

/// No-break where French asks for it: narrow before `;`, `!` and `?`, whole before `:` and `»` and after `«`.
///
/// Only blanks that are there are changed, none is added: `12:30` and `https://` stay what they are.
pub fn french_spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut last = None;
    while let Some(c) = chars.next() {
        let kept = match (last, c, chars.peek()) {
            (Some('«'), ' ', _) | (_, ' ', Some(':' | '»' | '%' | '€')) => '\u{a0}',
            (_, ' ', Some(';' | '!' | '?')) => '\u{202f}',
            _ => c,
        };
        out.push(kept);
        last = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_with_a_mark_or_ends_with_an_opening_quote() {
        for (given, shown) in [
            ("Un défi ? Oui !", "Un défi\u{202f}? Oui\u{202f}!"),
            ("UX : « tout » ; rien", "UX\u{a0}: «\u{a0}tout\u{a0}»\u{202f}; rien"),
            (" ?", "\u{202f}?"),
            ("12:30, https://a.example/?b", "12:30, https://a.example/?b"),
            ("déjà\u{a0}: là", "déjà\u{a0}: là"),
            ("20 %, 5 €", "20\u{a0}%, 5\u{a0}€"),
            ("", ""),
        ] {
            assert_eq!(french_spaces(given), shown);
        }
    }
}
