//! `[publish]` and `[store]`: what is written where.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use url::Url;

use super::StoreLocation;
use super::raw::{RawPublish, Text};
use super::span::nearest;
use super::values::{Checked, fault, span_of_time};
use crate::model::color::Color;
use crate::model::settings::PublishSettings;
use crate::model::text::label_slug;

pub(super) fn publish(raw: &RawPublish, base: &Path, content: &Path) -> Checked<PublishSettings> {
    let dir = base.join(raw.dir.as_ref().map_or("public", |dir| dir.get_ref()));
    // the site is written over what is there, and taken away again
    if let Some(text) = raw.dir.as_ref().filter(|_| holds(&dir, base) || holds(&dir, content) || holds(content, &dir)) {
        return Err(fault(
            text,
            "publish.dir",
            "the site needs a folder of its own, apart from crieur.toml and the content",
        )
        .hint("write `public`"));
    }
    Ok(PublishSettings {
        dir,
        limit: raw.limit.map_or(50, std::num::NonZero::get),
        content: raw.content,
        websub_hubs: raw.websub_hubs.iter().map(hub).collect::<Checked<_>>()?,
        refresh: span_of_time(raw.refresh.as_ref(), "publish.refresh", TimeDelta::hours(1))?,
        colors: raw
            .colors
            .iter()
            .map(|(label, name)| Ok((label_slug(label.get_ref()), color(name)?)))
            .collect::<Checked<_>>()?,
    })
}

/// Whether a folder is another or holds it.
fn holds(outer: &Path, inner: &Path) -> bool {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    };
    whole(inner).starts_with(whole(outer))
}

fn color(text: &Text) -> Checked<Color> {
    Color::named(text.get_ref()).ok_or_else(|| {
        let fault = fault(text, "publish.colors", &format!("`{}` is no colour", text.get_ref()));
        match nearest(text.get_ref(), Color::names()) {
            Some(name) => fault.hint(format!("did you mean `{name}`?")),
            None => fault.hint("colours have the names of CSS, such as `teal`"),
        }
    })
}

fn hub(text: &Text) -> Checked<Url> {
    Url::parse(text.get_ref())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| fault(text, "publish.websub_hubs", "a hub is a web address"))
}

pub(super) fn store(text: Option<&Text>, base: &Path) -> Checked<StoreLocation> {
    let Some(text) = text else { return Ok(StoreLocation::Sqlite(base.join("state/crieur.db"))) };
    match text.get_ref().split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(StoreLocation::Sqlite(base.join(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))))
        }
        Some(("postgres" | "postgresql", _)) => Err(fault(text, "store.url", "PostgreSQL is not built yet")),
        _ => Err(fault(text, "store.url", "no store is known by this address").hint("write `sqlite:state/crieur.db`")),
    }
}
