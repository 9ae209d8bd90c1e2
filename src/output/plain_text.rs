//! Plain text as mail readers like it: lines of at most 72 columns, hanging indents, addresses whole.

/// RFC 5322 §2.1.1 asks for 78; 72 leaves room for being quoted.
const COLUMNS: usize = 72;

/// Wraps every line that is too long, under the indent and list or quote mark it begins with. Words longer than a line (addresses)
/// stay whole, no-break spaces stay. Blank lines in a row become one, those around the text go.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / COLUMNS);
    let mut blank_before = true;
    for line in text.lines() {
        let line = line.trim_end_matches([' ', '\t']);
        if !(line.is_empty() && blank_before) {
            wrap_line(line, &mut out);
        }
        blank_before = line.is_empty();
    }
    out.truncate(out.trim_end_matches('\n').len());
    out.push('\n');
    out
}

fn wrap_line(line: &str, out: &mut String) {
    let (first, next) = prefixes(line);
    let mut column = 0;
    for word in line[first.len()..].split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if column == 0 {
            out.push_str(first);
            column = first.chars().count();
        } else if column + 1 + width > COLUMNS {
            out.push('\n');
            out.push_str(&next);
            column = next.chars().count();
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    if column == 0 {
        out.push_str(first.trim_end());
    }
    out.push('\n');
}

/// What a line begins with, and what its continuations do: quote marks are repeated, list marks become blanks.
fn prefixes(line: &str) -> (&str, String) {
    let quoted = line.len() - line.trim_start_matches([' ', '>']).len();
    let rest = &line[quoted..];
    let mark = ["* ", "- ", "• ", "– "].iter().find(|mark| rest.starts_with(**mark)).map_or(0, |mark| mark.len());
    let (first, mark) = (&line[..quoted + mark], &rest[..mark]);
    (first, format!("{}{}", &line[..quoted], " ".repeat(mark.chars().count())))
}

/// A heading with a rule below it of the same length.
pub(super) fn underlined(text: &str) -> String {
    format!("{text}\n{}", "=".repeat(text.chars().count().min(COLUMNS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped_under_their_indent() {
        let words = "mot ".repeat(30);
        for (mark, hanging) in [("", ""), ("  ", "  "), ("* ", "  "), ("  - ", "    "), ("> ", "> ")] {
            let text = wrapped(&format!("{mark}{words}"));
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 2, "{text}");
            assert!(lines[0].starts_with(&format!("{mark}mot")), "{text}");
            assert!(lines[1].starts_with(&format!("{hanging}mot")), "{text}");
            assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{text}");
        }
    }

    #[test]
    fn addresses_and_no_break_spaces_stay_whole() {
        let address = format!("https://a.example/{}", "x".repeat(100));
        assert_eq!(wrapped(&format!("voir {address}")), format!("voir\n{address}\n"));
        let text = format!("{} défi\u{a0}!", "x".repeat(67));
        assert_eq!(wrapped(&text), format!("{}\ndéfi\u{a0}!\n", "x".repeat(67)));
    }

    #[test]
    fn blank_lines_do_not_pile_up() {
        assert_eq!(wrapped("\n\na\n \n\n\nb\n\n"), "a\n\nb\n");
        assert_eq!(wrapped(""), "\n");
    }
}
