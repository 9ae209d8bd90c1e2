//! How much one domain is sent at a time: it follows the answers, as Postfix does (its `SCHEDULER_README`).
//!
//! | answer | what follows |
//! |---|---|
//! | taken | room for one more once a whole round of mails was answered so, up to `connections` |
//! | "too much" ([`Reaction::of`]) | room for one less after a whole round of such answers |
//! | two such rounds in a row, nothing taken between them | a pause of 5 minutes |
//! | "too much" once more after a pause, to the one mail that tries it | a pause twice as long, an hour at most |
//!
//! A domain that refuses us for policy (5.7.x) twenty times in a row, taking nothing between, is paused in the same way.
//!
//! Everything else a relay puts off is about one mailbox (a full one, a greylist that lets it in later) and says nothing of
//! the others at its domain. Whatever the answer, the mail itself is tried again by its own schedule (`model::delivery`).

use chrono::{DateTime, TimeDelta, Utc};

use super::bounce::Status;
use super::delivery::Outcome;

/// What an answer says of the domain it came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It answers as it should.
    Fine,
    /// It was too much, or too fast.
    TooMuch,
    /// It refuses us, or our mails, whomever they are to.
    Blocked,
    /// Nothing.
    Neither,
}

impl Reaction {
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Sent => Self::Fine,
            Outcome::Deferred { reason } if is_too_much(reason) => Self::TooMuch,
            // what is refused for good and tried again all the same
            Outcome::Deferred { reason } if reason.starts_with('5') => Self::Blocked,
            Outcome::Deferred { .. } | Outcome::Refused { .. } | Outcome::Doubt { .. } => Self::Neither,
        }
    }
}

/// How servers word it beside their codes: Gmail, Outlook, Yahoo, Orange, Postfix and others.
const WORDS: [&str; 14] = [
    "too many",
    "too much",
    "too fast",
    "rate limit",
    "rate-limit",
    "rate that",
    "ratelimit",
    "unusual rate",
    "throttl",
    "slow down",
    "server busy",
    "unexpected volume",
    "trop de",
    "limit exceeded",
];

/// A refusal for now by which a server speaks of itself: 421 and 452 (RFC 5321 §4.2.3), X.3.X and X.4.5 (RFC 3463 §3.4, §3.5), or
/// words of its own; but not of a mailbox (X.2.X) without such words, nor of a greylist.
fn is_too_much(reason: &str) -> bool {
    let Some(code) = reason.get(..3).filter(|code| code.starts_with('4') && code.parse::<u16>().is_ok()) else {
        return false;
    };
    let said = reason.to_lowercase();
    if said.contains("greylist") || said.contains("graylist") {
        return false;
    }
    let by_words = WORDS.iter().any(|words| said.contains(words));
    by_words
        || match Status::find(reason) {
            Some(Status { subject: 3, .. } | Status { subject: 4, detail: 5, .. }) => true,
            Some(Status { subject: 1 | 2, .. }) => false,
            _ => matches!(code, "421" | "452"),
        }
}

/// Rounds of "too much" in a row until a pause.
const ROUNDS: f64 = 2.0;

/// Such refusals in a row until a pause.
const BLOCKED: u32 = 20;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// What is known of one domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    most: f64,
    /// How many mails it is sent at once, at least one.
    room: f64,
    /// Rounds of "too much" since something was taken; a round is as many answers as there was room.
    rounds: f64,
    /// Refusals of ourselves since something was taken.
    blocked: u32,
    pauses: u32,
    paused_until: Option<DateTime<Utc>>,
}

