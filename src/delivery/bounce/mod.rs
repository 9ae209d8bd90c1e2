//! Reads what comes back after a mail was handed over: delivery reports (RFC 3464), complaints (RFC 5965), and everything
//! else that lands in the same mailbox.
//!
//! - `report` reads one message; pure, and never fails on any bytes.
//! - `verp` puts the token into the return path by which a report names its mail.
//! - `lmtp` takes reports from a mail server (RFC 2033).
//! - `source` takes them from files, pipes and Maildirs.

pub mod lmtp;
pub mod report;
pub mod source;
pub mod verp;
