//! Heading ids as GitHub, kramdown's GFM and goldmark make them.

use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Ids {
    used: HashMap<String, usize>,
}

impl Ids {
    /// Lower case, Unicode letters kept, blanks as hyphens; a number behind it from the second time on.
    pub(super) fn unique(&mut self, text: &str) -> String {
        let mut id: String =
            text.to_lowercase().chars().filter(|c| is_word(*c) || matches!(c, '-' | ' ' | '\t')).collect();
        id = id.replace([' ', '\t'], "-");
        let count = self.used.entry(id.clone()).and_modify(|count| *count += 1).or_insert(0);
        if *count > 0 {
            id = format!("{id}-{count}");
        }
        id
    }
}

/// Unicode's word characters; superscripts and fractions are numbers but no part of words.
fn is_word(c: char) -> bool {
    c == '_'
        || c.is_alphabetic()
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20f0}')
        || (c.is_numeric()
            && !matches!(c, '²' | '³' | '¹' | '¼'..='¾' | '\u{2070}'..='\u{209c}' | '\u{2150}'..='\u{24ff}'))
}