impl Destination {
    /// One that is sent `most` mails at once while all is well.
    pub fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        Self { most, room: most, rounds: 0.0, blocked: 0, pauses: 0, paused_until: None }
    }

    /// Takes note of an answer; the end of the pause where it began one. Answers to mails that were under way when a pause
    /// began do not prolong it.
    pub fn note(&mut self, reaction: Reaction, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match reaction {
            Reaction::Fine => {
                self.room = self.most.min(self.room + 1.0 / self.room);
                (self.rounds, self.blocked, self.pauses, self.paused_until) = (0.0, 0, 0, None);
                None
            }
            Reaction::TooMuch if self.paused_until(now).is_none() => {
                self.rounds += 1.0 / self.room;
                self.room = 1_f64.max(self.room - 1.0 / self.room);
                (self.rounds >= ROUNDS || self.pauses > 0).then(|| self.pause(now))
            }
            Reaction::Blocked if self.paused_until(now).is_none() => {
                self.blocked += 1;
                (self.blocked >= BLOCKED || self.pauses > 0).then(|| self.pause(now))
            }
            Reaction::TooMuch | Reaction::Blocked | Reaction::Neither => None,
        }
    }

    fn pause(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        let length = LONGEST_PAUSE.min(FIRST_PAUSE * 2_i32.pow(self.pauses.min(10)));
        let end = now + length;
        // one mail tries it afterwards
        (self.room, self.rounds, self.pauses, self.paused_until) = (1.0, 0.0, self.pauses + 1, Some(end));
        end
    }

    /// The end of the pause it has. A clock that was put back does not make it longer than any pause is.
    pub fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.paused_until.filter(|until| *until > now && *until - now <= LONGEST_PAUSE)
    }

    /// Whether there is room for one more beside so many that are under way.
    pub fn has_room(&self, under_way: u32) -> bool {
        f64::from(under_way) + 1.0 <= self.room
    }

    /// Whether there is nothing to remember.
    pub fn is_untroubled(&self) -> bool {
        self.room >= self.most && self.rounds == 0.0 && self.blocked == 0 && self.pauses == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn what_is_said_of_the_server_is_told_from_what_is_said_of_a_mailbox() {
        for (reason, too_much) in [
            ("421 4.7.0 too many connections", true),
            ("421-4.7.28 unusual rate of mail", true),
            ("421 closing", true),
            ("450 4.2.1 the user is receiving mail at a rate that prevents delivery", true),
            ("451 4.7.650 the mail server has been temporarily rate limited", true),
            ("451 4.7.500 Server busy", true),
            ("451 4.3.0 queue file write error", true),
            ("452 4.3.1 insufficient system storage", true),
            ("452 daily quota", true),
            ("452 4.5.3 too many recipients", true),
            ("452 4.2.2 over quota", false),
            ("450 4.2.1 mailbox busy", false),
            ("450 4.7.1 come back", false),
            ("450 4.2.0 greylisted", false),
            ("421 4.7.0 Greylisted, too many", false),
            ("451 4.1.8 sender domain not found", false),
            ("451 try later", false),
            ("550 5.7.1 too many", false),
            ("the connection failed: too many", false),
            ("", false),
        ] {
            let reaction = Reaction::of(&Outcome::Deferred { reason: reason.to_owned() });
            assert_eq!(reaction == Reaction::TooMuch, too_much, "{reason}");
        }
    }

    #[test]
    fn a_domain_that_blocks_us_is_paused() {
        let mut domain = Destination::new(4);
        let blocked = |domain: &mut Destination, now| domain.note(Reaction::Blocked, now);
        assert!((1..BLOCKED).all(|_| blocked(&mut domain, NOW).is_none()) && !domain.is_untroubled());
        assert_eq!(blocked(&mut domain, NOW), Some(NOW + FIRST_PAUSE));
        assert!(blocked(&mut domain, NOW).is_none(), "it was under way");
        let later = NOW + FIRST_PAUSE;
        assert_eq!(blocked(&mut domain, later), Some(later + FIRST_PAUSE * 2), "one mail tries it");
        domain.note(Reaction::Fine, later);
        assert!(domain.paused_until(later).is_none() && blocked(&mut domain, later).is_none());
        let policy = Outcome::Deferred { reason: "550 5.7.1 blocked".to_owned() };
        assert_eq!(Reaction::of(&policy), Reaction::Blocked);
    }

    #[test]
    fn room_shrinks_and_grows_by_rounds() {
        let mut domain = Destination::new(4);
        assert!(domain.has_room(3) && !domain.has_room(4) && domain.is_untroubled());
        for (reaction, room, paused) in [
            (Reaction::TooMuch, 3, false),
            (Reaction::Neither, 3, false),
            (Reaction::Fine, 4, false),
            (Reaction::TooMuch, 3, false),
            (Reaction::TooMuch, 3, false),
            (Reaction::TooMuch, 3, false),
            (Reaction::TooMuch, 2, false),
            (Reaction::TooMuch, 2, false),
            (Reaction::TooMuch, 2, false),
            (Reaction::TooMuch, 1, true),
            // they were under way
            (Reaction::TooMuch, 1, true),
            (Reaction::TooMuch, 1, true),
            (Reaction::Fine, 2, false),
            (Reaction::Fine, 2, false),
            (Reaction::Fine, 2, false),
            (Reaction::Fine, 3, false),
        ] {
            domain.note(reaction, NOW);
            let is_paused = domain.paused_until(NOW).is_some();
            assert!(domain.has_room(room - 1) && !domain.has_room(room), "{domain:?}");
            assert_eq!(is_paused, paused, "{domain:?}");
        }
    }

    #[test]
    fn one_mail_tries_it_after_each_pause_and_pauses_double_up_to_an_hour() {
        let mut domain = Destination::new(1);
        let (mut now, mut lengths) = (NOW, Vec::new());
        assert_eq!(domain.note(Reaction::TooMuch, now), None);
        for _ in 0..6 {
            assert!(domain.has_room(0) && !domain.has_room(1));
            let end = domain.note(Reaction::TooMuch, now).expect("a pause");
            assert_eq!(domain.paused_until(end - TimeDelta::seconds(1)), Some(end));
            assert_eq!(domain.paused_until(end), None);
            lengths.push((end - now).num_minutes());
            now = end;
        }
        assert_eq!(lengths, [5, 10, 20, 40, 60, 60]);
        domain.note(Reaction::Fine, now);
        assert!(domain.is_untroubled());
        assert_eq!(domain.note(Reaction::TooMuch, now), None, "it begins anew");
    }

    #[test]
    fn a_clock_that_is_put_back_makes_no_pause_longer() {
        let mut domain = Destination::new(1);
        domain.note(Reaction::TooMuch, NOW);
        domain.note(Reaction::TooMuch, NOW);
        assert!(domain.paused_until(NOW).is_some());
        assert_eq!(domain.paused_until(NOW - TimeDelta::days(1)), None);
    }
}
