//! What the stories stand on.

pub mod smtp_sink;
