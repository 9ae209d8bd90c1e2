//! Pages as a browser's tokenizer reads them: html5ever, which our templates and their engine know nothing of.

use std::cell::RefCell;

use html5ever::tendril::{ByteTendril, ReadExt as _};
use html5ever::tokenizer::states::{RawKind, Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::{Fault, utf_8};

/// Elements without an end.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements whose end may be left out.
const MAY_STAY_OPEN: &[&str] = &[
    "html", "head", "body", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "caption",
    "option", "optgroup", "rt", "rp",
];

/// Checks a page: no fault that a tokenizer sees, each element ended where it should be, a language, one title, one `h1`.
/// Says on which line a mark of a template was left over, if any: whether that is meant, only the content knows.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_page(document: &[u8]) -> Result<Option<usize>, Fault> {
    let text = utf_8(document)?;
    let mut bytes = ByteTendril::new();
    // reading from memory into memory
    let _ = text.as_bytes().read_to_tendril(&mut bytes);
    let input = BufferQueue::default();
    input.push_back(bytes.try_reinterpret().map_err(|_| Fault::new(1, "the page is not UTF-8"))?);
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

#[derive(Default)]
struct Sink(RefCell<Walk>);

#[derive(Default)]
struct Walk {
    fault: Option<Fault>,
    open: Vec<(String, usize)>,
    /// The language of the root element.
    lang: bool,
    titles: usize,
    headings: usize,
    mark: Option<usize>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let mut walk = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => return walk.tag(&tag, line),
            Token::CharacterTokens(text) => walk.text(&text, line),
            Token::ParseError(what) => walk.fail(line, what.into_owned()),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Walk {
    fn fail(&mut self, line: usize, what: String) {
        self.fault.get_or_insert_with(|| Fault::new(line, what));
    }

    fn text(&mut self, text: &str, line: usize) {
        let is_code = self.open.last().is_some_and(|(name, _)| matches!(name.as_str(), "script" | "style"));
        if !is_code && (text.contains("{{") || text.contains("{%")) {
            self.mark.get_or_insert(line);
        }
    }

    fn tag(&mut self, tag: &Tag, line: usize) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match tag.kind {
            TagKind::EndTag => self.end(name, line),
            TagKind::StartTag => {
                for attribute in &tag.attrs {
                    self.text(&attribute.value, line);
                    self.lang |= name == "html" && &*attribute.name.local == "lang" && !attribute.value.is_empty();
                }
                if name == "h1" {
                    self.headings += 1;
                }
                if name == "title" && !self.open.iter().any(|(name, _)| name == "svg") {
                    self.titles += 1;
                }
                if !tag.self_closing && !VOID.contains(&name) {
                    self.open.push((name.to_owned(), line));
                }
            }
        }
        match (tag.kind, raw(name)) {
            (TagKind::StartTag, Some(kind)) => TokenSinkResult::RawData(kind),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str, line: usize) {
        while let Some((open, since)) = self.open.pop() {
            if open == name {
                return;
            }
            if !MAY_STAY_OPEN.contains(&open.as_str()) {
                return self.fail(line, format!("`</{name}>` ends while `{open}` of line {since} is open"));
            }
        }
        self.fail(line, format!("`</{name}>` ends nothing that is open"));
    }

    fn finish(mut self) -> Result<Option<usize>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        while let Some((name, line)) = self.open.pop() {
            if !MAY_STAY_OPEN.contains(&name.as_str()) {
                return Err(Fault::new(line, format!("`{name}` is never ended")));
            }
        }
        match (self.lang, self.titles, self.headings) {
            (false, ..) => Err(Fault::new(1, "the page does not say its language")),
            (_, 1, 1) => Ok(self.mark),
            (_, 1, headings) => Err(Fault::new(1, format!("the page has {headings} `h1`, not one"))),
            (_, titles, _) => Err(Fault::new(1, format!("the page has {titles} titles, not one"))),
        }
    }
}

/// Elements in which `<` is text.
fn raw(name: &str) -> Option<RawKind> {
    match name {
        "title" | "textarea" => Some(Rcdata),
        "style" | "iframe" | "noframes" | "xmp" => Some(Rawtext),
        "script" => Some(ScriptData),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "<!doctype html>\n<html lang=\"fr\">\n<head><title>a < b</title><meta charset=\"utf-8\">\n\
        <style>a{{}}</style></head>\n<body><h1>A</h1><ul><li>b<li>c</ul><p>d<br>&eacute;\n</body>\n</html>\n";

    #[test]
    fn a_good_page_passes_and_what_is_left_of_a_template_is_told() {
        assert_eq!(check_page(GOOD.as_bytes()), Ok(None));
        assert_eq!(check_page(GOOD.replace("<p>d", "<p>{{ d }}").as_bytes()), Ok(Some(5)));
        assert_eq!(check_page(GOOD.replace("<p>d", "<p title=\"{% d %}\">").as_bytes()), Ok(Some(5)));
    }

    #[test]
    fn each_fault_is_named_with_its_line() {
        for (from, to, expected) in [
            (" lang=\"fr\"", "", "line 1: the page does not say its language"),
            ("<h1>A</h1>", "", "line 1: the page has 0 `h1`, not one"),
            ("<h1>A</h1>", "<h1>A</h1><h1>B</h1>", "line 1: the page has 2 `h1`, not one"),
            ("<title>a < b</title>", "", "line 1: the page has 0 titles, not one"),
            ("</h1>", "", "line 6: `</body>` ends while `h1` of line 5 is open"),
            ("<h1>", "<div><h1>", "line 6: `</body>` ends while `div` of line 5 is open"),
            ("<p>d", "</div>", "line 5: `</div>` ends nothing that is open"),
        ] {
            let fault = check_page(GOOD.replacen(from, to, 1).as_bytes()).expect_err("a faulty page");
            assert_eq!(fault.to_string(), expected, "{from:?} → {to:?}");
        }
        assert!(check_page(GOOD.replace("<p>d", "<p a=1 a=2>").as_bytes()).is_err());
        assert!(check_page(b"\xff").is_err());
        assert!(check_page(b"").is_err());
    }
}
