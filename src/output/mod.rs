//! Model → bytes, pure: the same catalog and ledger give the same bytes. No I/O, no clock.

pub mod atom;
pub mod calendar;
pub mod check;
mod error;
pub mod feed;
mod item;
pub mod json_feed;
pub mod opml;
pub mod rss;

pub use self::error::OutputError;

#[cfg(test)]
mod tests;
