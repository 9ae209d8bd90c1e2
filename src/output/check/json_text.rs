//! Whether a text is JSON to the letter of RFC 8259, with no member named twice in an object.

use std::collections::HashSet;

use super::{Fault, line_at};

/// Deeper than any feed; a reader's stack is not endless either.
const DEEPEST: usize = 32;

pub(super) fn check_json_text(text: &str) -> Result<(), Fault> {
    let mut reader = Reader { text, at: 0 };
    reader.document().map_err(|what| Fault::new(line_at(text.as_bytes(), reader.at.min(text.len())), what))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Read<T = ()> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8, what: &'static str) -> Read {
        if self.peek() != Some(byte) {
            return Err(what);
        }
        self.at += 1;
        Ok(())
    }

    fn document(&mut self) -> Read {
        self.blank();
        self.value(0)?;
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err("text stands after the end") }
    }

    /// `ws` (§2).
    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Read {
        if depth > DEEPEST {
            return Err("values are nested too deeply");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Read {
        let mut names = HashSet::new();
        self.members(b'}', |reader| {
            if !names.insert(reader.string()?) {
                return Err("an object names a member twice");
            }
            reader.blank();
            reader.take(b':', "a `:` is missing")?;
            reader.blank();
            reader.value(depth + 1)
        })
    }

    fn list(&mut self, depth: usize) -> Read {
        self.members(b']', |reader| reader.value(depth + 1))
    }

    fn members(&mut self, end: u8, mut member: impl FnMut(&mut Self) -> Read) -> Read {
        self.at += 1;
        self.blank();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            member(self)?;
            self.blank();
            if self.peek() == Some(end) {
                self.at += 1;
                return Ok(());
            }
            self.take(b',', "a `,` is missing")?;
            self.blank();
        }
    }

    /// §7: as written, escapes and all.
    fn string(&mut self) -> Read<&'a str> {
        self.take(b'"', "a text in double quotes is missing")?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return Err("a text has a control character"),
                Some(_) => self.at += 1,
                None => return Err("a text is never ended"),
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at - 1])
    }

    fn escape(&mut self) -> Read {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let is_hex = |digits: &[u8]| digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', ..] if is_hex(&rest[1..rest.len().min(5)]) => 6,
            _ => return Err("a text has an unknown escape"),
        };
        Ok(())
    }

    /// §6.
    fn number(&mut self) -> Read {
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits();
        let starts_with_zero = self.text.as_bytes()[self.at - whole..].first() == Some(&b'0');
        if whole == 0 || (starts_with_zero && whole > 1) {
            return Err("a number is no number");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err("a number ends with its point");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err("a number has no exponent");
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self) -> Read {
        let rest = &self.text[self.at..];
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        self.at += word.ok_or("a value is missing")?.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_is_not() {
        for good in ["{}", " [1, -0.5e+3, \"\\u00e9\\n\", true, null, {\"a\": [], \"b\": {}}]\n", "\"é\u{7f}\"", "0"] {
            assert_eq!(check_json_text(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,\"a\":2}",
            "{a:1}",
            "[01]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[+1]",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u00g0\"",
            "\"\\u00",
            "\"a",
            "nul",
            "[] []",
            "{\"a\" 1}",
            "'a'",
            "[1 2]",
            "-",
            "\"\\",
        ] {
            assert!(check_json_text(bad).is_err(), "{bad}");
        }
        assert!(check_json_text(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_fault_is_told_by_its_line() {
        assert_eq!(check_json_text("[\n1,\n]").expect_err("a comma").to_string(), "line 3: a value is missing");
    }
}
