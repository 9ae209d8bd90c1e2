//! The nouns and the rules of the house: no I/O, no clock, no randomness.
//!
//! `now` and random bytes come in as arguments. Nothing here imports another room.

pub mod announcement;
pub mod archive;
pub mod catalog;
pub mod delivery;
pub mod diagnostic;
pub mod event;
pub mod issue;
pub mod newsletter;
pub mod profile;
pub mod revision;
#[cfg(test)]
pub(crate) mod sample;
pub mod settings;
pub mod subscription;
pub mod text;
pub mod time;
pub mod token;
