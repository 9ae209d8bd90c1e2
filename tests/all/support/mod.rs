//! What the stories stand on: a project in a folder of its own, the real binary, a running daemon, a real SMTP server.

pub mod chance;
pub mod cli;
pub mod folder;
pub mod mails;
pub mod poll;
pub mod rights;
pub mod sender;
pub mod served;
pub mod smtp_sink;
pub mod state;
