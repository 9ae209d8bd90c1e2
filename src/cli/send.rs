//! `send`: steps 1, 3 and 4, until nothing is left to do.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::build::tell_errors;
use super::exit::{CONTENT, TRY_AGAIN};
use super::newsletters::{one as newsletter, switch};
use super::print::{counted, say, tell, tell_pauses};
use super::stop::stop_on_signals;
use super::subscribers::progress;
use super::{system_clock, time};
use crate::app::{App, Composed, Decision};
use crate::delivery::outbox::{Step, Tally};
use crate::model::delivery::DeliveryState;
use crate::model::issue::Issue;
use crate::store::DeliveryCounts;

#[derive(Args)]
pub(super) struct Send {
    /// Only this newsletter
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// Compose as if it were this time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Send {
    pub(super) async fn run(&self, mut app: App) -> anyhow::Result<ExitCode> {
        let among = app.config.newsletters.len();
        if let Some(name) = &self.newsletter {
            newsletter(&app, Some(name))?;
            app.config.newsletters.retain(|newsletter| newsletter.name == *name);
        }
        let now = time::at(self.at.as_deref(), app.config.site.zone)?;
        let loaded = app.load(now).await?;
        tell_errors(&loaded.diagnostics);
        // first: whoever takes charge finds out whether this state, and this clock, may be gone by
        let charge = app.store.take_charge(Utc::now()).await?;
        let pauses = app.store.pauses().await?;
        if !pauses.is_empty() {
            tell_pauses(&pauses);
            return Ok(ExitCode::from(TRY_AGAIN));
        }
        let composed = app.compose(&loaded, now).await?;
        for one in &composed {
            say!("{}", describe(one, among));
        }
        let code = match charge {
            Some(_charge) => deliver(&app, among, Utc::now()).await?,
            None => wait_for_daemon(&app, &composed).await?,
        };
        let failed = composed.iter().any(|one| matches!(one.decision, Decision::Failed { .. }));
        Ok(if failed { ExitCode::from(CONTENT) } else { code })
    }
}

fn describe(one: &Composed, among: usize) -> String {
    let switch = switch(among, &one.newsletter);
    let what = match &one.decision {
        Decision::Frozen { number, recipients, awaits_approval: false, .. } => {
            format!("issue {number} frozen for {}", counted(*recipients, "recipient"))
        }
        Decision::Frozen { number, recipients, .. } => format!(
            "issue {number} frozen for {}, waits for approval\n  hint: `crieur issues show {number}{switch}`, then `crieur issues approve {number}{switch}`",
            counted(*recipients, "recipient")
        ),
        Decision::Empty => "nothing new, no issue".to_owned(),
        Decision::Held { late_minutes } => {
            format!("{} late: held\n  hint: `--at` its time sends it after all", counted(*late_minutes, "minute"))
        }
        Decision::StillHeld => "held since it came too late\n  hint: `--at` its time sends it after all".to_owned(),
        Decision::Paused => "paused, no issue".to_owned(),
        Decision::AlreadyDecided => "done before".to_owned(),
        Decision::Failed { reason } => format!("no issue: {reason}"),
        Decision::NoReaders => "no confirmed subscriber, no issue yet".to_owned(),
        Decision::NotYet => "too long ago; the newsletter begins with its next slot".to_owned(),
    };
    format!("{}, {}: {what}", one.newsletter, one.slot.format("%F %R"))
}

