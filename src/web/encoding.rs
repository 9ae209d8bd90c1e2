//! Content codings: which a reader takes (RFC 9110 §12.5.3), and the bytes in each, made once.

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use bytes::Bytes;

/// Below this a coding saves nothing: a packet goes out all the same.
const WORTH_PACKING: usize = 1024;
/// Slower than it is worth beyond: 9 would take four times as long for two per cent.
const BROTLI_QUALITY: i32 = 6;
const BROTLI_WINDOW: i32 = 22;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Coding {
    /// The ones we have, the best first.
    pub(super) const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// Its name in `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    fn is_called(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name()) || self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip")
    }

    /// The validator of a document in this coding: other bytes, another one (RFC 9110 §8.8.3.3).
    pub(super) fn etag(self, identity: &str) -> String {
        match (self, identity.strip_suffix('"')) {
            (Self::Identity, _) | (_, None) => identity.to_owned(),
            (_, Some(open)) => format!("{open}-{}\"", self.name()),
        }
    }
}

/// The codings a reader takes, the one he likes best first; of those he likes alike, our best.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<Coding> {
    let mut lines = headers.get_all(header::ACCEPT_ENCODING).iter().peekable();
    if lines.peek().is_none() {
        return vec![Coding::Identity];
    }
    let wishes: Vec<(&str, u16)> =
        lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).filter_map(wish).collect();
    let said = |named: &dyn Fn(&str) -> bool| wishes.iter().find(|(name, _)| named(name)).map(|(_, quality)| *quality);
    let star = said(&|name| name == "*");
    let quality = |coding: Coding| {
        let wish = said(&|name| coding.is_called(name)).or(star);
        // unless it is ruled out, everybody takes what is not coded at all, and likes it least
        if coding == Coding::Identity {
            wish.map_or(Some(0), |quality| (quality > 0).then_some(quality))
        } else {
            wish.filter(|quality| *quality > 0)
        }
    };
    let mut taken: Vec<(Coding, u16)> =
        Coding::ALL.into_iter().filter_map(|coding| Some((coding, quality(coding)?))).collect();
    taken.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    if taken.is_empty() {
        // a reader who takes nothing at all is better served than turned away (RFC 9110 §12.4.1)
        return vec![Coding::Identity];
    }
    taken.into_iter().map(|(coding, _)| coding).collect()
}

/// A coding and its quality in thousandths.
fn wish(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';');
    let name = parts.next()?.trim();
    let quality = match parts.next() {
        None => 1000,
        Some(parameter) => {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))??
        }
    };
    (!name.is_empty()).then_some((name, quality))
}

/// `qvalue` of RFC 9110 §12.4.2.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{digits:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// A document's bytes in the codings that make it smaller.
#[derive(Debug, Default)]
pub(super) struct Packed {
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Packed {
    pub(super) fn is_worth_it(content_type: &str, bytes: &[u8]) -> bool {
        let kind = content_type.split(';').next().unwrap_or("").trim_end();
        let is_text = kind.starts_with("text/")
            || ["+xml", "+json", "/xml", "/json", "/javascript"].iter().any(|end| kind.ends_with(end));
        is_text && bytes.len() >= WORTH_PACKING
    }

    pub(super) fn pack(bytes: &[u8]) -> Self {
        let smaller = |packed: Vec<u8>| (packed.len() < bytes.len()).then(|| Bytes::from(packed));
        Self { brotli: brotli(bytes).and_then(smaller), gzip: gzip(bytes).and_then(smaller) }
    }

    pub(super) fn get(&self, coding: Coding) -> Option<&Bytes> {
        match coding {
            Coding::Brotli => self.brotli.as_ref(),
            Coding::Gzip => self.gzip.as_ref(),
            Coding::Identity => None,
        }
    }
}

fn brotli(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let parameters =
        brotli::enc::BrotliEncoderParams { quality: BROTLI_QUALITY, lgwin: BROTLI_WINDOW, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut packed, &parameters).ok()?;
    Some(packed)
}

/// Without name and time: the same bytes give the same bytes.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Gzip, Identity};

    #[test]
    fn the_coding_a_reader_likes_best_comes_first() {
        for (header, expected) in [
            (None, &[Identity][..]),
            (Some(""), &[Identity]),
            (Some("gzip"), &[Gzip, Identity]),
            (Some("GZip"), &[Gzip, Identity]),
            (Some("x-gzip"), &[Gzip, Identity]),
            (Some("gzip, deflate, br, zstd"), &[Brotli, Gzip, Identity]),
            (Some("br;q=0.5, gzip;q=0.8"), &[Gzip, Brotli, Identity]),
            (Some("br;q=0, gzip"), &[Gzip, Identity]),
            (Some("gzip ; Q=0.001"), &[Gzip, Identity]),
            (Some("gzip;q=0.000"), &[Identity]),
            (Some("identity, gzip;q=0.5"), &[Identity, Gzip]),
            (Some("identity;q=0.5, gzip;q=0.5"), &[Gzip, Identity]),
            (Some("*"), &[Brotli, Gzip, Identity]),
            (Some("*;q=0"), &[Identity]),
            (Some("gzip, *;q=0"), &[Gzip]),
            (Some("gzip, identity;q=0"), &[Gzip]),
            (Some("br;q=1.5, gzip;q=1.0001, deflate"), &[Identity]),
            (Some("br;level=3, ,gzip"), &[Gzip, Identity]),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(header.map(|value| (header::ACCEPT_ENCODING, value.parse().expect("a value"))));
            assert_eq!(accepted(&headers), expected, "{header:?}");
        }
    }

    #[test]
    fn texts_of_some_length_are_packed() {
        let long = [b'a'; WORTH_PACKING];
        for (kind, bytes, expected) in [
            ("text/html; charset=utf-8", &long[..], true),
            ("application/atom+xml; charset=utf-8", &long, true),
            ("application/feed+json", &long, true),
            ("image/svg+xml", &long, true),
            ("image/png", &long, false),
            ("application/pdf", &long, false),
            ("text/html", &long[1..], false),
        ] {
            assert_eq!(Packed::is_worth_it(kind, bytes), expected, "{kind}");
        }
    }

    #[test]
    fn what_gets_no_smaller_stays_as_it_is() {
        let noise: String = (0..40).map(|n| crate::model::token::sha256_hex(&[n])).collect();
        let noise: Vec<u8> = noise
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let packed = Packed::pack(&noise);
        assert!(packed.get(Gzip).is_none() && packed.get(Brotli).is_none());
        assert_eq!(Packed::pack(&[b'a'; 5000]).get(Gzip), Packed::pack(&[b'a'; 5000]).get(Gzip));
    }
}
