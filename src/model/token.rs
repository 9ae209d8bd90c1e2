//! Keyed hashes: what makes a link in a mail impossible to guess, and a Message-ID the same at every attempt.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::base32;

/// 256 secret bits, kept in the store. Never printed: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For the store, which keeps it.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 (RFC 2104) over a purpose and parts; each is length-prefixed, so no two lists of parts meet.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in [purpose.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    /// A keyed hash in URL-safe letters: `bytes` × 8 bits of it.
    pub fn keyed_hash(&self, purpose: &str, parts: &[&[u8]], bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(&self.mac(purpose, parts).finalize().into_bytes()[..bytes.min(32)])
    }

    /// The token that confirms a sign-up.
    pub fn confirmation_token(&self, signup: i64) -> String {
        self.token("confirm", signup, 32)
    }

    /// The sign-up a token confirms, or `None` if it was not made with this key.
    pub fn open_confirmation_token(&self, token: &str) -> Option<i64> {
        self.open("confirm", token, 32)
    }

    /// The token that lets its bearer change what one subscriber gets.
    pub fn preferences_token(&self, subscriber: i64) -> String {
        self.token("preferences", subscriber, 32)
    }

    /// The subscriber a token was made for, or `None` if it was not made with this key.
    pub fn open_preferences_token(&self, token: &str) -> Option<i64> {
        self.open("preferences", token, 32)
    }

    /// The token that lets its bearer leave one subscription: short enough for a header on one line (RFC 8058 §3.1),
    /// 128 bits of MAC, the same for ever.
    pub fn subscription_token(&self, subscription: i64) -> String {
        self.token("unsubscribe", subscription, 16)
    }

    /// The subscription a token was made for, or `None` if it was not made with this key. Takes the same time either way.
    pub fn open_subscription_token(&self, token: &str) -> Option<i64> {
        self.open("unsubscribe", token, 16)
    }

    /// A number and a MAC of so many bytes over it and the purpose: a token for one thing opens no other.
    fn token(&self, purpose: &str, id: i64, length: usize) -> String {
        let id = id.to_be_bytes();
        let mac = self.mac(purpose, &[&id]).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&id[..], &mac[..length]].concat())
    }

    fn open(&self, purpose: &str, token: &str, length: usize) -> Option<i64> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 8 + length)?;
        let (id, mac) = bytes.split_at(8);
        self.mac(purpose, &[id]).verify_truncated_left(mac).ok()?;
        Some(i64::from_be_bytes(id.try_into().ok()?))
    }

    /// The token in the return path of one mail (`delivery::bounce::verp`), which the ids name: letters and digits that
    /// survive a change of case, 80 bits of MAC, some twenty-five characters in all.
    pub fn bounce_token(&self, ids: &[i64]) -> String {
        let mut bytes: Vec<u8> = ids.iter().flat_map(|id| varint(*id)).collect();
        let mac = self.mac("bounce", &[&bytes]).finalize().into_bytes();
        bytes.extend_from_slice(&mac[..BOUNCE_MAC]);
        base32::encode(&bytes)
    }

    /// The ids a token was made for, or `None` if it was not made with this key.
    pub fn open_bounce_token(&self, token: &str) -> Option<Vec<i64>> {
        let bytes = base32::decode(token).filter(|bytes| (BOUNCE_MAC..=30).contains(&bytes.len()))?;
        let (mut left, mac) = bytes.split_at(bytes.len() - BOUNCE_MAC);
        self.mac("bounce", &[left]).verify_truncated_left(mac).ok()?;
        let mut ids = Vec::new();
        while !left.is_empty() {
            let (id, rest) = read_varint(left)?;
            ids.push(id);
            left = rest;
        }
        Some(ids)
    }
}

/// Octets of MAC in a return path, where there is little room and a guess costs the attacker a mail.
const BOUNCE_MAC: usize = 10;

/// Seven bits an octet, the lowest first; the last octet has its highest bit clear.
fn varint(number: i64) -> Vec<u8> {
    let mut left = number.cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn read_varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let number = bytes[..=end].iter().rev().fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number.cast_signed(), &bytes[end + 1..]))
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    sha256(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string never fails");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_with_its_own_key_only_and_whole() {
        let (key, other) = (SigningKey::new([7; 32]), SigningKey::new([8; 32]));
        let token = key.subscription_token(42);
        assert_eq!(token.len(), 32);
        assert_eq!(key.open_subscription_token(&token), Some(42));
        assert_eq!(other.open_subscription_token(&token), None);
        assert_eq!(key.open_subscription_token(&token[..31]), None);
        assert_eq!(key.open_subscription_token("né"), None);
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(key.open_subscription_token(&forged), None, "changed letter {index}");
        }
    }

    #[test]
    fn a_token_serves_one_purpose() {
        let key = SigningKey::new([7; 32]);
        let (confirm, change) = (key.confirmation_token(42), key.preferences_token(42));
        assert_eq!((confirm.len(), key.open_confirmation_token(&confirm)), (54, Some(42)));
        assert_eq!(key.open_preferences_token(&change), Some(42));
        assert_eq!(key.open_preferences_token(&confirm), None);
        assert_eq!(key.open_confirmation_token(&change), None);
        assert_eq!(key.open_confirmation_token(&key.subscription_token(42)), None, "nor does a shorter MAC");
    }

    #[test]
    fn parts_cannot_slide_into_each_other() {
        let key = SigningKey::new([7; 32]);
        assert_ne!(key.keyed_hash("a", &[b"bc", b"d"], 16), key.keyed_hash("a", &[b"b", b"cd"], 16));
    }

    #[test]
    fn a_return_path_survives_a_change_of_case_and_no_other() {
        let key = SigningKey::new([7; 32]);
        for ids in [[1, 1], [0, 0], [127, 128], [i64::MAX, i64::MAX], [12, 1_234_567]] {
            let token = key.bounce_token(&ids);
            assert_eq!(key.open_bounce_token(&token.to_uppercase()), Some(ids.to_vec()));
            assert_eq!(key.open_bounce_token(&key.bounce_token(&ids[..1])), Some(vec![ids[0]]));
            assert_eq!(SigningKey::new([8; 32]).open_bounce_token(&token), None);
            assert_eq!(key.open_bounce_token(&token[1..]), None);
            assert!(token.len() <= 48 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        }
        let token = key.bounce_token(&[12, 345_678]);
        assert_eq!(token.len(), 23);
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'a' { b'b' } else { b'a' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(key.open_bounce_token(&forged), None, "changed letter {index}");
        }
        for wild in ["", "a", "aaaaaaaaaaaaaaaaaaaa", &"a".repeat(64), "é"] {
            assert_eq!(key.open_bounce_token(wild), None);
        }
    }
}
