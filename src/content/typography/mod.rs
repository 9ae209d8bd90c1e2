//! Typography by language: quotes, apostrophes, dashes, and the no-break spaces French wants. Works on characters; what
//! they were taken from (a tree, a title) is its callers' business.

mod kept;
mod languages;
mod quotes;
mod spaces;
#[cfg(test)]
mod tests;

use self::languages::Habits;

/// The end of a block: no quote reaches over it.
pub(super) const END: char = '\u{2029}';
/// Stands for what is no text: code, a picture.
pub(super) const OBJECT: char = '\u{fffc}';

/// How much of a character is left as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// The character itself, because it was escaped; there may be spaces beside it.
    Itself,
    All,
}

/// A character and the piece of text it was taken from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Char {
    pub c: char,
    pub keep: Keep,
    pub piece: usize,
}

/// Characters of pieces of text, set as their language wants, each added to what became of its piece.
pub(super) fn set(mut chars: Vec<Char>, pieces: usize, lang: &str) -> Vec<String> {
    let habits = Habits::of(lang);
    kept::mark(&mut chars);
    quotes::bend(&mut chars, &habits);
    spaces::write(&chars, pieces, &habits)
}

/// A text on its own: a title.
pub(super) fn set_line(text: &str, lang: &str) -> String {
    let chars = text.chars().map(|c| Char { c, keep: Keep::Nothing, piece: 0 }).collect();
    set(chars, 1, lang).pop().unwrap_or_default()
}

/// A blank where a line may break.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | END)
}

fn at(chars: &[Char], index: Option<usize>) -> char {
    index.and_then(|index| chars.get(index)).map_or(END, |char| char.c)
}
