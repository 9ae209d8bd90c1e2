//! What a mail should not go out with: looked at before it is frozen, in the variant as it was rendered. What an author's text
//! may bring is told; what only a template can bring forbids the mail, as does a missing way to unsubscribe (`email`).

mod contrast;

use std::cell::RefCell;

use html5ever::tendril::{ByteTendril, ReadExt as _};
use html5ever::tokenizer::states::{Rawtext, Rcdata};
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

use self::contrast::Colors;
use crate::model::issue::Variant;

/// Gmail clips what is longer, and the way to unsubscribe with it.
pub const MAX_HTML_BYTES: usize = 100_000;
/// RFC 5322 §2.1.1.
const SUBJECT_CHARS: usize = 78;
/// What is said of one sort of fault at most: a list of a hundred links is read by nobody.
const MOST: usize = 5;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Nothing may go out with it.
    pub forbids: bool,
    pub what: String,
}

/// Looks through a variant. Nothing found is no proof of beauty.
pub fn look_through(variant: &Variant) -> Vec<Finding> {
    let mut mail = Mail::default();
    mail.subject(&variant.subject);
    if variant.html.len() > MAX_HTML_BYTES {
        mail.forbids(format!("{} bytes of HTML: Gmail clips it at 102 kB", variant.html.len()));
    }
    let mut bytes = ByteTendril::new();
    // reading from memory into memory
    let _ = variant.html.as_bytes().read_to_tendril(&mut bytes);
    let input = BufferQueue::default();
    if let Ok(text) = bytes.try_reinterpret() {
        input.push_back(text);
    }
    let sink = Sink(RefCell::new(Mail { own_link: variant.unsubscribe_mark.clone(), ..mail }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<Mail>);

/// What was seen of a mail so far.
#[derive(Default)]
struct Mail {
    own_link: String,
    findings: Vec<Finding>,
    /// Elements that are open, with the colours in them.
    open: Vec<(String, Colors)>,
    has_lang: bool,
    heading: u8,
    /// The heading that was ended last, and whether anything came after it.
    last_heading: Option<(u8, String)>,
    heading_text: Option<String>,
    silent_pictures: usize,
    insecure: Vec<String>,
    relative: Vec<String>,
    faint: Vec<String>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut mail = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => return mail.tag(&tag),
            Token::CharacterTokens(text) => mail.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Mail {
    fn forbids(&mut self, what: String) {
        self.findings.push(Finding { forbids: true, what });
    }

    fn warns(&mut self, what: String) {
        self.findings.push(Finding { forbids: false, what });
    }

    fn subject(&mut self, subject: &str) {
        let length = subject.chars().count();
        if subject.trim().is_empty() {
            self.forbids("the subject is empty".to_owned());
        } else if length > SUBJECT_CHARS {
            self.warns(format!("the subject has {length} characters; most programs show 50 to 70"));
        }
        let letters = || subject.chars().filter(|c| c.is_alphabetic());
        if letters().count() > 8 && letters().all(char::is_uppercase) {
            self.warns("the subject is all capitals, as that of spam".to_owned());
        }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match tag.kind {
            TagKind::StartTag => self.begin(name, tag),
            TagKind::EndTag => self.end(name),
        }
        match (tag.kind, name) {
            (TagKind::StartTag, "style" | "script") => TokenSinkResult::RawData(Rawtext),
            (TagKind::StartTag, "title") => TokenSinkResult::RawData(Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn begin(&mut self, name: &str, tag: &Tag) {
        let value = |wanted: &str| {
            tag.attrs.iter().find(|attribute| &*attribute.name.local == wanted).map(|attribute| &*attribute.value)
        };
        match name {
            "html" => self.has_lang |= value("lang").is_some_and(|lang| !lang.is_empty()),
            "img" => self.picture(value("alt")),
            "a" => self.link(value("href").unwrap_or_default()),
            "script" | "form" | "iframe" | "video" | "audio" => {
                self.forbids(format!("`<{name}>` does nothing in a mail, and is taken for an attack"));
            }
            _ => {}
        }
        if let Some(level) = level(name) {
            self.heading_begins(level);
        }
        let colors = self.open.last().map_or(Colors::default(), |(_, colors)| *colors);
        if !matches!(name, "img" | "br" | "hr" | "meta" | "link") && !tag.self_closing {
            self.open.push((name.to_owned(), colors.within(name, value("style").unwrap_or_default())));
        }
    }

    fn end(&mut self, name: &str) {
        if let (Some(level), Some(text)) = (level(name), self.heading_text.take()) {
            self.last_heading = Some((level, text));
        }
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            self.open.truncate(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.open.iter().any(|(name, _)| matches!(name.as_str(), "style" | "title" | "script"))
            || text.trim().is_empty()
        {
            return;
        }
        match &mut self.heading_text {
            Some(heading) => heading.push_str(text.trim()),
            None => self.last_heading = None,
        }
        let Some((_, colors)) = self.open.last() else { return };
        if let Some(ratio) = colors.too_faint() {
            let words: String = text.trim().chars().take(30).collect();
            self.faint.push(format!("“{words}” at {ratio:.1}:1"));
        }
    }

    fn picture(&mut self, alt: Option<&str>) {
        // one that is all there is says what a heading is about
        self.last_heading = None;
        match alt {
            None => self.warns("a picture has no `alt`: its address would be read out".to_owned()),
            Some(alt) if alt.trim().is_empty() => self.silent_pictures += 1,
            Some(_) => {}
        }
    }

    fn link(&mut self, href: &str) {
        if href == self.own_link {
            return;
        }
        match Url::parse(href).as_ref().map(Url::scheme) {
            Ok("https" | "mailto" | "tel" | "webcal") => {}
            Ok("http") => self.insecure.push(href.to_owned()),
            // the marks of other personal links are no addresses yet
            _ if href.starts_with("crieur") && !href.contains(['/', '.', ':']) => {}
            _ => self.relative.push(href.to_owned()),
        }
    }

    fn heading_begins(&mut self, level: u8) {
        if level > self.heading + 1 {
            self.warns(format!("a heading of level {level} follows one of level {}", self.heading));
        }
        if let Some((last, text)) = self.last_heading.take().filter(|(last, _)| *last > 1 && *last >= level) {
            self.warns(format!("nothing stands under the heading “{text}” of level {last}"));
        }
        self.heading = level;
        self.heading_text = Some(String::new());
    }

    fn finish(mut self) -> Vec<Finding> {
        if !self.has_lang {
            self.forbids("the mail does not say its language".to_owned());
        }
        if let Some((_, text)) = self.last_heading.take() {
            self.warns(format!("nothing stands under the heading “{text}”"));
        }
        if self.silent_pictures > 0 {
            let pictures = if self.silent_pictures == 1 { "picture has" } else { "pictures have" };
            self.warns(format!("{} {pictures} no alternative text", self.silent_pictures));
        }
        let lists = [
            ("links that lead nowhere from a mail", std::mem::take(&mut self.relative)),
            ("links without TLS", std::mem::take(&mut self.insecure)),
            ("letters too faint to read (WCAG 2.2, 1.4.3)", std::mem::take(&mut self.faint)),
        ];
        for (what, all) in lists.into_iter().filter(|(_, all)| !all.is_empty()) {
            let some = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
            let more = if all.len() > MOST { format!(" and {} more", all.len() - MOST) } else { String::new() };
            self.warns(format!("{what}: {some}{more}"));
        }
        self.findings
    }
}

fn level(name: &str) -> Option<u8> {
    name.strip_prefix('h')?.parse().ok().filter(|level| (1..=6).contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<(bool, String)> {
        let variant = Variant {
            key: "fr".to_owned(),
            lang: "fr".to_owned(),
            subject: "Trois annonces".to_owned(),
            html: format!("<html lang=\"fr\"><body><h1>Lettre</h1>{body}<a href=\"crieurX\">Partir</a></body></html>"),
            text: "crieurX".to_owned(),
            unsubscribe_mark: "crieurX".to_owned(),
            preferences_mark: "crieurY".to_owned(),
            calendar: None,
        };
        look_through(&variant).into_iter().map(|finding| (finding.forbids, finding.what)).collect()
    }

    #[test]
    fn what_is_wrong_with_a_mail_is_named() {
        for (body, forbids, words) in [
            ("<img src=\"x\">", false, "no `alt`"),
            ("<img src=\"x\" alt=\"\">", false, "1 picture has no alternative"),
            ("<a href=\"/relative\">x</a>", false, "lead nowhere from a mail: /relative"),
            ("<a href=\"http://example.org/\">x</a>", false, "without TLS: http://example.org/"),
            ("<h2>Annonces</h2><p>…</p><h4>Trop bas</h4><p>…</p>", false, "level 4 follows one of level 2"),
            ("<h2>Vide</h2><h2>Pleine</h2><p>…</p>", false, "nothing stands under the heading “Vide” of level 2"),
            ("<p style=\"color: #bbbbbb\">pâle</p>", false, "“pâle” at 1.9:1"),
            ("<div style=\"background-color: #000\"><p>noir</p></div>", false, "“noir” at 1.0:1"),
            ("<form></form>", true, "`<form>`"),
        ] {
            let all = found(body);
            assert!(all.len() == 1 && all[0].0 == forbids && all[0].1.contains(words), "{body}: {all:?}");
        }
        let fine = "<h2>Annonces</h2><h3><a href=\"https://e.org/\">Une</a></h3><img src=\"x\" alt=\"Une salle\">\
            <p style=\"color:#444\">Texte</p><h3>Deux</h3><p>…</p><a href=\"crieurY\">x</a>";
        assert_eq!(found(fine), []);
    }

    #[test]
    fn what_only_a_template_can_do_forbids_the_mail() {
        let variant = Variant {
            key: "fr".to_owned(),
            lang: "fr".to_owned(),
            subject: String::new(),
            html: "<p>…</p>".to_owned(),
            text: "…".to_owned(),
            unsubscribe_mark: "crieurX".to_owned(),
            preferences_mark: String::new(),
            calendar: None,
        };
        let forbidden = look_through(&variant).into_iter().filter(|finding| finding.forbids);
        assert_eq!(forbidden.count(), 2, "subject and language");
    }
}
