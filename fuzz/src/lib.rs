//! What must hold whatever is read: the invariants that the fuzz targets share.

use std::fmt::Write as _;

use rustix::time::{ClockId, clock_gettime};

/// Longest text that has to be read within the budget.
pub const MAX_BYTES: usize = 64_000;
/// CPU time: 250 ms is promised, and the instrumented build with its overflow checks takes up to four times as long.
const BUDGET_MS: i64 = 1_000;
/// Most bytes of HTML that one text may become.
const MAX_HTML: usize = 4 << 20;

/// Lets a panic of libyaml-safer pass: the front matter room catches it and reports the file. Any other ends the run.
pub fn pass_caught_panics() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|location| location.file().contains("libyaml-safer")) {
            abort(panic);
        }
    }));
}

/// The text of an input. A last byte of 1 asks for the text before it to be repeated up to the limit: runs of one mark
/// are what parsers are slow for, and mutation alone does not find them.
pub fn text(data: &[u8]) -> Option<String> {
    let (data, repeated) = data.strip_suffix(&[1]).map_or((data, false), |piece| (piece, true));
    let text = std::str::from_utf8(data).ok().filter(|text| text.len() <= MAX_BYTES)?;
    Some(if repeated { text.repeat(MAX_BYTES / text.len().max(1)) } else { text.to_owned() })
}

/// Does something and holds its CPU time against the budget; others may be at work on the machine.
///
/// # Panics
/// Where it takes longer.
pub fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    };
    let started = now();
    let result = work();
    let took = now() - started;
    assert!(took < BUDGET_MS, "{what} took {took} ms");
    result
}

/// Holds HTML against what readers and mail clients may be given.
///
/// # Panics
/// Where it holds a script, a handler, a script address, is too long or (for kramdown) shows an attribute list.
pub fn assert_clean(html: &str, kramdown: bool) {
    assert!(html.len() <= MAX_HTML, "{} bytes of HTML", html.len());
    let mut code = 0_usize;
    let mut words = String::new();
    for piece in pieces(html) {
        let Piece::Tag { name, attributes } = piece else {
            if let (0, Piece::Text(text)) = (code, piece) {
                let _ = write!(words, "{text}");
            }
            continue;
        };
        match name.as_str() {
            "code" | "pre" => code += 1,
            "/code" | "/pre" => code = code.saturating_sub(1),
            "script" | "style" | "iframe" | "object" | "embed" | "form" | "svg" | "math" => {
                panic!("<{name}> in {html}")
            }
            // what stands in two cells or blocks is not read in one go
            "td" | "th" | "p" | "li" | "br" | "dt" | "dd" | "div" | "blockquote" => words.push(' '),
            _ => {}
        }
        for (key, value) in attributes {
            assert!(!key.starts_with("on"), "{key} in {html}");
            let address: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
            let is_address = matches!(key.as_str(), "href" | "src" | "cite" | "action" | "formaction" | "data");
            let scripts = ["javascript:", "vbscript:", "data:"];
            let lower = address.to_ascii_lowercase();
            assert!(!is_address || !scripts.iter().any(|scheme| lower.starts_with(scheme)), "{value} in {html}");
        }
    }
    if kramdown {
        assert!(!shows_list(&words), "an attribute list in {html}");
    }
}

/// `{: … }` on one line.
fn shows_list(words: &str) -> bool {
    words.match_indices("{:").any(|(at, _)| {
        let inside = words[at + 2..].lines().next().unwrap_or_default();
        inside.find('}').is_some_and(|end| end > 0)
    })
}

enum Piece<'a> {
    Text(&'a str),
    Tag { name: String, attributes: Vec<(String, String)> },
}

/// A reader of HTML that is already well written: tags, their quoted attributes, the text between.
fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        found.push(Piece::Text(&rest[..at]));
        rest = &rest[at + 1..];
        let name_end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        rest = &rest[name_end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let Some((key, after)) = rest.split_once("=\"") else { panic!("an open tag in {html}") };
            let Some((value, after)) = after.split_once('"') else { panic!("an open value in {html}") };
            attributes.push((key.to_ascii_lowercase(), value.to_owned()));
            rest = after;
        }
        found.push(Piece::Tag { name, attributes });
    }
    found.push(Piece::Text(rest));
    found
}
