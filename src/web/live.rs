//! The site that is served now: since when each of its documents holds what it holds, and its bytes in every coding.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::encoding::{Coding, Packed};
use crate::model::text::Label;
use crate::output::site::{Document, Site};

#[derive(Debug)]
pub(super) struct Live {
    site: Arc<Site>,
    states: HashMap<String, State>,
}

/// What is known of a document beside its bytes.
#[derive(Debug, Clone)]
struct State {
    /// `Last-Modified`: when its bytes were first served, not what dates stand in it. A post merged late or withdrawn changes
    /// a feed without being newer than the others.
    since: DateTime<Utc>,
    /// Filled in the background; the same as in the site before where the bytes are the same.
    packed: Arc<OnceLock<Packed>>,
}

/// A document with what is known of it.
pub(super) struct Served<'a> {
    pub(super) document: &'a Document,
    pub(super) since: DateTime<Utc>,
    packed: Option<&'a Packed>,
}

impl<'a> Served<'a> {
    /// The bytes in a coding, if there are any yet.
    pub(super) fn bytes(&self, coding: Coding) -> Option<&'a Bytes> {
        match coding {
            Coding::Identity => Some(&self.document.bytes),
            _ => self.packed?.get(coding),
        }
    }
}

impl Live {
    /// A site served from `now` on; documents with the same bytes as before keep what is known of them.
    pub(super) fn after(before: Option<&Self>, site: Arc<Site>, now: DateTime<Utc>) -> Self {
        let now = now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now);
        let state = |path: &str, document: &Document| match before.and_then(|before| before.known(path)) {
            Some((known, state)) if known.etag == document.etag => state.clone(),
            // a date has whole seconds: two changes within one must differ
            Some((_, state)) => State { since: now.max(state.since + TimeDelta::seconds(1)), packed: Arc::default() },
            None => State { since: now, packed: Arc::default() },
        };
        let states = site.documents.iter().map(|(path, document)| (path.clone(), state(path, document))).collect();
        Self { site, states }
    }

    fn known(&self, path: &str) -> Option<(&Document, &State)> {
        Some((self.site.get(path)?, self.states.get(path)?))
    }

    /// The document at a decoded path without a leading `/`.
    pub(super) fn get(&self, path: &str) -> Option<Served<'_>> {
        let (document, state) = self.known(path)?;
        Some(Served { document, since: state.since, packed: state.packed.get() })
    }

    /// The categories a newsletter's readers can choose among, and what it is about.
    pub(super) fn labels(&self, newsletter: &str) -> [Vec<Label>; 2] {
        [&self.site.topics, &self.site.subjects].map(|labels| labels.get(newsletter).cloned().unwrap_or_default())
    }

    /// What is left to be packed, feeds first: most of what is asked for.
    fn unpacked(&self) -> Vec<(Arc<OnceLock<Packed>>, Bytes)> {
        let (feeds, others): (Vec<_>, Vec<_>) = self.site.documents.iter().partition(|(_, it)| it.is_feed());
        let worth = feeds.into_iter().chain(others).filter(|(_, it)| Packed::is_worth_it(it.content_type, &it.bytes));
        let states = worth.filter_map(|(path, it)| Some((&self.states.get(path)?.packed, &it.bytes)));
        let left = states.filter(|(packed, _)| packed.get().is_none());
        left.map(|(packed, bytes)| (Arc::clone(packed), bytes.clone())).collect()
    }

    /// Packs what is left to be packed, on a thread of its own: until then the bytes are served as they are.
    pub(super) fn pack_in_background(self: &Arc<Self>) {
        let left = self.unpacked();
        if left.is_empty() {
            return;
        }
        let live = Arc::downgrade(self);
        let spawned = std::thread::Builder::new().name("packing".to_owned()).spawn(move || pack(&left, &live));
        if let Err(error) = spawned {
            tracing::warn!(%error, "documents are served uncompressed");
        }
    }
}

/// Until everything is packed or nobody is served from this site any more.
fn pack(left: &[(Arc<OnceLock<Packed>>, Bytes)], live: &Weak<Live>) {
    for (packed, bytes) in left {
        if live.strong_count() == 0 {
            return;
        }
        packed.get_or_init(|| Packed::pack(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(texts: &[(&str, &str)]) -> Arc<Site> {
        let documents =
            texts.iter().map(|(path, text)| ((*path).to_owned(), Document::new((*text).to_owned(), "text/plain")));
        Arc::new(Site { documents: documents.collect(), ..Site::default() })
    }

    #[test]
    fn a_document_is_as_old_as_its_bytes() {
        let at = |second: i64| DateTime::from_timestamp(1_000_000 + second, 500).expect("an instant");
        let first = Live::after(None, site(&[("a", "1"), ("b", "1")]), at(0));
        let second = Live::after(Some(&first), site(&[("a", "1"), ("b", "2"), ("c", "1")]), at(0));
        let third = Live::after(Some(&second), site(&[("a", "1"), ("b", "3")]), at(10));
        let since = |live: &Live, path: &str| live.get(path).map(|it| it.since.timestamp() - 1_000_000);
        assert_eq!([since(&second, "a"), since(&second, "b"), since(&second, "c")], [Some(0), Some(1), Some(0)]);
        assert_eq!([since(&third, "a"), since(&third, "b"), since(&third, "c")], [Some(0), Some(10), None]);
    }

    #[test]
    fn only_what_changed_is_packed_again() {
        let long = |text: &str| text.repeat(2000);
        let now = DateTime::UNIX_EPOCH;
        let first = Arc::new(Live::after(None, site(&[("a", &long("1")), ("b", &long("1")), ("c", "short")]), now));
        assert_eq!(first.unpacked().len(), 2);
        pack(&first.unpacked(), &Arc::downgrade(&first));
        let second = Live::after(Some(&first), site(&[("a", &long("1")), ("b", &long("2"))]), now);
        assert_eq!(second.unpacked().len(), 1);
        let gzip = |live: &Live, path: &str| live.get(path).and_then(|it| it.bytes(Coding::Gzip).cloned());
        assert_eq!(gzip(&first, "a").map(|it| it.as_ptr()), gzip(&second, "a").map(|it| it.as_ptr()), "the same bytes");
        assert_eq!(gzip(&second, "b"), None, "not yet");
    }

    #[test]
    fn nothing_is_packed_for_a_site_that_is_gone() {
        let live = Arc::new(Live::after(None, site(&[("a", &"1".repeat(2000))]), DateTime::UNIX_EPOCH));
        let (left, gone) = (live.unpacked(), Arc::downgrade(&live));
        drop(live);
        pack(&left, &gone);
        assert!(left[0].0.get().is_none());
    }
}
