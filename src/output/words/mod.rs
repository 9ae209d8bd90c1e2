//! The words of pages and mails, in French and English. Templates get them as `t`; dates and schedules are worded beside.

mod dates;
mod labels;
mod moves;
mod schedule;
mod spaces;
mod status;

pub use self::dates::{date, day, month, month_short, when};
pub use self::labels::Words;
pub use self::moves::{change, latest_changes};
pub use self::schedule::rhythm;
pub use self::spaces::french_spaces;
pub use self::status::StatusWords;

/// The languages there are words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    French,
    English,
}

impl Tongue {
    /// English stands in for languages there are no words for.
    pub fn of(lang: &str) -> Self {
        if speaks(lang, "fr") { Self::French } else { Self::English }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Self::French => &labels::FRENCH,
            Self::English => &labels::ENGLISH,
        }
    }

    /// The `lang` of a document worded for readers of `wanted`: their own tag where it is in this language (`fr-CA`).
    pub fn document_lang(self, wanted: &str) -> &str {
        let own = self.words().lang;
        if speaks(wanted, own) { wanted } else { own }
    }

    /// With the no-break space French sets before it.
    pub fn colon(self) -> &'static str {
        if self == Self::French { "\u{a0}:" } else { ":" }
    }

    /// A text of this language as it is shown, where blanks matter to the ends of lines.
    pub fn shown(self, text: &str) -> String {
        shown(text, self.words().lang)
    }

    /// `1 annonce`, `3 annonces`.
    pub fn announcements(self, count: usize) -> String {
        match (self, count) {
            (Self::French, 0 | 1) => format!("{count}\u{a0}annonce"),
            (Self::French, _) => format!("{count}\u{a0}annonces"),
            (Self::English, 1) => "1 announcement".to_owned(),
            (Self::English, _) => format!("{count} announcements"),
        }
    }

    /// What follows the first title in a mail's subject.
    pub fn and_others(self, count: usize) -> String {
        match (self, count) {
            (_, 0) => String::new(),
            (Self::French, 1) => " – et une autre annonce".to_owned(),
            (Self::French, _) => format!(" – et {count} autres annonces"),
            (Self::English, 1) => " – and one more".to_owned(),
            (Self::English, _) => format!(" – and {count} more"),
        }
    }

    /// What is neither shown in full nor by its title.
    pub fn left_out(self, count: usize) -> String {
        let announcements = self.announcements(count);
        match self {
            Self::French => format!("… et encore {announcements} sur le site"),
            Self::English => format!("… and {announcements} more on the website"),
        }
    }

    pub fn number(self, number: u32) -> String {
        match self {
            Self::French => format!("n°\u{a0}{number}"),
            Self::English => format!("No.\u{a0}{number}"),
        }
    }

    /// `248 Ko`, `1,2 Mo`.
    pub fn file_size(self, bytes: u64) -> String {
        let (unit, kilo, mega) = match self {
            Self::French => ("octets", "Ko", "Mo"),
            Self::English => ("bytes", "KB", "MB"),
        };
        match bytes {
            0..1_000 => format!("{bytes}\u{a0}{unit}"),
            1_000..1_000_000 => format!("{}\u{a0}{kilo}", bytes.div_ceil(1_000)),
            _ => {
                let tenths = bytes / 100_000;
                let point = if self == Self::French { ',' } else { '.' };
                format!("{}{point}{}\u{a0}{mega}", tenths / 10, tenths % 10)
            }
        }
    }

    /// `a, b et c`.
    fn list(self, words: &[String]) -> String {
        let and = if self == Self::French { " et " } else { " and " };
        match words {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{and}{last}", first.join(", ")),
        }
    }
}

/// Whether the typography of French holds for a text of this language.
pub fn is_french(lang: &str) -> bool {
    speaks(lang, "fr")
}

/// A line of text as it is shown in its language.
pub fn shown(text: &str, lang: &str) -> String {
    if is_french(lang) { french_spaces(text) } else { text.to_owned() }
}

/// RFC 4647 §3.3.1, with one primary language as the range.
fn speaks(lang: &str, primary: &str) -> bool {
    lang.split(['-', '_']).next().is_some_and(|subtag| subtag.eq_ignore_ascii_case(primary))
}

/// French sentences and lists begin with a capital too.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_the_language_of_its_words() {
        for (wanted, lang) in [("fr", "fr"), ("fr-CA", "fr-CA"), ("FR", "FR"), ("de", "en"), ("frr", "en"), ("", "en")]
        {
            assert_eq!(Tongue::of(wanted).document_lang(wanted), lang, "{wanted}");
        }
    }

    #[test]
    fn sizes_are_rounded_as_people_read_them() {
        let french = |bytes| Tongue::French.file_size(bytes);
        assert_eq!(french(999), "999\u{a0}octets");
        assert_eq!(french(247_001), "248\u{a0}Ko");
        assert_eq!(french(1_250_000), "1,2\u{a0}Mo");
        assert_eq!(Tongue::English.file_size(20_000_000), "20.0\u{a0}MB");
    }
}