/// Delivers what is due.
async fn deliver(app: &App, among: usize, now: DateTime<Utc>) -> anyhow::Result<ExitCode> {
    let (cancel, at_once) = stop_on_signals();
    let outbox = app.outbox(system_clock())?;
    let bar = progress();
    let mut tally = outbox.tally();
    let shown = bar.clone();
    let follow = tokio::spawn(async move {
        while tally.changed().await.is_ok() {
            shown.set_position(tally.borrow().sent);
        }
    });
    let result = tokio::select! {
        result = outbox.deliver_until_idle(&cancel) => result,
        () = at_once.cancelled() => return Ok(ExitCode::from(TRY_AGAIN)),
    };
    follow.abort();
    bar.finish_and_clear();
    let (tally, step) = result?;
    report(tally);
    // where no daemon runs, nobody else does; the mails are out, so a failure can wait for the next time
    if let Err(error) = app.retain(now).await {
        tracing::error!("nothing is erased for its age: {error:#}");
    }
    if let (Step::Idle { next: Some(_) }, Some(until)) = (&step, outbox.quiet_until(Utc::now())) {
        let until = until.with_timezone(&app.config.site.zone);
        tell!("quiet hours until {}: what is due goes out afterwards", until.format("%F %R"));
    }
    if let Step::Unreachable { reason } = &step {
        tell!("the relay takes no mail: {reason}");
    }
    let doubts = app.store.doubts(None).await?.len();
    if doubts > 0 {
        tell!("{} in doubt: see `crieur issues doubts`", counted(doubts, "mail"));
    }
    let is_held = tell_held(&outbox.held_by_relay().await?, among);
    Ok(match step {
        Step::Idle { next: None } if tally.doubt > 0 => ExitCode::from(TRY_AGAIN),
        Step::Idle { next: None } if tally.refused > 0 || is_held => ExitCode::from(CONTENT),
        Step::Idle { next: None } => ExitCode::SUCCESS,
        _ => ExitCode::from(TRY_AGAIN),
    })
}

/// Names the issues the relay will not have; whether there are any.
fn tell_held(held: &[Issue], among: usize) -> bool {
    for issue in held {
        let (number, why) = (issue.number.unwrap_or_default(), issue.why_held().unwrap_or_default());
        let (name, switch) = (&issue.newsletter, switch(among, &issue.newsletter));
        tell!("{name}, issue {number}: {why}\n  hint: `crieur issues resume {number}{switch}` lets it go on");
    }
    !held.is_empty()
}

fn report(tally: Tally) {
    say!(
        "{} sent, {} deferred, {} refused, {} in doubt, {} left out",
        tally.sent,
        tally.deferred,
        tally.refused,
        tally.doubt,
        tally.skipped
    );
}

/// How long the daemon may send nothing before we stop looking on.
const PATIENCE: Duration = Duration::from_mins(2);

/// A daemon is in charge: what was enqueued is its to deliver. Looks on until it has, or nothing moves any more.
async fn wait_for_daemon(app: &App, composed: &[Composed]) -> anyhow::Result<ExitCode> {
    let (cancel, _) = stop_on_signals();
    tell!("a daemon is in charge of this store and delivers");
    let mut code = ExitCode::SUCCESS;
    for one in composed {
        // what waits for approval is not waited for
        let Decision::Frozen { issue, recipients, awaits_approval: false, .. } = one.decision else { continue };
        let counts = settled(app, issue, &cancel).await?;
        let count = |state| counts.get(&state).copied().unwrap_or(0);
        say!(
            "{} of {recipients} sent, {} deferred, {} refused, {} in doubt",
            count(DeliveryState::Sent),
            count(DeliveryState::Deferred),
            count(DeliveryState::Refused),
            count(DeliveryState::Doubt)
        );
        if under_way(&counts) + count(DeliveryState::Deferred) + count(DeliveryState::Doubt) > 0 {
            code = ExitCode::from(TRY_AGAIN);
        } else if count(DeliveryState::Refused) > 0 {
            code = ExitCode::from(CONTENT);
        }
    }
    Ok(code)
}

fn under_way(counts: &DeliveryCounts) -> u64 {
    [DeliveryState::Waiting, DeliveryState::Sending].iter().filter_map(|state| counts.get(state)).sum()
}

/// The deliveries of an issue once none is under way, or as they were when nothing had moved for a while.
async fn settled(app: &App, issue: i64, cancel: &CancellationToken) -> anyhow::Result<DeliveryCounts> {
    let mut counts = app.store.delivery_counts(issue).await?;
    let mut moved = Instant::now();
    while under_way(&counts) > 0 && moved.elapsed() < PATIENCE && !cancel.is_cancelled() {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
        let now = app.store.delivery_counts(issue).await?;
        if now != counts {
            (counts, moved) = (now, Instant::now());
        }
    }
    Ok(counts)
}
