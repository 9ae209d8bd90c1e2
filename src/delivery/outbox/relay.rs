//! Counts connections to the relay, or to whatever takes its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relay {
    pub open: u64,
    /// Since the start, as `failed`.
    pub opened: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Counters(Arc<[AtomicU64; 3]>);

impl Counters {
    pub(super) fn read(&self) -> Relay {
        let [open, opened, failed] = self.0.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        Relay { open, opened, failed }
    }

    pub(super) fn opened(&self) -> Open {
        let [open, opened, _] = &*self.0;
        open.fetch_add(1, Ordering::Relaxed);
        opened.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }

    pub(super) fn failed(&self) {
        self.0[2].fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection counts as open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Counters);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0[0].fetch_sub(1, Ordering::Relaxed);
    }
}
