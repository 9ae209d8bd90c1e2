//! The nouns and the rules of the house: no I/O, no clock, no randomness.
//!
//! `now` and random bytes come in as arguments. Nothing here imports another room.

mod address;
pub mod announcement;
pub mod archive;
pub mod base32;
pub mod blame;
pub mod bounce;
pub mod catalog;
pub mod change;
pub mod checkup;
pub mod color;
pub mod delivery;
pub mod destination;
pub mod diagnostic;
pub mod dkim;
pub mod event;
pub mod health;
pub mod identity;
pub mod issue;
pub mod letter;
pub mod mail_domain;
pub mod markup;
pub mod meaning;
pub mod network;
pub mod newsletter;
pub mod pause;
pub mod profile;
pub mod quiet;
pub mod reminder;
pub mod revision;
#[cfg(test)]
pub(crate) mod sample;
pub mod schedule;
pub mod selection;
pub mod settings;
pub mod shown;
pub mod signup;
pub mod status;
pub mod subscriber;
pub mod subscription;
pub mod text;
pub mod time;
pub mod token;
pub mod words;
