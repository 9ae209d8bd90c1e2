//! The return path a mail goes out with: `bounces+TOKEN@example.org`. Whatever comes back to it names the mail, also where
//! the report has lost all else (variable envelope return path).

use crate::model::bounce::About;
use crate::model::settings::MailSettings;
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

/// The envelope sender for one mail: `bounce_address` with a token, where there is one and it has room for it (RFC 5321
/// §4.5.3.1.1: 64 octets); the sender as it is otherwise.
pub fn return_path(mail: &MailSettings, key: &SigningKey, about: About) -> EmailAddress {
    let with_token = mail.bounce_address.as_ref().and_then(|address| {
        let token = match about {
            About::Delivery { issue, subscription } => key.bounce_token(&[issue, subscription]),
            About::Letter(letter) => key.bounce_token(&[letter]),
            About::Subscription(_) => return None,
        };
        EmailAddress::parse(&format!("{}+{token}@{}", address.local_part(), address.domain())).ok()
    });
    with_token.unwrap_or_else(|| mail.sender().clone())
}

/// The first mail of ours that a text names by its return path.
pub fn find(key: &SigningKey, text: &str) -> Option<About> {
    let between = |c: char| c.is_whitespace() || "<>()[]{},;:\"'`|".contains(c);
    text.split(between).filter_map(|word| word.split_once('@')).find_map(|(local, _)| {
        match key.open_bounce_token(local.rsplit_once('+')?.1)?[..] {
            [issue, subscription] => Some(About::Delivery { issue, subscription }),
            [letter] => Some(About::Letter(letter)),
            _ => None,
        }
    })
}
