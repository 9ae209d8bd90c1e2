//! crieur, the town crier: a folder of Markdown in, feeds, calendars and newsletters out.
//!
//! One direction: `content` → `model` → `output` → { `folder`, `web`, `delivery` }; `store` stands beside. `app` has the four
//! steps, `daemon` decides when they run, `cli` which. A test holds who may import whom.
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod config;
pub mod content;
pub mod daemon;
pub mod delivery;
pub mod folder;
pub mod model;
pub mod output;
pub mod store;
pub mod web;
