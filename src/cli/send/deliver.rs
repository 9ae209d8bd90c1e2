//! Delivers what is due, with a bar, and says what became of it.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;
use crate::cli::exit::{CONTENT, TRY_AGAIN};
use crate::cli::newsletters::switch;
use crate::cli::print::{counted, say, tell};
use crate::cli::stop::stop_on_signals;
use crate::cli::system_clock;
use crate::delivery::outbox::{Step, Tally};
use crate::model::delivery::DeliveryState;
use crate::model::issue::Issue;
use crate::store::DeliveryCounts;

/// How long an answer that was heard is tried to be recorded where the store fails.
const SETTLES_WITHIN: Duration = Duration::from_mins(1);

/// Delivers what is due.
pub(super) async fn deliver(app: &App, among: usize, now: DateTime<Utc>) -> anyhow::Result<ExitCode> {
    let (cancel, at_once) = stop_on_signals();
    let outbox = app.outbox(system_clock())?;
    let bar = bar(waiting(app).await?);
    let mut tally = outbox.tally();
    let shown = bar.clone();
    let follow = tokio::spawn(async move {
        while tally.changed().await.is_ok() {
            let tally = *tally.borrow();
            shown.set_position(tally.sent + tally.deferred + tally.refused + tally.doubt + tally.skipped);
        }
    });
    let result = tokio::select! {
        result = outbox.deliver_until_idle(&cancel) => result,
        () = at_once.cancelled() => {
            bar.finish_and_clear();
            tell!("stopped at once: what was being handed over is in doubt, the rest waits");
            return Ok(ExitCode::from(TRY_AGAIN));
        }
    };
    follow.abort();
    bar.finish_and_clear();
    let (tally, step) = match result {
        Ok(ended) => ended,
        Err(error) => {
            report(*outbox.tally().borrow());
            tokio::select! {
                () = outbox.settle_within(SETTLES_WITHIN) => {}
                () = cancel.cancelled() => {}
            }
            if outbox.unrecorded() > 0 {
                tell!("{} could not be recorded: their mails are in doubt", counted(outbox.unrecorded(), "answer"));
            }
            return Err(error.into());
        }
    };
    report(tally);
    if tally.deferred + tally.refused > 0 {
        for reason in app.store.reasons(None, now).await? {
            tell!("{} {}: {}", reason.count, reason.state.as_str(), reason.said);
        }
    }
    // where no daemon runs, nobody else does; the mails are out, so a failure can wait for the next time
    if let Err(error) = app.retain(now).await {
        tracing::error!("nothing is erased for its age: {error:#}");
    }
    tell_step(app, &step, outbox.quiet_until(Utc::now())).await?;
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

/// Why it ended where something is left.
async fn tell_step(app: &App, step: &Step, quiet_until: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let local = |at: DateTime<Utc>| at.with_timezone(&app.config.site.zone).format("%F %R").to_string();
    let waiting = counted(waiting(app).await?, "mail");
    match (step, quiet_until) {
        (Step::Idle { next: Some(_) }, Some(until)) => {
            tell!("quiet hours until {}: what is due goes out afterwards", local(until));
        }
        (Step::Idle { next: Some(next) }, None) => {
            tell!("{waiting} left, to be tried again from {} on: run this again then", local(*next));
        }
        (Step::Unreachable { reason }, _) => tell!("the relay takes no mail: {reason}"),
        (Step::Cancelled, _) => tell!("stopped; {waiting} left: run this again"),
        _ => {}
    }
    Ok(())
}

/// What has not come to its end yet, in issues and letters.
async fn waiting(app: &App) -> anyhow::Result<u64> {
    let open = |counts: &DeliveryCounts| -> u64 {
        [DeliveryState::Waiting, DeliveryState::Deferred].iter().filter_map(|state| counts.get(state)).sum()
    };
    Ok(open(&app.store.outbox_counts().await?) + open(&app.store.letter_counts().await?))
}

/// Shown only where stderr is a terminal.
fn bar(mails: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} mails, {per_sec}, {eta} left");
    ProgressBar::new(mails).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
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
