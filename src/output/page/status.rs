//! The operator's page: what the catalog holds, what is held back, what goes out, in numbers and charts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::super::templates::Templates;
use super::super::words::{self, StatusWords, Tongue};
use super::chart::{self, Chart, Key, Part};
use super::{Page, finish};
use crate::model::delivery::DeliveryState;
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::health::Health;
use crate::model::issue::IssueState;
use crate::model::settings::SiteSettings;
use crate::model::status::{DeliveryDay, Figures, IssueFigures, NewsletterFigures, Status, Traffic};

/// Diagnostics shown one by one, errors first; a broken profile gives one for each file.
const MOST_SHOWN: usize = 50;

#[derive(Debug, Serialize)]
struct StatusPage<'a> {
    t: &'static StatusWords,
    lang: &'a str,
    site: &'a str,
    home: String,
    version: &'static str,
    now: When,
    started: When,
    troubles: Vec<TroubleView<'a>>,
    catalog: Vec<Figure>,
    published: Option<Published>,
    diagnostics: Vec<DiagnosticView<'a>>,
    more_diagnostics: usize,
    newsletters: Vec<NewsletterView<'a>>,
    outbox: Vec<Figure>,
    deliveries: Option<Chart>,
    refusals: Vec<Refusal<'a>>,
}

#[derive(Debug, Serialize)]
struct When {
    words: String,
    datetime: String,
}

#[derive(Debug, Serialize)]
struct TroubleView<'a> {
    name: &'static str,
    help: &'static str,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct Figure {
    label: &'static str,
    count: u64,
    alert: bool,
}

#[derive(Debug, Serialize)]
struct Published {
    when: When,
    documents: u64,
}

#[derive(Debug, Serialize)]
struct DiagnosticView<'a> {
    class: &'static str,
    severity: &'static str,
    place: String,
    message: &'a str,
    hint: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct NewsletterView<'a> {
    title: &'a str,
    next: Option<When>,
    last: Option<Last>,
    subscribers: Vec<Figure>,
    issues: Vec<IssueView>,
    readers: Chart,
}

#[derive(Debug, Serialize)]
struct Last {
    when: When,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct IssueView {
    number: String,
    when: When,
    /// `envoyés : 3, refusés : 1`: what the bar shows, in words that need not agree with a number.
    words: String,
    total: u64,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Refusal<'a> {
    code: &'a str,
    meaning: &'static str,
    count: u64,
    width: f64,
}

/// The page, in the site's language.
///
/// # Errors
/// A template that cannot be rendered.
pub fn status(templates: &Templates, site: &SiteSettings, status: &Status, health: &Health, traffic: &Traffic) -> Page {
    let tongue = Tongue::of(&site.lang);
    let t = tongue.status_words();
    let (reading, figures) = (&status.reading, &status.figures);
    let page = StatusPage {
        t,
        lang: tongue.document_lang(&site.lang),
        site: &site.title,
        home: site.own_url(""),
        version: status.version,
        now: instant(status.at, site.zone, tongue),
        started: instant(traffic.started, site.zone, tongue),
        troubles: troubles(health, tongue),
        catalog: vec![
            figure(t.announcements, reading.catalog.announcements, false),
            figure(t.visible, reading.catalog.visible, false),
            figure(t.events, reading.catalog.events, false),
            figure(t.errors, reading.catalog.errors, true),
            figure(t.warnings, reading.catalog.warnings, true),
        ],
        published: figures
            .last_publish
            .as_ref()
            .map(|last| Published { when: instant(last.at, site.zone, tongue), documents: last.documents }),
        diagnostics: diagnostics(&reading.diagnostics, t),
        more_diagnostics: reading.diagnostics.len().saturating_sub(MOST_SHOWN),
        newsletters: newsletters(figures, tongue),
        outbox: outbox(figures, traffic, tongue),
        deliveries: deliveries(&figures.deliveries, tongue),
        refusals: refusals(&figures.refusals, tongue),
    };
    finish(templates, "admin/status.html", &page)
}

/// What stands at `/status.css` of the admin listener: the site's own style and what charts need besides.
pub fn stylesheet(templates: &Templates) -> Vec<u8> {
    [templates.style("page/style.css"), templates.style("admin/status.css")].join("\n").into_bytes()
}

fn instant(at: DateTime<Utc>, zone: Tz, tongue: Tongue) -> When {
    let local = at.with_timezone(&zone);
    When { datetime: local.format("%FT%T%:z").to_string(), words: moment(local.naive_local(), tongue) }
}

fn slot(local: NaiveDateTime, tongue: Tongue) -> When {
    When { datetime: local.format("%FT%T").to_string(), words: moment(local, tongue) }
}

fn moment(local: NaiveDateTime, tongue: Tongue) -> String {
    let at = if tongue == Tongue::French { "à" } else { "at" };
    format!("{} {at}\u{a0}{}", words::date(local.date(), tongue), local.format("%H:%M"))
}

fn figure(label: &'static str, count: usize, bad: bool) -> Figure {
    Figure { label, count: count as u64, alert: bad && count > 0 }
}

fn troubles(health: &Health, tongue: Tongue) -> Vec<TroubleView<'_>> {
    let view = |(trouble, reason)| {
        let (name, help) = tongue.trouble(trouble);
        TroubleView { name, help, reason }
    };
    health.troubles().map(view).collect()
}

