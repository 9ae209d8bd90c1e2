//! What is no prose, though it stands in it: addresses, emoji codes, character references.

use super::{Char, Keep, is_blank};

pub(super) fn mark(chars: &mut [Char]) {
    let mut start = 0;
    while start < chars.len() {
        let end = chars[start..].iter().position(|char| is_blank(char.c)).map_or(chars.len(), |len| start + len);
        word(&mut chars[start..end]);
        start = end + 1;
    }
}

fn word(word: &mut [Char]) {
    if let Some(start) = address(word) {
        let end = address_end(word, start);
        keep(word, start, end);
    } else {
        between(word, ':', ':');
        between(word, '&', ';');
    }
}

/// Where an address begins: at the letters before `://`, or at `www.` or `mailto:`.
fn address(word: &[Char]) -> Option<usize> {
    let scheme = word.windows(3).position(|three| three.iter().map(|char| char.c).eq("://".chars()));
    if let Some(colon) = scheme {
        let before = word[..colon].iter().rposition(|char| !char.c.is_ascii_alphanumeric());
        return Some(before.map_or(0, |before| before + 1));
    }
    let first = word.iter().position(|char| char.c.is_alphanumeric())?;
    let begins = |prefix: &str| prefix.chars().enumerate().all(|(i, c)| word.get(first + i).is_some_and(|w| w.c == c));
    (begins("www.") || begins("mailto:")).then_some(first)
}

/// Where it ends: before the marks of the sentence it stands in. A quote that has another in the address is its own.
fn address_end(word: &[Char], start: usize) -> usize {
    let quotes = |quote: char| word[start..].iter().filter(|char| char.c == quote).count();
    let (singles, doubles) = (quotes('\''), quotes('"'));
    let is_of_the_sentence = |c: char| match c {
        '\'' => singles == 1,
        '"' => doubles == 1,
        c => ".,;:!?)]»”’".contains(c),
    };
    word.iter().rposition(|char| !is_of_the_sentence(char.c)).map_or(0, |last| last + 1)
}

/// `:smile:`, `&nbsp;`.
fn between(word: &mut [Char], open: char, close: char) {
    let mut opened = None;
    for index in 0..word.len() {
        let c = word[index].c;
        match opened {
            Some(start) if c == close && index > start + 1 => {
                keep(word, start, index + 1);
                opened = None;
            }
            _ if c == open => opened = Some(index),
            _ if !(c.is_ascii_alphanumeric() || "_+-#".contains(c)) => opened = None,
            _ => {}
        }
    }
}

fn keep(word: &mut [Char], start: usize, end: usize) {
    word.iter_mut().take(end).skip(start).for_each(|char| char.keep = Keep::All);
}
