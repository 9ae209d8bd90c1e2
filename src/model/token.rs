//! Keyed hashes: what makes a link in a mail impossible to guess, and a Message-ID the same at every attempt.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::base32;

/// 256 secret bits, kept in the store, and the keys they took the place of: those sign no more, but go on opening what they
/// signed. Never printed: `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its number (`kid`), from 1. Tokens name it.
    number: u16,
    bytes: [u8; 32],
    /// The last issue there was when this key came.
    since_issue: i64,
    /// The keys before it, latest first.
    former: Vec<SigningKey>,
}

impl SigningKey {
    /// The first key.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self::numbered(1, bytes, 0)
    }

    /// A key that came after so many others, when `since_issue` was the last issue.
    pub fn numbered(number: u16, bytes: [u8; 32], since_issue: i64) -> Self {
        Self { number, bytes, since_issue, former: Vec::new() }
    }

    /// The key that takes this one's place.
    #[must_use]
    pub fn followed_by(mut self, mut next: Self) -> Self {
        next.former = std::mem::take(&mut self.former);
        next.former.insert(0, self);
        next
    }

    /// For the store, which keeps it.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    /// This one, then the ones before it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.former)
    }

    /// The key an issue was frozen under: its mails are signed with it at every attempt, also after another one came.
    pub fn of_issue(&self, issue: i64) -> &Self {
        self.all().find(|key| key.since_issue < issue).unwrap_or(self)
    }

    /// HMAC-SHA-256 (RFC 2104) over a purpose and parts; each is length-prefixed, so no two lists of parts meet.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("HMAC takes a key of any length");
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

    /// The sign-up a token confirms, or `None` if it was not made with this key: those of former keys are dead.
    pub fn open_confirmation_token(&self, token: &str) -> Option<i64> {
        self.open("confirm", token, 32)
    }

    /// Whether a former key made it: good once, void since another came.
    pub fn is_void_confirmation_token(&self, token: &str) -> bool {
        self.former.iter().any(|key| key.open("confirm", token, 32).is_some())
    }

    /// The token that lets its bearer change what one subscriber gets.
    pub fn preferences_token(&self, subscriber: i64) -> String {
        self.token("preferences", subscriber, 32)
    }

    /// The subscriber a token was made for, or `None` if it was made with none of our keys: it stands in old mails.
    pub fn open_preferences_token(&self, token: &str) -> Option<i64> {
        self.all().find_map(|key| key.open("preferences", token, 32))
    }

    /// The token that lets its bearer leave one subscription: short enough for a header on one line (RFC 8058 §3.1),
    /// 128 bits of MAC, the same for ever.
    pub fn subscription_token(&self, subscription: i64) -> String {
        self.token("unsubscribe", subscription, 16)
    }

    /// The subscription a token was made for, or `None` if it was made with none of our keys. Links live for ever, so those
    /// of former keys are good. Takes the same time either way.
    pub fn open_subscription_token(&self, token: &str) -> Option<i64> {
        self.all().find_map(|key| key.open("unsubscribe", token, 16))
    }

    /// The key's number, a number and a MAC of so many bytes over it and the purpose: a token for one thing opens no other.
    fn token(&self, purpose: &str, id: i64, length: usize) -> String {
        let (kid, id) = (self.number.to_be_bytes(), id.to_be_bytes());
        let mac = self.mac(purpose, &[&id]).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&kid[..], &id[..], &mac[..length]].concat())
    }

    /// What this very key made a token for. The first tokens named no key: there was one.
    fn open(&self, purpose: &str, token: &str, length: usize) -> Option<i64> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (kid, rest) = if bytes.len() == 8 + length { (1, &bytes[..]) } else { named(&bytes)? };
        if rest.len() != 8 + length || kid != self.number {
            return None;
        }
        let (id, mac) = rest.split_at(8);
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

    /// The ids a token was made for, or `None` if none of our keys made it: reports come days after a key was rotated.
    pub fn open_bounce_token(&self, token: &str) -> Option<Vec<i64>> {
        let bytes = base32::decode(token).filter(|bytes| (BOUNCE_MAC..=30).contains(&bytes.len()))?;
        let (mut left, mac) = bytes.split_at(bytes.len() - BOUNCE_MAC);
        self.all().find(|key| key.mac("bounce", &[left]).verify_truncated_left(mac).is_ok())?;
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

/// The number of the key a token names, and what follows.
fn named(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (kid, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*kid), rest))
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
        assert_eq!(token.len(), 35);
        assert_eq!(key.open_subscription_token(&token), Some(42));
        assert_eq!(other.open_subscription_token(&token), None);
        assert_eq!(key.open_subscription_token(&token[..34]), None);
        assert_eq!(key.open_subscription_token("né"), None);
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(key.open_subscription_token(&forged), None, "changed letter {index}");
        }
    }

    #[test]
    fn a_former_key_opens_what_it_signed_and_signs_no_more() {
        let old = SigningKey::new([7; 32]);
        let sent = old.subscription_token(42);
        let key = old
            .clone()
            .followed_by(SigningKey::numbered(2, [8; 32], 10))
            .followed_by(SigningKey::numbered(3, [9; 32], 20));
        assert_eq!(key.open_subscription_token(&sent), Some(42));
        assert_ne!(key.subscription_token(42), sent);
        let (void, good) = (old.confirmation_token(42), key.confirmation_token(42));
        assert_eq!((key.open_confirmation_token(&void), key.open_confirmation_token(&good)), (None, Some(42)));
        assert_eq!((key.is_void_confirmation_token(&void), key.is_void_confirmation_token(&good)), (true, false));
        assert!(!key.is_void_confirmation_token(&sent) && !key.is_void_confirmation_token(&void[1..]));
        assert_eq!(old.open_subscription_token(&key.subscription_token(42)), None);
        assert_eq!(key.all().map(SigningKey::number).collect::<Vec<_>>(), [3, 2, 1]);
        // what was frozen before a key came stays with the one before it
        for (issue, number) in [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3)] {
            assert_eq!(key.of_issue(issue).number(), number, "issue {issue}");
        }
    }

    #[test]
    fn tokens_of_the_time_of_one_key_stay_good() {
        let key = SigningKey::new([7; 32]);
        let id = 42_i64.to_be_bytes();
        let mac = key.mac("unsubscribe", &[&id]).finalize().into_bytes();
        let token = URL_SAFE_NO_PAD.encode([&id[..], &mac[..16]].concat());
        let now = key.followed_by(SigningKey::numbered(2, [8; 32], 0));
        assert_eq!(now.open_subscription_token(&token), Some(42));
        let forged = SigningKey::new([8; 32]).mac("unsubscribe", &[&id]).finalize().into_bytes();
        let forged = URL_SAFE_NO_PAD.encode([&id[..], &forged[..16]].concat());
        assert_eq!(now.open_subscription_token(&forged), None, "one that names no key is the first one's");
    }

    /// G8: at random, and near a token that is good. `CRIEUR_TEST_GUESSES` sets how many.
    #[test]
    fn no_token_is_guessed() {
        let guesses = std::env::var("CRIEUR_TEST_GUESSES").ok().and_then(|it| it.parse().ok()).unwrap_or(3000_u64);
        let key = SigningKey::new([7; 32]).followed_by(SigningKey::numbered(2, [9; 32], 0));
        let good =
            [(32, key.confirmation_token(42)), (32, key.preferences_token(42)), (16, key.subscription_token(42))];
        for guess in 0..guesses {
            let noise = Sha256::digest(guess.to_be_bytes());
            for (length, token) in &good {
                let mut near = URL_SAFE_NO_PAD.decode(token).expect("a token");
                let place = near.len() - length + usize::from(noise[0]) % length;
                near[place] ^= noise[1] | 1;
                let wild = [&[0, 2], &42_i64.to_be_bytes()[..], &noise[..*length]].concat();
                for bytes in [near, wild] {
                    let token = URL_SAFE_NO_PAD.encode(bytes);
                    assert_eq!(key.open_confirmation_token(&token), None);
                    assert_eq!(key.open_preferences_token(&token), None);
                    assert_eq!(key.open_subscription_token(&token), None);
                }
            }
        }
    }

    #[test]
    fn a_token_serves_one_purpose() {
        let key = SigningKey::new([7; 32]);
        let (confirm, change) = (key.confirmation_token(42), key.preferences_token(42));
        assert_eq!((confirm.len(), key.open_confirmation_token(&confirm)), (56, Some(42)));
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
