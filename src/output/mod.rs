//! Model → bytes, pure: the same catalog and ledger give the same bytes. No I/O, no clock.

pub mod feed;
pub mod html;
