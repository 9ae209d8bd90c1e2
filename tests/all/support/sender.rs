//! How mails are sent where a test does not care.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crieur::model::settings::{MailSettings, MailTransport, Mailbox, SmtpSettings, Tls};
use crieur::model::subscription::EmailAddress;

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

/// A relay here that is spoken to in clear.
pub fn in_clear(port: u16) -> MailTransport {
    MailTransport::Smtp(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None { anywhere: false },
        authorities: Vec::new(),
        credentials: None,
    })
}

/// One connection, no limits, no signature.
pub fn settings(transport: MailTransport) -> MailSettings {
    MailSettings {
        from: Mailbox { name: None, address: address("equipe@example.org") },
        reply_to: None,
        bounce_address: None,
        bounce_lmtp: None,
        transport,
        connections: NonZeroUsize::MIN,
        rate: None,
        domain_rate: None,
        domain_rates: BTreeMap::new(),
        quiet_hours: None,
        dkim: Vec::new(),
    }
}