fn diagnostics<'a>(all: &'a [Diagnostic], t: &'static StatusWords) -> Vec<DiagnosticView<'a>> {
    let mut sorted: Vec<&Diagnostic> = all.iter().collect();
    sorted.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let view = |it: &'a Diagnostic| DiagnosticView {
        class: if it.severity == Severity::Error { "error" } else { "warning" },
        severity: match it.severity {
            Severity::Error => t.error,
            Severity::Warning => t.warning,
            Severity::Hint => t.hint,
        },
        place: format!("{}:{}:{}", it.file, it.position.line, it.position.column),
        message: &it.message,
        hint: it.hint.as_deref(),
    };
    sorted.into_iter().take(MOST_SHOWN).map(view).collect()
}

fn newsletters(figures: &Figures, tongue: Tongue) -> Vec<NewsletterView<'_>> {
    let view = |(index, it)| newsletter(index, it, tongue);
    figures.newsletters.iter().enumerate().map(view).collect()
}

fn newsletter(index: usize, it: &NewsletterFigures, tongue: Tongue) -> NewsletterView<'_> {
    let t = tongue.status_words();
    let count = |name: &str| it.subscribers.get(name).copied().unwrap_or(0);
    let subscribers = [(t.confirmed, "confirmed"), (t.pending, "pending"), (t.unsubscribed, "unsubscribed")];
    NewsletterView {
        title: &it.title,
        next: it.next_slot.map(|local| slot(local, tongue)),
        last: it.last.as_ref().map(|last| Last {
            when: slot(last.slot, tongue),
            state: match last.state {
                IssueState::Frozen => t.frozen,
                IssueState::Empty => t.empty,
                IssueState::Held => t.held,
            },
        }),
        subscribers: subscribers.map(|(label, name)| Figure { label, count: count(name), alert: false }).into(),
        issues: it.issues.iter().map(|issue| issue_view(issue, tongue)).collect(),
        readers: readers(index, it, tongue),
    }
}

fn issue_view(issue: &IssueFigures, tongue: Tongue) -> IssueView {
    let counts = counts(&issue.deliveries);
    let some = counts.iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> =
        some.map(|(state, count)| format!("{}{}\u{a0}{count}", label(*state, tongue), tongue.colon())).collect();
    let parts: Vec<_> = counts.iter().map(|(state, count)| (state.as_str(), *count)).collect();
    IssueView {
        number: tongue.number(issue.number),
        when: slot(issue.slot, tongue),
        words: words.join(", "),
        total: counts.iter().map(|(_, count)| count).sum(),
        parts: chart::bar(&parts),
    }
}

/// In the order of a delivery's life: what is done first.
fn counts(deliveries: &BTreeMap<&'static str, u64>) -> [(DeliveryState, u64); 7] {
    use DeliveryState::{Deferred, Doubt, Refused, Sending, Sent, Suppressed, Waiting};
    [Sent, Deferred, Refused, Doubt, Suppressed, Sending, Waiting]
        .map(|state| (state, deliveries.get(state.as_str()).copied().unwrap_or(0)))
}

fn label(state: DeliveryState, tongue: Tongue) -> &'static str {
    let t = tongue.status_words();
    match state {
        DeliveryState::Waiting => t.waiting,
        DeliveryState::Sending => t.sending,
        DeliveryState::Sent => t.sent,
        DeliveryState::Deferred => t.deferred,
        DeliveryState::Refused => t.refused,
        DeliveryState::Doubt => t.doubt,
        DeliveryState::Suppressed => t.suppressed,
    }
}

fn outbox(figures: &Figures, traffic: &Traffic, tongue: Tongue) -> Vec<Figure> {
    let t = tongue.status_words();
    let states = counts(&figures.outbox).map(|(state, count)| Figure {
        label: label(state, tongue),
        count,
        alert: count > 0 && matches!(state, DeliveryState::Refused | DeliveryState::Doubt),
    });
    let others = [
        (t.suppressions, figures.suppressions, false),
        (t.relay_open, traffic.relay_open, false),
        (t.domains_paused, traffic.domains_paused, traffic.domains_paused > 0),
    ]
    .map(|(label, count, alert)| Figure { label, count, alert });
    states.into_iter().chain(others).collect()
}

