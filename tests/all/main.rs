//! Black-box tests, in one binary: linking is what takes long.

mod architecture;
mod support;

mod compose;
mod mailer;
mod mailer_tls;
mod outbox;
mod store_contract;
mod stories;
