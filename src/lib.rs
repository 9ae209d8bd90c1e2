//! crieur, the town crier: a folder of Markdown in, feeds, calendars and newsletters out.
#![forbid(unsafe_code)]

pub mod content;
pub mod delivery;
pub mod model;
pub mod output;
pub mod store;
