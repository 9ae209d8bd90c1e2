//! Folding of content lines (RFC 5545 §3.1): at most 75 octets without the line end, never inside a character, nor inside
//! what people see as one (a family of emoji, a letter and its accent): some editors and terminals show the lines as they are.

use unicode_segmentation::GraphemeCursor;

const LIMIT: usize = 75;

/// Folds again what the ics crate has written: its continuation lines reach 76 octets, as it does not count their blank.
/// No value holds a line end of its own, so a line end before a blank is always a fold.
pub(super) fn refold(written: &str) -> String {
    let mut folded = String::with_capacity(written.len() + written.len() / LIMIT);
    for line in written.replace("\r\n ", "").split_terminator("\r\n") {
        fold(line, &mut folded);
    }
    folded
}

fn fold(line: &str, folded: &mut String) {
    let (mut begin, mut room) = (0, LIMIT);
    while line.len() - begin > room {
        let cut = cut(line, begin, begin + room);
        folded.push_str(&line[begin..cut]);
        folded.push_str("\r\n ");
        (begin, room) = (cut, LIMIT - 1);
    }
    folded.push_str(&line[begin..]);
    folded.push_str("\r\n");
}

/// The last place up to `end` where the line may be cut; inside a cluster only where that is longer than a line.
fn cut(line: &str, begin: usize, end: usize) -> usize {
    let end = line.floor_char_boundary(end);
    let mut cursor = GraphemeCursor::new(end, line.len(), true);
    let between = match cursor.is_boundary(line, 0) {
        Ok(true) => end,
        _ => cursor.prev_boundary(line, 0).ok().flatten().unwrap_or(end),
    };
    if between > begin { between } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(line: &str) -> String {
        let mut folded = String::new();
        fold(line, &mut folded);
        folded
    }

    #[test]
    fn lines_of_wide_characters_stay_whole_and_short() {
        for character in ["a", "é", "老", "🎉", "e\u{301}", "👩\u{200d}👩\u{200d}👧", "🇫🇷", "👍🏽"]
        {
            for shift in 0..4 {
                let line = format!("SUMMARY:{}{}", "x".repeat(shift), character.repeat(120));
                let folded = folded(&line);
                assert!(folded.split("\r\n").all(|line| line.len() <= LIMIT), "{folded}");
                assert_eq!(folded.replace("\r\n ", "").trim_end(), line);
                for piece in folded.trim_end().split("\r\n ").skip(1) {
                    assert!(piece.starts_with(character), "{character} is torn apart: {piece}");
                }
            }
        }
    }

    #[test]
    fn what_is_one_character_to_people_but_longer_than_a_line_is_folded_all_the_same() {
        let line = format!("SUMMARY:e{}", "\u{301}".repeat(500));
        let folded = folded(&line);
        assert!(folded.split("\r\n").all(|line| line.len() <= LIMIT), "{folded}");
        assert_eq!(folded.replace("\r\n ", "").trim_end(), line);
    }

    #[test]
    fn what_the_crate_folded_at_76_octets_is_folded_at_75() {
        let property = ics::components::Property::new("SUMMARY", "x".repeat(300)).to_string();
        assert!(property.split("\r\n").any(|line| line.len() == 76), "the crate counts right now: drop this file");
        assert!(refold(&property).split("\r\n").all(|line| line.len() <= LIMIT));
    }

    #[test]
    fn a_line_of_exactly_75_octets_is_not_folded() {
        assert_eq!(folded(&"x".repeat(75)), format!("{}\r\n", "x".repeat(75)));
    }
}
