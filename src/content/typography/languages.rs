//! What each language writes, as CLDR 48 has it (`delimiters`); Spanish and Norwegian as their academies recommend.

const NO_BREAK: char = '\u{a0}';
const NARROW: char = '\u{202f}';

/// Spaces that belong to a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spaces {
    /// Inside of guillemets.
    pub quotes: char,
    pub colon: char,
    /// Before `?`, `!` and `;`.
    pub marks: Option<char>,
}

/// The marks of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    pub outer: [char; 2],
    pub inner: [char; 2],
    pub spaces: Option<Spaces>,
}

/// Language, outer and inner quotes; the others have the English ones.
const QUOTES: &[(&str, &str)] = &[
    ("am", "«»‹›"),
    ("ar", "”“’‘"),
    ("ast", "«»“”"),
    ("be", "«»„“"),
    ("bg", "„“„“"),
    ("br", "«»“”"),
    ("bs", "„”‘’"),
    ("ca", "«»“”"),
    ("cs", "„“‚‘"),
    ("de", "„“‚‘"),
    ("de-ch", "«»‹›"),
    ("de-li", "«»‹›"),
    ("dsb", "„“‚‘"),
    ("el", "«»“”"),
    ("eo", "“”«»"),
    ("es", "«»“”"),
    ("et", "„“‚‘"),
    ("eu", "«»“”"),
    ("fa", "«»‹›"),
    ("fi", "””’’"),
    ("fr", "«»“”"),
    ("fr-ch", "«»‹›"),
    ("fur", "‘’“”"),
    ("gsw", "«»‹›"),
    ("he", "””’’"),
    ("hr", "„“‚‘"),
    ("hsb", "„“‚‘"),
    ("hu", "„”»«"),
    ("hy", "«»«»"),
    ("ia", "‘’“”"),
    ("is", "„“‚‘"),
    ("it", "«»“”"),
    ("ja", "「」『』"),
    ("ka", "„“«»"),
    ("kk", "«»“”"),
    ("ky", "«»„“"),
    ("lb", "„“‚‘"),
    ("lt", "„“„“"),
    ("mg", "«»“”"),
    ("mk", "„“‚‘"),
    ("nb", "«»‘’"),
    ("nds", "„“‚‘"),
    ("nl", "‘’‘’"),
    ("nn", "«»‘’"),
    ("no", "«»‘’"),
    ("oc", "«»“”"),
    ("os", "«»„“"),
    ("pl", "„”«»"),
    ("pt", "“”‘’"),
    ("pt-br", "“”‘’"),
    ("pt-pt", "«»“”"),
    ("rm", "«»‹›"),
    ("ro", "„”«»"),
    ("ru", "«»„“"),
    ("se", "””’’"),
    ("sk", "„“‚‘"),
    ("sl", "„“‚‘"),
    ("sr", "„”’’"),
    ("sv", "””’’"),
    ("uk", "«»„“"),
    ("ur", "”“’‘"),
    ("yue", "「」『』"),
    ("zh-hant", "「」『』"),
    ("zh-hk", "「」『』"),
    ("zh-mo", "「」『』"),
    ("zh-tw", "「」『』"),
];
const ENGLISH: &str = "“”‘’";

impl Habits {
    /// By BCP 47 tag: the whole tag, or what is left of it when its last subtags are taken away (RFC 4647 §3.4).
    pub(super) fn of(lang: &str) -> Self {
        let tag = lang.to_ascii_lowercase().replace('_', "-");
        let known = |tag: &str| QUOTES.iter().find(|(known, _)| *known == tag).map(|(_, quotes)| *quotes);
        let mut shorter = std::iter::successors(Some(tag.as_str()), |tag| tag.rsplit_once('-').map(|(rest, _)| rest));
        let quotes = shorter.find_map(known).unwrap_or(ENGLISH);
        let [a, b, c, d] = std::array::from_fn(|index| quotes.chars().nth(index).unwrap_or('"'));
        Self { outer: [a, b], inner: [c, d], spaces: spaces(&tag) }
    }
}

/// France and most others: the Imprimerie nationale's rules; Switzerland: narrow everywhere; Quebec: none before `?`, `!`, `;`.
fn spaces(tag: &str) -> Option<Spaces> {
    let mut subtags = tag.split('-');
    if subtags.next() != Some("fr") {
        return None;
    }
    Some(match subtags.next_back() {
        Some("ch") => Spaces { quotes: NARROW, colon: NARROW, marks: Some(NARROW) },
        Some("ca") => Spaces { quotes: NO_BREAK, colon: NO_BREAK, marks: None },
        _ => Spaces { quotes: NO_BREAK, colon: NO_BREAK, marks: Some(NARROW) },
    })
}
