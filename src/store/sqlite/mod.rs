//! SQLite: one file, one daemon.

pub struct SqliteStore;
