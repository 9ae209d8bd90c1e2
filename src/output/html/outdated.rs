//! What HTML no longer knows, said as it is today: authors wrote it, people should still see what it meant.
//!
//! `<center>` and `align` become classes of the style sheet, so that a page stays valid and needs no style of its own.

use crate::model::markup::{Piece, name, pieces};

/// Elements of the past, what stands for each, and the class that keeps their look.
const ELEMENTS: [(&str, &str, Option<&str>); 6] = [
    ("center", "div", Some("align-center")),
    ("strike", "s", None),
    ("tt", "code", None),
    ("big", "span", Some("big")),
    ("acronym", "abbr", None),
    ("main", "section", None),
];
/// Attributes that say nothing any more.
const GONE: [&str; 7] = ["char", "charoff", "axis", "summary", "size", "valign", "hspace"];

pub(super) fn renewed(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Tag(tag) => out.push_str(&renewed_tag(tag)),
        }
    }
    out
}

fn renewed_tag(tag: &str) -> String {
    let old = name(tag);
    let (new, class) =
        ELEMENTS.iter().find(|(from, ..)| *from == old).map_or((old, None), |(_, to, class)| (*to, *class));
    if tag.starts_with("</") {
        return if new == old { tag.to_owned() } else { format!("</{new}>") };
    }
    let given = attributes(tag);
    if new == old && !given.iter().any(|(key, value)| is_outdated(new, key, value)) {
        return tag.to_owned();
    }
    let mut kept = Attributes::default();
    if let Some(class) = class {
        kept.add("class", class, " ");
    }
    for (key, value) in given {
        kept.take(new, key, value);
    }
    format!("<{new}{}>", kept.written())
}

fn is_outdated(element: &str, key: &str, value: &str) -> bool {
    match key {
        "align" => true,
        "name" => element == "a",
        // ARIA lets these no longer stand where kramdown writes them
        "role" => matches!(value, "doc-endnote" | "doc-noteref" | "doc-biblioentry"),
        "width" | "height" => element != "img" || !is_number(value),
        key => GONE.contains(&key),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A tag's attributes as sanitising wrote them: each value in double quotes.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag.find(' ').map_or("", |at| &tag[at..]);
    while let Some((before, after)) = rest.split_once("=\"") {
        let Some((value, next)) = after.split_once('"') else { break };
        found.extend(before.split_whitespace().next_back().map(|key| (key, value)));
        rest = next;
    }
    found
}

#[derive(Default)]
struct Attributes<'a>(Vec<(&'a str, String)>);

impl<'a> Attributes<'a> {
    fn take(&mut self, element: &str, key: &'a str, value: &str) {
        match key {
            "align" => self.add("class", &format!("align-{value}"), " "),
            "role" if is_outdated(element, key, value) => {}
            "name" if element == "a" => self.add_once("id", value),
            "id" => self.add_once("id", value),
            "class" => self.add("class", value, " "),
            "style" => self.add("style", value.trim_end_matches(';'), ";"),
            "width" | "height" => self.size(element, key, value.trim()),
            key if GONE.contains(&key) => {}
            key => self.0.push((key, value.to_owned())),
        }
    }

    /// Numbers are a picture's own; everything else is a matter of style. A height without a picture would only cut.
    fn size(&mut self, element: &str, key: &'a str, value: &str) {
        let number = value.trim_end_matches("px");
        match (element, key) {
            ("img", key) if is_number(number) => self.0.push((key, number.to_owned())),
            (_, "width") if is_number(number) => self.add("style", &format!("width:{number}px"), ";"),
            (_, "width") if value.strip_suffix('%').is_some_and(is_number) => {
                self.add("style", &format!("width:{value}"), ";");
            }
            _ => {}
        }
    }

    fn add(&mut self, key: &'a str, value: &str, between: &str) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = format!("{known}{between}{value}"),
            None => self.0.push((key, value.to_owned())),
        }
    }

    fn add_once(&mut self, key: &'a str, value: &str) {
        if !self.0.iter().any(|(known, _)| *known == key) {
            self.0.push((key, value.to_owned()));
        }
    }

    fn written(&self) -> String {
        self.0.iter().fold(String::new(), |written, (key, value)| format!("{written} {key}=\"{value}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_no_longer_knows_is_said_as_it_is_today() {
        for (given, today) in [
            ("<center class=\"x\">a</center>", "<div class=\"align-center x\">a</div>"),
            ("<div align=\"center\"><p>a</p></div>", "<div class=\"align-center\"><p>a</p></div>"),
            ("<p class=\"x\" align=\"right\">a</p>", "<p class=\"x align-right\">a</p>"),
            ("<tt>a</tt> <strike>b</strike> <big>c</big>", "<code>a</code> <s>b</s> <span class=\"big\">c</span>"),
            ("<a name=\"b\">a</a><a id=\"c\" name=\"d\">e</a>", "<a id=\"b\">a</a><a id=\"c\">e</a>"),
            ("<td width=\"30%\" colspan=\"2\">a</td>", "<td style=\"width:30%\" colspan=\"2\">a</td>"),
            ("<img src=\"a\" width=\"300px\" height=\"auto\">", "<img src=\"a\" width=\"300\">"),
            ("<img src=\"a\" width=\"50%\" style=\"float:left;\">", "<img src=\"a\" style=\"width:50%;float:left\">"),
            ("<table summary=\"x\" width=\"600\"><tr></tr></table>", "<table style=\"width:600px\"><tr></tr></table>"),
            ("<img src=\"a\" width=\"300\" title=\"name=1\">", "<img src=\"a\" width=\"300\" title=\"name=1\">"),
            ("<input type=\"checkbox\" disabled=\"\">", "<input type=\"checkbox\" disabled=\"\">"),
            ("<li id=\"fn:1\" role=\"doc-endnote\">a</li>", "<li id=\"fn:1\">a</li>"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(renewed(given), today);
        }
    }
}
