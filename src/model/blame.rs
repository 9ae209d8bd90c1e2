//! Whom a final refusal (5xx) is about. Whatever else a relay finds wrong than the address, it may find wrong with everybody's
//! mail, and a list must not be used up by that: many such answers in a row hold the issue (`delivery::outbox::streaks`).
//!
//! | said | about |
//! |---|---|
//! | 5.1.x and 5.2.x (RFC 3463 §3.2, §3.3), but for the sender (5.1.7, 5.1.8) and for the mail's size (5.2.3) | the reader |
//! | any other code with three parts | the mail |
//! | no such code, but words such as "no such user" | the reader |
//! | no such code, and words such as "relay not permitted", or no words we know | the mail |

use super::bounce::Status;

/// What servers say of a mailbox, in lower case.
const OF_A_MAILBOX: [&str; 14] = [
    "user",
    "mailbox",
    "recipient",
    "address",
    "account",
    "unknown",
    "no such",
    "not exist",
    "doesn't",
    "inconnu",
    "invalid",
    "inactive",
    "disabled",
    "unrouteable",
];

/// What they say of us or of the mail, whatever else they say.
const OF_THE_MAIL: [&str; 14] = [
    "relay",
    "spam",
    "block",
    "blacklist",
    "denied",
    "denyed",
    "policy",
    "permitted",
    "authenti",
    "reputation",
    "listed",
    "banned",
    "content",
    "sender",
];

/// Whether a refusal is about the reader.
pub fn is_about_the_reader(reason: &str) -> bool {
    if let Some(Status { class: 5, subject, detail }) = Status::find(reason) {
        return match subject {
            1 => !matches!(detail, 7 | 8),
            2 => detail != 3,
            _ => false,
        };
    }
    let said = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    has(&OF_A_MAILBOX) && !has(&OF_THE_MAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_of_a_mailbox_is_about_the_reader() {
        for (reason, about_the_reader) in [
            ("550 5.1.1 no such user", true),
            ("550 5.2.1 disabled", true),
            ("552 5.2.2 over quota", true),
            ("552 5.2.3 too long for this mailbox", false),
            ("553 5.1.8 sender domain not found", false),
            ("550 5.7.1 blocked", false),
            ("550 #5.7.1 recipient blocked by policy", false),
            ("554 5.6.0 bad content", false),
            ("552 5.3.4 Message size exceeds fixed limit", false),
            ("550 5.0.0 no", false),
            ("550 No such user here", true),
            ("550 Unrouteable address", true),
            ("550 Adresse inconnue", true),
            ("550 relay not permitted", false),
            ("554 recipient address rejected: Access denied", false),
            ("554 message rejected as spam", false),
            ("550 no", false),
        ] {
            assert_eq!(is_about_the_reader(reason), about_the_reader, "{reason}");
        }
    }
}
