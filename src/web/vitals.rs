//! What a running daemon knows of itself and no store keeps: its health, the folder as read last, what it did since its
//! start. The daemon writes it; `/healthz`, the status page and the metrics read it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};

use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::health::{Health, Trouble};
use crate::model::status::Reading;

/// Upper bounds for the time a publication takes, in seconds.
const SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Cheap to write from anywhere; every change is one assignment under the lock.
pub struct Vitals {
    registry: Registry,
    responses: IntCounterVec,
    publishes: IntCounterVec,
    publish_seconds: Histogram,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    health: Health,
    reading: Reading,
    refused: Vec<Diagnostic>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self::new().expect("fixed names, each registered once")
    }
}

impl Vitals {
    fn new() -> prometheus::Result<Self> {
        let responses =
            IntCounterVec::new(Opts::new("crieur_http_responses_total", "Answers over public HTTP"), &["class"])?;
        let publishes = IntCounterVec::new(Opts::new("crieur_publishes_total", "Publications by result"), &["result"])?;
        let seconds = HistogramOpts::new("crieur_publish_duration_seconds", "Time to build and write the site");
        let publish_seconds = Histogram::with_opts(seconds.buckets(SECONDS.to_vec()))?;
        let registry = Registry::new();
        registry.register(Box::new(responses.clone()))?;
        registry.register(Box::new(publishes.clone()))?;
        registry.register(Box::new(publish_seconds.clone()))?;
        // a counter that is not there yet cannot be told from one that is gone
        for class in CLASSES {
            responses.with_label_values(&[class]).reset();
        }
        for result in ["done", "failed"] {
            publishes.with_label_values(&[result]).reset();
        }
        Ok(Self { registry, responses, publishes, publish_seconds, state: Mutex::default() })
    }

    /// Notes that something is wrong, or that it no longer is; `true` where that is news.
    pub fn note(&self, trouble: Trouble, reason: Option<String>) -> bool {
        self.lock().health.note(trouble, reason)
    }

    pub fn health(&self) -> Health {
        self.lock().health.clone()
    }

    /// The folder was read; whatever held it back is over. `true` where something did.
    pub fn read(&self, reading: Reading) -> bool {
        let mut state = self.lock();
        state.reading = reading;
        state.health.note(Trouble::Held, None)
    }

    /// The folder as it is now is not taken: the figures stay those of the last good one. `true` where that is news.
    pub fn held(&self, reason: &str) -> bool {
        let mut state = self.lock();
        state.reading.held = Some(reason.to_owned());
        state.health.note(Trouble::Held, Some(reason.to_owned()))
    }

    /// A site was built and swapped in; `refused` is what did not pass the gate. `true` where none could be before.
    pub fn published(&self, refused: Vec<Diagnostic>) -> bool {
        self.publishes.with_label_values(&["done"]).inc();
        let mut state = self.lock();
        state.refused = refused;
        state.health.note(Trouble::Publishing, None)
    }

    /// `true` where that is news.
    pub fn publish_failed(&self, reason: &str) -> bool {
        self.publishes.with_label_values(&["failed"]).inc();
        self.note(Trouble::Publishing, Some(reason.to_owned()))
    }

    pub fn publish_took(&self, time: Duration) {
        self.publish_seconds.observe(time.as_secs_f64());
    }

    pub(super) fn answered(&self, status: StatusCode) {
        let class = CLASSES.get(usize::from(status.as_u16() / 100).saturating_sub(1)).unwrap_or(&"5xx");
        self.responses.with_label_values(&[class]).inc();
    }

    /// With what did not pass the gate counted and told among the errors.
    pub(super) fn reading(&self) -> Reading {
        let state = self.lock();
        let mut reading = state.reading.clone();
        reading.catalog.errors += state.refused.iter().filter(|it| it.severity == Severity::Error).count();
        reading.diagnostics.extend_from_slice(&state.refused);
        reading
    }

    pub(super) fn metrics(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
