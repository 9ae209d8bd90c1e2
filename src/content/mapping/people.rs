//! How to reach people and places: practical rows, contact, access.

use url::Url;

use super::Mapper;
use super::address::Place;
use crate::model::announcement::InfoRow;
use crate::model::event::Access;
use crate::model::subscription::EmailAddress;

impl Mapper<'_> {
    pub(super) fn info(&mut self, place: &Place) -> Vec<InfoRow> {
        let mut rows = Vec::new();
        for (rule, outer) in self.grouped("info") {
            let plain = |part| self.part(&rule, outer.as_ref(), part).and_then(|found| self.lookup.plain(&found));
            let label = plain("label").map(|label| without_colon(&label)).unwrap_or_default();
            let value = plain("value").unwrap_or_default();
            let href = self.part(&rule, outer.as_ref(), "href").and_then(|found| self.resolve(&found, place));
            // an address written where its words belong is a link all the same
            let href = href.or_else(|| Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https")));
            if !value.is_empty() || href.is_some() {
                rows.push(InfoRow { label, value, href });
            }
        }
        rows
    }

    /// A field of its own, or the first row that is nothing but an e-mail address.
    pub(super) fn contact(&self, info: &[InfoRow]) -> Option<String> {
        let is_address = |row: &&InfoRow| EmailAddress::parse(&row.value).is_ok();
        self.line("contact").or_else(|| info.iter().find(is_address).map(|row| row.value.clone()))
    }

    pub(super) fn access(&self) -> Vec<Access> {
        let mut access = Vec::new();
        for (rule, outer) in self.grouped("access") {
            let mode = self.part(&rule, outer.as_ref(), "mode").and_then(|found| self.lookup.plain(&found));
            let lines = self.parts(&rule, outer.as_ref(), "lines");
            let lines: Vec<String> = lines.iter().filter_map(|found| self.lookup.plain(found)).collect();
            if !lines.is_empty() {
                access.push(Access { mode: mode.map(|mode| without_colon(&mode)), lines });
            }
        }
        access
    }
}

/// Outputs set the colon themselves, as the language wants it.
fn without_colon(label: &str) -> String {
    label.trim_end_matches([':', ' ', '\u{a0}', '\u{202f}']).to_owned()
}
