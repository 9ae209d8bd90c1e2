//! Model → bytes, pure: the same catalog and ledger give the same bytes. No I/O, no clock.

pub mod archive;
pub mod atom;
pub mod calendar;
pub mod check;
mod document;
pub mod email;
mod error;
pub mod feed;
mod html;
pub mod issue_feed;
mod item;
pub mod json_feed;
pub mod lint;
pub mod opml;
pub mod page;
mod plain_text;
pub mod rss;
#[cfg(test)]
mod samples;
pub mod site;
pub mod templates;
#[cfg(test)]
mod tests;
mod view;
pub mod words;

pub use self::error::OutputError;
