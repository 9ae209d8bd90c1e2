//! Character references: `&eacute;`, `&#233;`, `&#xe9;`.

/// The text a reference stands for; `None` where it stands for itself.
pub(super) fn decode(reference: &str) -> Option<String> {
    let inside = reference.strip_prefix('&')?.strip_suffix(';')?;
    if let Some(number) = inside.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0').map(String::from);
    }
    inside.chars().all(|c| c.is_ascii_alphanumeric()).then_some(())?;
    entities::ENTITIES.iter().find(|known| known.entity == reference).map(|known| known.characters.to_owned())
}

/// A text with all its references decoded.
pub(super) fn decode_all(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(40).position(|b| b == b';');
        if let Some((end, text)) = end.and_then(|end| Some((end, decode(&rest[..=end])?))) {
            out.push_str(&text);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out + rest
}

/// Escapes for text or an attribute, leaving references as they are.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '&' if !is_reference(&text[at..]) => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

/// Escapes everything, references too.
pub(super) fn escape_all(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn is_reference(s: &str) -> bool {
    let Some(end) = s.bytes().take(40).position(|b| b == b';') else { return false };
    let inside = &s[1..end];
    match inside.strip_prefix('#') {
        Some(number) => number.strip_prefix('x').map_or_else(
            || !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
            |hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        ),
        None => !inside.is_empty() && inside.chars().all(|c| c.is_ascii_alphanumeric()),
    }
}
