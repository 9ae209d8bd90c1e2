//! Values and parameters: nothing an author writes can end a line or begin a property.

use crate::model::text::{one_line, without_controls};

/// TEXT (RFC 5545 §3.3.11): a line end becomes `\n`, and `,` `;` `\` are escaped.
pub(super) fn text(value: &str) -> String {
    ics::escape_text(without_controls(value)).into_owned()
}

/// TEXT on one line.
pub(super) fn line(value: &str) -> String {
    text(&one_line(&without_controls(value)))
}

/// A list of TEXT (§3.8.1.2): each escaped by itself, so that a comma inside one does not make it two.
pub(super) fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(line).filter(|value| !value.is_empty()).collect::<Vec<_>>().join(",")
}

/// A parameter (§3.2), always in double quotes; those it has itself cannot be escaped and become single.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", one_line(&without_controls(value)).replace('"', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_of_any_sort_cannot_begin_a_property() {
        for end in ["\n", "\r\n", "\u{2028}", "\u{2029}"] {
            assert_eq!(text(&format!("a{end}ATTENDEE:b")), "a\\nATTENDEE:b", "{end:?}");
        }
        assert_eq!(text("a\rATTENDEE:b"), "aATTENDEE:b");
        assert_eq!(quoted("a\"\r\nb"), "\"a' b\"");
    }

    #[test]
    fn each_of_a_list_is_escaped_by_itself() {
        assert_eq!(list(["a, b; c", "d\\e", " "].into_iter()), "a\\, b\\; c,d\\\\e");
    }
}
