//! What a set of workers shares while it drains the outbox.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::model::delivery::Claim;
use crate::model::issue::FrozenIssue;
use crate::model::letter::LetterText;
use crate::store::StoreError;

/// What the mails of a batch say.
#[derive(Default)]
pub(super) struct Texts {
    pub issues: HashMap<i64, FrozenIssue>,
    pub letters: HashMap<String, LetterText>,
}

/// A claimed mail, until when it is ours, and what it says.
pub(super) struct Job {
    pub claim: Claim,
    pub lease_until: DateTime<Utc>,
    pub texts: Arc<Texts>,
}

pub(super) struct Round {
    pub cancel: CancellationToken,
    /// Held by the one worker that asks the store for more.
    pub refilling: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// Issues of which nothing more goes out, and what of them was claimed.
    held: HashSet<i64>,
    withheld: Vec<Claim>,
    /// What each worker has in hand, and whether it was marked as `sending`.
    in_hand: HashMap<usize, (Claim, bool)>,
    /// Why a worker could not go on.
    halted: Option<String>,
    /// Nothing more is due.
    dry: bool,
    /// No worker shall go on.
    stopped: bool,
    failed: Option<StoreError>,
    unopened: usize,
}

/// What nobody carried.
pub(super) struct Left {
    pub waiting: Vec<Claim>,
    pub held: Vec<Claim>,
}

impl Round {
    pub(super) fn new(jobs: Vec<Job>, cancel: CancellationToken) -> Self {
        let state = State { queue: jobs.into(), ..State::default() };
        Self { cancel, refilling: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    /// A panic elsewhere leaves the state sound: every change to it is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    pub(super) fn is_over(&self) -> bool {
        let state = self.lock();
        state.stopped || state.dry || self.cancel.is_cancelled()
    }

    /// The next mail of an issue that is not held.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        while !state.stopped && !self.cancel.is_cancelled() {
            let job = state.queue.pop_front()?;
            if job.claim.issue().is_some_and(|issue| state.held.contains(&issue)) {
                state.withheld.push(job.claim);
            } else {
                return Some(job);
            }
        }
        None
    }

    pub(super) fn refill(&self, jobs: Vec<Job>) {
        let mut state = self.lock();
        state.dry = jobs.is_empty();
        state.queue.extend(jobs);
    }

    /// For another worker, or another connection.
    pub(super) fn put_back(&self, job: Job) {
        self.lock().queue.push_front(job);
    }

    pub(super) fn take_in_hand(&self, worker: usize, claim: &Claim, sending: bool) {
        self.lock().in_hand.insert(worker, (claim.clone(), sending));
    }

    pub(super) fn out_of_hand(&self, worker: usize) {
        self.lock().in_hand.remove(&worker);
    }

    /// What a worker that is gone had in hand.
    pub(super) fn dropped_by(&self, worker: usize) -> Option<(Claim, bool)> {
        self.lock().in_hand.remove(&worker)
    }

    /// Nothing more of this issue.
    pub(super) fn hold(&self, issue: i64) {
        self.lock().held.insert(issue);
    }

    /// One worker gives up; the others go on while their connections last.
    pub(super) fn give_up(&self, reason: String) {
        self.lock().halted = Some(reason);
    }

    /// A connection could not be opened while others are.
    pub(super) fn count_unopened(&self) {
        self.lock().unopened += 1;
    }

    pub(super) fn unopened(&self) -> usize {
        self.lock().unopened
    }

    /// The relay will not have us, on whatever connection.
    pub(super) fn stop(&self, reason: String) {
        let mut state = self.lock();
        state.halted = Some(reason);
        state.stopped = true;
    }

    pub(super) fn fail(&self, error: StoreError) {
        let mut state = self.lock();
        state.failed.get_or_insert(error);
        state.stopped = true;
    }

    pub(super) fn failed(&self) -> Option<StoreError> {
        self.lock().failed.take()
    }

    pub(super) fn halted(&self) -> Option<String> {
        self.lock().halted.take()
    }

    pub(super) fn leave(&self) -> Left {
        let mut state = self.lock();
        let waiting = state.queue.drain(..).map(|job| job.claim).collect();
        Left { waiting, held: std::mem::take(&mut state.withheld) }
    }
}
