//! What is wrong with the daemon while it goes on working: told once when it begins and once when it is over.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// What is wrong, by the part it is wrong with.
pub type Troubles = BTreeMap<&'static str, String>;

/// Shared by all parts; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health {
    troubles: watch::Sender<Troubles>,
}

impl Health {
    /// For whoever shows them.
    pub fn troubles(&self) -> watch::Receiver<Troubles> {
        self.troubles.subscribe()
    }

    /// Something is wrong with a part; `true` where that is news.
    pub fn is_ill(&self, part: &'static str, what: &str) -> bool {
        self.troubles.send_if_modified(|troubles| {
            let is_news = troubles.get(part).is_none_or(|known| known != what);
            if is_news {
                troubles.insert(part, what.to_owned());
            }
            is_news
        })
    }

    /// Nothing is wrong with a part; `true` where that is news.
    pub fn is_well(&self, part: &'static str) -> bool {
        self.troubles.send_if_modified(|troubles| troubles.remove(part).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_news_once() {
        let health = Health::default();
        assert!(health.is_ill("disk", "full") && !health.is_ill("disk", "full") && health.is_ill("disk", "gone"));
        assert_eq!(health.troubles().borrow().get("disk").map(String::as_str), Some("gone"));
        assert!(health.is_well("disk") && !health.is_well("disk"));
        assert!(health.troubles().borrow().is_empty());
    }
}
