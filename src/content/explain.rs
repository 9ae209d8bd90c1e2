//! Each field of an announcement with its value and the key, line and rule it came from: `check --explain`.

use serde::Serialize;
use serde_json::Value;

use super::mapping::Understood;
use super::origins::Origin;

/// One field of the neutral announcement.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    pub field: &'static str,
    pub value: Value,
    /// The keys it was read from; none where it follows from something else.
    pub from: Vec<Origin>,
    /// The profile's rule, or what it follows from.
    pub rule: String,
}

/// Each field: where its value stands in the announcement, the profile's fields it is read by, and what decides where
/// none of these has anything.
const FIELDS: &[(&str, &str, &[&str], &str)] = &[
    ("id", "/id", &["id"], "minted from the site's host, the first date and the slug"),
    ("title", "/title", &["title"], "the slug, for want of a title"),
    ("subtitle", "/subtitle", &["subtitle"], ""),
    ("kind", "/kind", &[], "the folder's rule, or its name"),
    ("lang", "/lang", &["lang"], "the file name, the folder's rule or the site"),
    ("slug", "/slug", &["slug"], "the file name without its date"),
    ("url", "/url", &["url"], "the pattern of the folder's rule or the profile"),
    ("aliases", "/aliases", &["aliases"], ""),
    ("external_url", "/external_url", &["external_url"], ""),
    ("published", "/published", &["published"], ""),
    ("updated", "/updated", &["updated"], ""),
    ("expires", "/expires", &["expires"], ""),
    ("status", "/status", &["draft", "published_flag"], "published unless said otherwise"),
    ("authors", "/authors", &["authors"], ""),
    ("contact", "/contact", &["contact"], "the first practical row that is an e-mail address"),
    ("summary", "/summary/text", &["summary"], "the text before the mark for `more`"),
    ("body", "/body/text", &[], "the text below the front matter"),
    ("categories", "/categories", &["categories"], ""),
    ("tags", "/tags", &["tags"], ""),
    ("images", "/images", &["images"], ""),
    ("attachments", "/attachments", &["attachments"], ""),
    ("info", "/info", &["info"], ""),
    ("event.when", "/event/when", &["start", "end", "hours"], ""),
    ("event.status", "/event/status", &["event_status"], "it takes place unless said otherwise"),
    ("event.place", "/event/place", &["place", "address"], ""),
    ("event.access", "/event/access", &["access"], ""),
    ("event.online", "/event/online", &["online"], ""),
    (
        "event.registration",
        "/event/registration",
        &["registration"],
        "the first practical row with a link that speaks of it",
    ),
    ("event.organizer", "/event/organizer", &["organizer"], ""),
    ("extra", "/extra", &[], "keys that no rule reads"),
];

/// The fields that have a value.
pub fn explain(understood: &Understood) -> Vec<Explained> {
    let announcement = serde_json::to_value(&understood.announcement).unwrap_or_default();
    let has_value =
        |value: &&Value| !matches!(value, Value::Null) && value.as_array().is_none_or(|all| !all.is_empty());
    FIELDS
        .iter()
        .filter_map(|(field, pointer, read_by, otherwise)| {
            let value = announcement.pointer(pointer).filter(has_value)?.clone();
            let readings: Vec<_> = read_by.iter().filter_map(|name| understood.origins.get(name)).collect();
            let rules: Vec<&str> = readings.iter().map(|reading| reading.rule.as_str()).collect();
            let origin = announcement.pointer(&format!("{pointer}/origin")).and_then(Value::as_str);
            let rule = if readings.is_empty() { origin.unwrap_or(otherwise).to_owned() } else { rules.join("; ") };
            let from = readings.iter().flat_map(|reading| reading.origins.clone()).collect();
            Some(Explained { field, value, from, rule })
        })
        .collect()
}