fn short(day: NaiveDate, tongue: Tongue) -> String {
    use chrono::Datelike as _;
    format!("{}\u{a0}{}", day.day(), words::month_short(day, tongue))
}

/// First, middle and last.
fn span(days: &[NaiveDate], tongue: Tongue) -> Vec<String> {
    let shown = [0, days.len() / 2, days.len().saturating_sub(1)];
    shown.iter().filter_map(|index| days.get(*index)).map(|day| short(*day, tongue)).collect()
}

/// A part of a day: its class, its label, and how to count it.
type Kind = (&'static str, &'static str, fn(&DeliveryDay) -> u64);

fn deliveries(days: &[DeliveryDay], tongue: Tongue) -> Option<Chart> {
    let t = tongue.status_words();
    let kinds: [Kind; 4] = [
        ("sent", t.sent, |day| day.sent),
        ("deferred", t.deferred, |day| day.deferred),
        ("refused", t.refused, |day| day.refused),
        ("doubt", t.doubt, |day| day.doubt),
    ];
    let sum = |day: &DeliveryDay| kinds.iter().map(|(_, _, count)| count(day)).sum::<u64>();
    let most = days.iter().map(sum).max().filter(|most| *most > 0)?;
    let ticks = chart::ticks(most);
    let legend: Vec<Key> =
        kinds.iter().map(|(class, label, count)| Key { class, label, total: days.iter().map(count).sum() }).collect();
    let in_words = |values: &[(u64, &str)]| {
        let some = values
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{label}{}\u{a0}{count}", tongue.colon()));
        some.collect::<Vec<_>>().join(", ")
    };
    let column = |day: &DeliveryDay| {
        let values = kinds.map(|(_, label, count)| (count(day), label));
        let title = format!("{}{} {}", words::date(day.day, tongue), tongue.colon(), in_words(&values));
        (title, kinds.map(|(class, _, count)| (class, count(day))).to_vec())
    };
    let totals: Vec<_> = legend.iter().map(|key| (key.total, key.label)).collect();
    let dates: Vec<NaiveDate> = days.iter().map(|day| day.day).collect();
    Some(Chart {
        id: "deliveries".to_owned(),
        title: format!("{}, {}", t.deliveries_a_day, t.last_30_days),
        desc: in_words(&totals),
        ticks,
        span: span(&dates, tongue),
        columns: chart::columns(&days.iter().map(column).collect::<Vec<_>>(), ticks[0]),
        head: [t.day].into_iter().chain(kinds.map(|(_, label, _)| label)).collect(),
        rows: days
            .iter()
            .rev()
            .filter(|day| sum(day) > 0)
            .map(|day| {
                [words::date(day.day, tongue)]
                    .into_iter()
                    .chain(kinds.map(|(.., count)| count(day).to_string()))
                    .collect()
            })
            .collect(),
        legend,
        ..Chart::default()
    })
}

fn readers(index: usize, it: &NewsletterFigures, tongue: Tongue) -> Chart {
    let t = tongue.status_words();
    let values: Vec<u64> = it.readers.iter().map(|day| day.readers).collect();
    let days: Vec<NaiveDate> = it.readers.iter().map(|day| day.day).collect();
    let ticks = chart::ticks(values.iter().copied().max().unwrap_or(0));
    let edge = |count: Option<&u64>| count.copied().unwrap_or(0);
    let (first, last) = (edge(values.first()), edge(values.last()));
    Chart {
        id: format!("readers-{index}"),
        title: format!("{}, {}", t.readers_over_time, t.last_30_days),
        desc: format!("{first} → {last}"),
        ticks,
        span: span(&days, tongue),
        line: Some(chart::line(&values, ticks[0])),
        head: vec![t.day, t.readers],
        rows: it.readers.iter().rev().map(|day| vec![words::date(day.day, tongue), day.readers.to_string()]).collect(),
        ..Chart::default()
    }
}

fn refusals(refusals: &BTreeMap<String, u64>, tongue: Tongue) -> Vec<Refusal<'_>> {
    let most = refusals.values().copied().max().unwrap_or(0);
    let mut all: Vec<_> = refusals
        .iter()
        .map(|(code, count)| Refusal {
            code,
            meaning: tongue.refusal(code),
            count: *count,
            width: chart::share(*count, most),
        })
        .collect();
    all.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
    all
}
