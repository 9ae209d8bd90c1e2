//! Text → model: how files of several generators become announcements. Knows nothing of outputs or the store.

pub mod front_matter;
pub mod markdown;
