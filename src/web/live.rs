//! The site that is served now, and since when each of its documents holds what it holds.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use crate::output::site::{Document, Site};

#[derive(Debug)]
pub(super) struct Live {
    pub site: Arc<Site>,
    /// `Last-Modified` of each document: when its bytes were first served, not what dates stand in it. A post merged late
    /// or withdrawn changes a feed without being newer than the others.
    since: HashMap<String, DateTime<Utc>>,
}

impl Live {
    /// A site served from `now` on; documents with the same bytes as before keep their time.
    pub(super) fn after(before: Option<&Self>, site: Arc<Site>, now: DateTime<Utc>) -> Self {
        let now = now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now);
        let since = |path: &str, document: &Document| match before.and_then(|before| before.get(path)) {
            Some((known, since)) if known.etag == document.etag => since,
            // a date has whole seconds: two changes within one must differ
            Some((_, since)) => now.max(since + TimeDelta::seconds(1)),
            None => now,
        };
        let since = site.documents.iter().map(|(path, document)| (path.clone(), since(path, document))).collect();
        Self { site, since }
    }

    /// The document at a decoded path without a leading `/`, and since when it is as it is.
    pub(super) fn get(&self, path: &str) -> Option<(&Document, DateTime<Utc>)> {
        Some((self.site.get(path)?, *self.since.get(path)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(texts: &[(&str, &str)]) -> Arc<Site> {
        let document =
            |text: &str| Document { bytes: bytes::Bytes::new(), content_type: "text/plain", etag: text.to_owned() };
        let documents = texts.iter().map(|(path, text)| ((*path).to_owned(), document(text))).collect();
        Arc::new(Site { documents, ..Site::default() })
    }

    #[test]
    fn a_document_is_as_old_as_its_bytes() {
        let at = |second: i64| DateTime::from_timestamp(1_000_000 + second, 500).expect("an instant");
        let first = Live::after(None, site(&[("a", "1"), ("b", "1")]), at(0));
        let second = Live::after(Some(&first), site(&[("a", "1"), ("b", "2"), ("c", "1")]), at(0));
        let third = Live::after(Some(&second), site(&[("a", "1"), ("b", "3")]), at(10));
        let since = |live: &Live, path: &str| live.get(path).map(|(_, since)| since.timestamp() - 1_000_000);
        assert_eq!([since(&second, "a"), since(&second, "b"), since(&second, "c")], [Some(0), Some(1), Some(0)]);
        assert_eq!([since(&third, "a"), since(&third, "b"), since(&third, "c")], [Some(0), Some(10), None]);
    }
}
