//! The figures in the text format of Prometheus (0.0.4). Labels are names of ours or of the configuration and codes of the
//! RFCs, so there are few, and none is an address, a token or a path.

use prometheus::proto::MetricFamily;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, Opts, Registry, Result, TextEncoder};

use crate::model::health::{Health, Trouble};
use crate::model::status::{Figures, NewsletterFigures, Status, Traffic};

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything: what the process counted itself and, where the store answers, what the store knows.
pub(super) fn text(
    counted: Vec<MetricFamily>,
    health: &Health,
    traffic: &Traffic,
    status: Option<&Status>,
) -> Result<String> {
    let gauges = Gauges(Registry::new());
    gauges.process(health, traffic)?;
    if let Some(status) = status {
        gauges.reading(status)?;
        gauges.figures(&status.figures)?;
    }
    let mut families = gauges.0.gather();
    families.extend(counted);
    families.sort_by(|a, b| a.name().cmp(b.name()));
    TextEncoder::new().encode_to_string(&families)
}

/// Values as they are at one moment.
struct Gauges(Registry);

impl Gauges {
    fn process(&self, health: &Health, traffic: &Traffic) -> Result<()> {
        self.many("crieur_build_info", "The version that runs", "version", [(env!("CARGO_PKG_VERSION"), 1)])?;
        let troubles = Trouble::ALL.map(|trouble| (trouble.as_str(), u64::from(health.has(trouble))));
        self.many("crieur_degraded", "1 for each trouble there is; all 0 is healthy", "trouble", troubles)?;
        let polling = health.has(Trouble::Polling);
        let modes = [("events", u64::from(!polling)), ("polling", u64::from(polling))];
        self.many("crieur_scan_mode", "How changes of the content folder are noticed", "mode", modes)?;
        let attempts = [
            ("sent", traffic.sent),
            ("deferred", traffic.deferred),
            ("refused", traffic.refused),
            ("doubt", traffic.doubt),
            ("skipped", traffic.skipped),
        ];
        self.counts("crieur_delivery_attempts_total", "Attempts since the start by outcome", "outcome", attempts)?;
        let connected = [("opened", traffic.relay_opened), ("failed", traffic.relay_failed)];
        self.counts("crieur_relay_connects_total", "Connections to the relay since the start", "result", connected)?;
        self.one("crieur_relay_connections", "Connections to the relay that are open", traffic.relay_open)?;
        self.one("crieur_domains_paused", "Domains that take no more mails for now", traffic.domains_paused)?;
        self.seconds("crieur_start_timestamp_seconds", "When the daemon started", traffic.started.timestamp())
    }

    fn reading(&self, status: &Status) -> Result<()> {
        let catalog = &status.reading.catalog;
        let [announcements, visible, events, errors, warnings] =
            [catalog.announcements, catalog.visible, catalog.events, catalog.errors, catalog.warnings]
                .map(|count| count as u64);
        self.one("crieur_announcements", "Announcements in the catalog", announcements)?;
        self.one("crieur_visible_announcements", "Announcements readers see now", visible)?;
        self.one("crieur_visible_events", "Announcements readers see now that carry an event", events)?;
        let files = &status.reading.files;
        self.one("crieur_content_files", "Files found in the content folder", files.found as u64)?;
        let done = [("read", files.read), ("parsed", files.parsed)];
        self.counts(
            "crieur_content_files_total",
            "Files read and parsed since the start; none if unchanged",
            "what",
            done,
        )?;
        let diagnostics = [("error", errors), ("warning", warnings)];
        self.many("crieur_diagnostics", "What there is to mend in the content", "severity", diagnostics)
    }

    fn figures(&self, figures: &Figures) -> Result<()> {
        if let Some(last) = &figures.last_publish {
            self.seconds("crieur_last_publish_timestamp_seconds", "The last publication", last.at.timestamp())?;
            self.one("crieur_documents", "Documents of the site", last.documents)?;
        }
        self.many("crieur_deliveries", "Deliveries of all issues by state", "state", &figures.outbox)?;
        self.many("crieur_letters", "Letters of sign-ups by state", "state", &figures.letters)?;
        let refusals = figures.refusals.iter().map(|(code, count)| (code.as_str(), *count));
        self.many("crieur_refused_deliveries", "Deliveries refused in 30 days by status code", "code", refusals)?;
        self.one("crieur_suppressions", "Addresses that are never mailed again", figures.suppressions)?;
        self.newsletters(&figures.newsletters)
    }

    fn newsletters(&self, newsletters: &[NewsletterFigures]) -> Result<()> {
        let name = "crieur_subscriptions";
        let subscriptions = self.vec(name, "Subscriptions by newsletter and status", &["newsletter", "status"])?;
        let name = "crieur_next_slot_timestamp_seconds";
        let slots = self.vec(name, "When the next issue is due", &["newsletter"])?;
        let numbers = self.vec("crieur_last_issue_number", "The number of the latest issue", &["newsletter"])?;
        for newsletter in newsletters {
            for (status, count) in &newsletter.subscribers {
                subscriptions.with_label_values(&[newsletter.name.as_str(), status]).set(float(*count));
            }
            if let Some(due) = newsletter.next_due {
                slots.with_label_values(&[&newsletter.name]).set(signed(due.timestamp()));
            }
            if let Some(issue) = newsletter.issues.first() {
                numbers.with_label_values(&[&newsletter.name]).set(issue.number.into());
            }
        }
        Ok(())
    }

    fn one(&self, name: &str, help: &str, value: u64) -> Result<()> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(float(value));
        self.0.register(Box::new(gauge))
    }

    fn seconds(&self, name: &str, help: &str, value: i64) -> Result<()> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(signed(value));
        self.0.register(Box::new(gauge))
    }

    fn vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
        let gauges = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn many<L: AsRef<str>, V: Into<Count>>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> Result<()> {
        let gauges = self.vec(name, help, &[label])?;
        for (value, count) in values {
            gauges.with_label_values(&[value.as_ref()]).set(float(count.into().0));
        }
        Ok(())
    }

    fn counts<const N: usize>(&self, name: &str, help: &str, label: &str, values: [(&str, u64); N]) -> Result<()> {
        let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
        for (value, count) in values {
            let counter: IntCounter = counters.with_label_values(&[value]);
            counter.inc_by(count);
        }
        self.0.register(Box::new(counters))
    }
}

/// A count as it comes out of a list or of a map.
struct Count(u64);

impl From<u64> for Count {
    fn from(count: u64) -> Self {
        Self(count)
    }
}

impl From<&u64> for Count {
    fn from(count: &u64) -> Self {
        Self(*count)
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in doubles")]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus tells the time in doubles")]
fn signed(seconds: i64) -> f64 {
    seconds as f64
}
