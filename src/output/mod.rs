//! Model → bytes, pure: the same catalog and ledger give the same bytes. No I/O, no clock.

pub mod email;
pub mod feed;
mod html;
mod item;
pub mod page;
mod plain_text;
#[cfg(test)]
mod samples;
pub mod templates;
pub mod words;
