//! What can be wrong with a daemon that runs. It tells the truth about itself: degraded is not ok.

use std::collections::BTreeMap;

use serde::Serialize;

/// A kind of trouble. Each comes and goes by itself: a restart mends none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// The folder as it is now is not published: unreadable, or too much of it is gone.
    Held,
    /// A site could not be built: the last good one is served.
    Publishing,
    /// The site is served over HTTP but could not be written to its folder.
    Writing,
    /// The store does not answer as it should.
    Store,
    /// The relay takes no mail: what waits, waits on.
    Relay,
    /// The relay refuses an issue as a whole: it is held.
    Issue,
    /// An issue that is due cannot be made, by a template mostly. It is tried again at each look.
    Composing,
    /// Nothing is mailed and no issue frozen before the operator has looked: `model::pause`.
    Paused,
    /// The folder is not watched, only looked at now and then: what is saved appears later.
    Polling,
    /// The configuration or a template was changed and cannot be used: the old ones stay.
    Configuration,
}

impl Trouble {
    pub const ALL: [Self; 10] = [
        Self::Held,
        Self::Publishing,
        Self::Writing,
        Self::Store,
        Self::Relay,
        Self::Issue,
        Self::Composing,
        Self::Paused,
        Self::Polling,
        Self::Configuration,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Publishing => "publishing",
            Self::Writing => "writing",
            Self::Store => "store",
            Self::Relay => "relay",
            Self::Issue => "issue",
            Self::Composing => "composing",
            Self::Paused => "paused",
            Self::Polling => "polling",
            Self::Configuration => "configuration",
        }
    }

    /// In a sentence for `/healthz`, which anybody may read: nothing of files, addresses or machines.
    pub fn says(self) -> &'static str {
        match self {
            Self::Held => "the content folder is held back, the last good site is served",
            Self::Publishing => "publishing fails, the last good site is served",
            Self::Writing => "the site cannot be written to its folder",
            Self::Store => "the store fails",
            Self::Relay => "the relay takes no mail",
            Self::Issue => "an issue is held, the relay refuses it",
            Self::Composing => "an issue that is due cannot be made",
            Self::Paused => "no newsletter is sent before the operator has looked",
            Self::Polling => "the content folder is polled, not watched",
            Self::Configuration => "a changed configuration cannot be used, the old one stays",
        }
    }
}

/// The troubles there are, each with what the operator needs to know of it; none is healthy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health(BTreeMap<Trouble, String>);

impl Health {
    /// Notes a trouble, or that it is over; `true` where that is news, to be told once.
    pub fn note(&mut self, trouble: Trouble, reason: Option<String>) -> bool {
        match reason {
            Some(reason) => self.0.insert(trouble, reason.clone()).is_none_or(|known| known != reason),
            None => self.0.remove(&trouble).is_some(),
        }
    }

    pub fn has(&self, trouble: Trouble) -> bool {
        self.0.contains_key(&trouble)
    }

    pub fn troubles(&self) -> impl Iterator<Item = (Trouble, &str)> {
        self.0.iter().map(|(trouble, reason)| (*trouble, reason.as_str()))
    }

    /// `ok`, or `degraded: ` and what is wrong.
    pub fn line(&self) -> String {
        let said: Vec<&str> = self.0.keys().map(|trouble| trouble.says()).collect();
        if said.is_empty() { "ok\n".to_owned() } else { format!("degraded: {}\n", said.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_news_once() {
        let mut health = Health::default();
        let told = [Some("full"), Some("full"), Some("gone"), None, None]
            .map(|reason| health.note(Trouble::Writing, reason.map(str::to_owned)));
        assert_eq!(told, [true, false, true, true, false]);
        assert_eq!(health, Health::default());
    }

    #[test]
    fn what_anybody_may_read_names_the_trouble_and_not_its_cause() {
        let mut health = Health::default();
        assert_eq!(health.line(), "ok\n");
        health.note(Trouble::Polling, Some("inotify: too many watches".to_owned()));
        health.note(Trouble::Held, Some("/srv/content is gone".to_owned()));
        assert_eq!(
            health.line(),
            "degraded: the content folder is held back, the last good site is served; the content folder is polled, not \
             watched\n"
        );
        health.note(Trouble::Held, None);
        health.note(Trouble::Polling, None);
        assert_eq!(health.line(), "ok\n");
    }
}
