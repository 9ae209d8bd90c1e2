//! Frozen issues → mailboxes: builds each reader's mail, hands it over, and records how that ended.
//!
//! - `message` builds one reader's mail; pure.
//! - `bounce` reads what comes back: delivery reports and complaints.
//! - `dkim` signs it.
//! - `mailer` hands mails over, by SMTP or into a folder; it knows nothing of issues or the store.
//! - `dns` asks what a domain says of its mails.
//! - `fetch` sends one HTTP request to an address the operator named.
//! - `hub` tells WebSub hubs which feeds have changed.
//! - `outbox` drains the deliveries that are due, in the order that never loses one (DESIGN.md §8).

pub mod bounce;
pub mod dkim;
pub mod dns;
pub mod fetch;
pub mod hub;
pub mod leftovers;
pub mod mailer;
pub mod message;
pub mod outbox;
