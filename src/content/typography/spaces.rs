//! Dashes, ellipses and the spaces that belong to a mark, while the characters are written back to their pieces.

use super::languages::{Habits, Spaces};
use super::{Char, END, Keep, OBJECT, at, is_blank};

pub(super) fn write(chars: &[Char], pieces: usize, habits: &Habits) -> Vec<String> {
    let mut out = vec![String::new(); pieces];
    let mut index = 0;
    while let Some(char) = chars.get(index) {
        let Some(piece) = out.get_mut(char.piece) else { break };
        if let Some((symbol, len)) = symbol(&chars[index..]) {
            piece.push(symbol);
            index += len;
            continue;
        }
        match habits.spaces.filter(|_| char.keep != Keep::All) {
            Some(spaces) => spaced(chars, index, spaces, piece),
            None => piece.push(char.c),
        }
        index += 1;
    }
    out
}

/// `---`, `--` and `...`, all of one piece.
fn symbol(chars: &[Char]) -> Option<(char, usize)> {
    let plain = |char: &Char| char.keep == Keep::Nothing && char.piece == chars[0].piece;
    let is = |written: &str| {
        chars.len() >= written.len() && written.chars().zip(chars).all(|(c, char)| char.c == c && plain(char))
    };
    [("---", '—'), ("--", '–'), ("...", '…')].iter().find(|(written, _)| is(written)).map(|(w, s)| (*s, w.len()))
}

/// One character with the space that stands before or after it, or instead of it.
fn spaced(chars: &[Char], index: usize, spaces: Spaces, piece: &mut String) {
    let (c, prev, next) = (chars[index].c, at(chars, index.checked_sub(1)), at(chars, Some(index + 1)));
    if is_blank(c) {
        let inside = (prev == '«' && next != END).then_some(spaces.quotes);
        return piece.push(inside.or_else(|| wanted(chars, index + 1, spaces)).filter(|_| c != END).unwrap_or(c));
    }
    if follows_closely(prev, c) {
        piece.extend(wanted(chars, index, spaces));
    }
    piece.push(c);
    if c == '«' && !is_blank(next) && !is_no_break(next) {
        piece.push(spaces.quotes);
    }
}

/// Whether a mark stands so close to a word that its space is missing.
fn follows_closely(prev: char, c: char) -> bool {
    match c {
        '»' => !is_blank(prev) && !is_no_break(prev) && prev != '«',
        _ => prev.is_alphanumeric() || prev == OBJECT || ")]»”’\"".contains(prev),
    }
}

/// The space before the mark at an index, if it is a mark of prose: not of a time, a smiley, an operator.
fn wanted(chars: &[Char], index: usize, spaces: Spaces) -> Option<char> {
    let mark = chars.get(index).filter(|char| char.keep != Keep::All)?;
    let next = at(chars, Some(index + 1));
    match mark.c {
        '»' => Some(spaces.quotes),
        ':' if is_blank(next) || is_no_break(next) => Some(spaces.colon),
        ';' if is_blank(next) || is_no_break(next) => spaces.marks,
        '?' | '!' if is_blank(next) || is_no_break(next) || "?!)]»”’\",.…".contains(next) => spaces.marks,
        _ => None,
    }
}

fn is_no_break(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{202f}')
}
