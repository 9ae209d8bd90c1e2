//! What a set of workers shares while it drains the outbox.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::lanes::{LOOK, Lanes};
use super::lease::Lease;
use super::queue::{Pick, Queue};
use crate::model::delivery::{Claim, Withheld};
use crate::model::issue::FrozenIssue;
use crate::model::letter::LetterText;
use crate::store::StoreError;

/// What the mails of a batch say.
#[derive(Default)]
pub(super) struct Texts {
    pub issues: HashMap<i64, FrozenIssue>,
    pub letters: HashMap<String, LetterText>,
}

/// A claimed mail, for how long it is ours, and what it says.
pub(super) struct Job {
    pub claim: Claim,
    pub lease: Arc<Lease>,
    pub texts: Arc<Texts>,
}

pub(super) struct Round {
    pub cancel: CancellationToken,
    /// Held by the one worker that asks the store for more.
    pub refilling: tokio::sync::Mutex<()>,
    /// There is more to carry.
    pub refilled: tokio::sync::Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: Queue<Job>,
    /// Issues of which nothing more goes out, and what of them was claimed.
    held: HashSet<i64>,
    withheld: Vec<Claim>,
    /// What each worker has in hand, and whether it was marked as `sending`.
    in_hand: HashMap<usize, (Claim, Arc<Lease>, bool)>,
    /// Why a worker could not go on.
    halted: Option<String>,
    /// Nothing more is due.
    dry: bool,
    /// No worker shall go on.
    stopped: bool,
    failed: Option<StoreError>,
    unopened: usize,
    /// A worker lost one connection after the other.
    lost: bool,
    /// When the store was last asked for mails to others than those in the queue.
    looked: Option<Instant>,
}

impl State {
    fn is_held(&self, claim: &Claim) -> bool {
        claim.issue().is_some_and(|issue| self.held.contains(&issue))
    }

    fn admit(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            if self.is_held(&job.claim) {
                self.withheld.push(job.claim);
            } else {
                let domain = job.claim.address.domain().to_owned();
                self.queue.push(&domain, job);
            }
        }
    }
}

/// So many mails wait at most for a domain to have room; beyond that, nothing else is looked for. Some 5 MB.
const MOST_WAITING: usize = 5_000;

impl Round {
    pub(super) fn new(jobs: Vec<Job>, cancel: CancellationToken) -> Self {
        let mut state = State::default();
        state.admit(jobs);
        let (refilling, refilled) = Default::default();
        Self { cancel, refilling, refilled, state: Mutex::new(state) }
    }

    /// A panic elsewhere leaves the state sound: every change to it is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().stopped || self.cancel.is_cancelled()
    }

    /// Nothing more was due when it was last asked.
    pub(super) fn is_dry(&self) -> bool {
        self.lock().dry
    }

    /// The next mail whose domain has room.
    pub(super) fn next(&self, lanes: &Arc<Lanes>, now: DateTime<Utc>) -> Pick<Job> {
        self.lock().queue.pick(lanes, now)
    }

    pub(super) fn refill(&self, jobs: Vec<Job>) {
        let mut state = self.lock();
        state.dry = jobs.is_empty();
        state.admit(jobs);
        if !state.dry {
            self.refilled.notify_one();
        }
    }

    /// Something may have become due since it was dry.
    pub(super) fn look_again(&self) {
        self.lock().dry = false;
    }

    /// Takes what has to wait out of the queue.
    pub(super) fn take(&self, withheld: &Withheld) -> Vec<Claim> {
        if *withheld == Withheld::default() {
            return Vec::new();
        }
        let queue = &mut self.lock().queue;
        let mut taken: Vec<_> = withheld.domains.iter().flat_map(|domain| queue.take_all_to(domain)).collect();
        if withheld.issues {
            taken.extend(queue.take_if(|job| job.claim.issue().is_some()));
        }
        taken.into_iter().map(|job| job.claim).collect()
    }

    /// The domains of which enough is waiting, where it is time to ask the store for others: once every few seconds.
    pub(super) fn look_beyond(&self, lanes: &Lanes) -> Option<BTreeSet<String>> {
        let (mut state, now) = (self.lock(), Instant::now());
        if state.looked.is_some_and(|looked| now < looked + LOOK) || state.queue.len() >= MOST_WAITING {
            return None;
        }
        state.looked = Some(now);
        Some(state.queue.domains_with_more_than(|domain| lanes.worth(domain) / 2))
    }

    /// The same where it brought something: there may be more. What is not worth keeping at hand is for the store again.
    pub(super) fn add(&self, jobs: Vec<Job>, lanes: &Lanes) -> Vec<Claim> {
        let mut state = self.lock();
        state.looked = None;
        state.admit(jobs);
        self.refilled.notify_one();
        let beyond = state.queue.take_beyond(|domain| lanes.worth(domain));
        beyond.into_iter().map(|job| job.claim).collect()
    }

    /// Everything that is claimed in this round and not done.
    pub(super) fn claims(&self) -> Vec<(Claim, Arc<Lease>)> {
        let state = self.lock();
        let waiting = state.queue.iter().map(|job| (job.claim.clone(), Arc::clone(&job.lease)));
        let in_hand = state.in_hand.values().map(|(claim, lease, _)| (claim.clone(), Arc::clone(lease)));
        waiting.chain(in_hand).collect()
    }

    /// For another worker, or another connection.
    pub(super) fn put_back(&self, job: Job) {
        let mut state = self.lock();
        if state.is_held(&job.claim) {
            state.withheld.push(job.claim);
        } else {
            let domain = job.claim.address.domain().to_owned();
            state.queue.push_front(&domain, job);
        }
    }

    pub(super) fn take_in_hand(&self, worker: usize, job: &Job, sending: bool) {
        self.lock().in_hand.insert(worker, (job.claim.clone(), Arc::clone(&job.lease), sending));
    }

    pub(super) fn out_of_hand(&self, worker: usize) {
        self.lock().in_hand.remove(&worker);
    }

    /// What a worker that is gone had in hand.
    pub(super) fn dropped_by(&self, worker: usize) -> Option<(Claim, bool)> {
        self.lock().in_hand.remove(&worker).map(|(claim, _, sending)| (claim, sending))
    }

    /// Nothing more of this issue.
    pub(super) fn hold(&self, issue: i64) {
        let mut state = self.lock();
        state.held.insert(issue);
        let held = state.queue.take_if(|job| job.claim.issue() == Some(issue));
        state.withheld.extend(held.into_iter().map(|job| job.claim));
    }

    /// One worker gives up; the others go on while their connections last.
    pub(super) fn give_up(&self, reason: String) {
        self.lock().halted = Some(reason);
    }

    /// The same where its connections were lost one after the other, each at the cost of somebody's attempt: no other begins.
    pub(super) fn lose(&self, reason: String) {
        self.give_up(reason);
        self.lock().lost = true;
    }

    /// Whether another worker may begin.
    pub(super) fn takes_more(&self) -> bool {
        !self.is_over() && !self.lock().lost
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

    /// What nobody carried, and what was held.
    pub(super) fn leave(&self) -> (Vec<Claim>, Vec<Claim>) {
        let mut state = self.lock();
        let waiting = state.queue.take_everything().into_iter().map(|job| job.claim).collect();
        (waiting, std::mem::take(&mut state.withheld))
    }
}
