//! Folding of content lines (RFC 5545 §3.1): at most 75 octets without the line end, never inside a character.

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
    let (mut rest, mut room) = (line, LIMIT);
    while rest.len() > room {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(room));
        folded.push_str(piece);
        folded.push_str("\r\n ");
        (rest, room) = (more, LIMIT - 1);
    }
    folded.push_str(rest);
    folded.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_wide_characters_stay_whole_and_short() {
        for character in ["a", "é", "老", "🎉"] {
            for shift in 0..4 {
                let line = format!("SUMMARY:{}{}", "x".repeat(shift), character.repeat(120));
                let mut folded = String::new();
                fold(&line, &mut folded);
                assert!(folded.split("\r\n").all(|line| line.len() <= LIMIT), "{folded}");
                assert_eq!(folded.replace("\r\n ", "").trim_end(), line);
            }
        }
    }

    #[test]
    fn what_the_crate_folded_at_76_octets_is_folded_at_75() {
        let property = ics::components::Property::new("SUMMARY", "x".repeat(300)).to_string();
        assert!(property.split("\r\n").any(|line| line.len() == 76), "the crate counts right now: drop this file");
        assert!(refold(&property).split("\r\n").all(|line| line.len() <= LIMIT));
    }

    #[test]
    fn a_line_of_exactly_75_octets_is_not_folded() {
        let mut folded = String::new();
        fold(&"x".repeat(75), &mut folded);
        assert_eq!(folded, format!("{}\r\n", "x".repeat(75)));
    }
}
