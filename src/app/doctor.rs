//! `doctor`: looks at everything a daemon will need, before readers find out. It changes nothing but what any command makes.

mod mail;
mod templates;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::statvfs;

use crate::config::{Config, StoreLocation, nearest};
use crate::folder;
use crate::model::announcement::Announcement;
use crate::model::catalog::Catalog;
use crate::model::checkup::{Checkup, Finding};
use crate::model::diagnostic::Severity;
use crate::model::pause::{CONFIRM, Pause};
use crate::model::settings::MailTransport;
use crate::model::text::Label;
use crate::store::{SqliteStore, Store as _, StoreError};

/// Looks at a configuration that was read, and the machine it is on.
pub async fn checkup(config: &Config, now: DateTime<Utc>) -> Checkup {
    let mut findings = vec![configuration(config), own_templates(config, now)];
    findings.extend(content(config, now));
    findings.extend(folders(config));
    findings.extend(state(config, now).await);
    let (public, clock) = mail::public_address(config, now).await;
    findings.extend(public);
    findings.push(clock);
    findings.extend(mail::relay(config).await);
    let records = mail::records(config);
    findings.extend(mail::names(config, &records).await);
    Checkup { findings, records }
}

fn configuration(config: &Config) -> Finding {
    let newsletters = match config.newsletters.len() {
        0 => "no newsletter".to_owned(),
        1 => "one newsletter".to_owned(),
        more => format!("{more} newsletters"),
    };
    Finding::ok("configuration", format!("`{}` is understood: {newsletters}", config.file.display()))
}

fn own_templates(config: &Config, now: DateTime<Utc>) -> Finding {
    let read = super::templates(&config.templates);
    let tried = read.and_then(|(read, own)| Ok((templates::try_mails(config, &read, now)?, own)));
    match tried {
        Ok(((), own)) if own == "{}" => Finding::ok("templates", "the built-in ones"),
        Ok(_) => Finding::ok("templates", format!("those in `{}` are understood", config.templates.display())),
        Err(error) => Finding::error("templates", format!("{error:#}")),
    }
}

fn content(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    const CONTENT: &str = "content";
    let dir = config.content.dir.display();
    let loaded = match super::check(config, now) {
        Ok(loaded) => loaded,
        Err(error) => return vec![Finding::error(CONTENT, error.to_string())],
    };
    let files = loaded.files;
    let read = match loaded.count(Severity::Error) {
        0 if files == 0 => Finding::warning(CONTENT, format!("there is no announcement in `{dir}`")),
        0 => Finding::ok(CONTENT, format!("`{dir}` is readable: {} of {files} files announce", loaded.catalog.len())),
        errors => Finding::warning(CONTENT, format!("errors in the {files} files of `{dir}`: {errors}"))
            .hint("`crieur check` names them"),
    };
    std::iter::once(read).chain(subjects(config, &loaded.catalog)).collect()
}

/// A newsletter about something that nothing is about stays silent for ever.
fn subjects(config: &Config, catalog: &Catalog) -> Vec<Finding> {
    let slugs = |labels: fn(&Announcement) -> &[Label]| -> BTreeSet<&str> {
        catalog.all().iter().flat_map(|announcement| labels(announcement)).map(|label| label.slug.as_str()).collect()
    };
    let (categories, tags) = (slugs(|it| &it.categories), slugs(|it| &it.tags));
    let mut findings = Vec::new();
    for newsletter in config.newsletters.iter().filter(|_| !catalog.is_empty()) {
        let wanted = [("category", &newsletter.categories, &categories), ("tag", &newsletter.tags, &tags)];
        for (kind, wanted, known) in wanted {
            for missing in wanted.iter().filter(|slug| !known.contains(slug.as_str())) {
                let what =
                    format!("`{}` waits for the {kind} `{missing}`, and no announcement has it", newsletter.name);
                let finding = Finding::warning("newsletters", what);
                findings.push(match nearest(missing, known.iter().copied()) {
                    Some(near) => finding.hint(format!("did you mean `{near}`?")),
                    None => finding,
                });
            }
        }
    }
    findings
}

/// Those that are written to.
fn folders(config: &Config) -> Vec<Finding> {
    let outbox = match &config.mail.transport {
        MailTransport::Folder { dir } => Some(dir),
        MailTransport::Smtp(_) => None,
    };
    let written = |dir: &Path| match folder::is_writable(dir) {
        Ok(()) => Finding::ok("folders", format!("`{}` can be written", dir.display())),
        Err(error) => Finding::error("folders", error.to_string()),
    };
    std::iter::once(&config.publish.dir).chain(outbox).map(|dir| written(dir)).collect()
}

async fn state(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    const STORE: &str = "store";
    let StoreLocation::Sqlite(path) = &config.store;
    let (last, pauses) = match looked_at(path).await {
        Ok(found) => found,
        Err(error @ StoreError::Busy(_)) => return vec![Finding::warning(STORE, error.to_string())],
        Err(error) => return vec![Finding::error(STORE, error.to_string())],
    };
    let mut findings = vec![Finding::ok(STORE, format!("`{}` is whole, and nobody else may read it", path.display()))];
    findings.extend(room_beside(path));
    findings.extend(pauses.into_iter().map(|pause| {
        Finding::error("sending", format!("it is paused: {}", pause.reason))
            .hint(format!("if all is right: `{CONFIRM}`"))
    }));
    findings.extend(last.filter(|last| *last > now + TimeDelta::minutes(1)).map(|last| {
        Finding::error("clock", format!("this machine's clock is behind: something was published at {last}, it says"))
            .hint("set it right, and see that `systemd-timesyncd` or `chronyd` runs")
    }));
    findings
}

/// When something was last published, and what keeps all mails back.
async fn looked_at(path: &Path) -> Result<(Option<DateTime<Utc>>, Vec<Pause>), StoreError> {
    let store = SqliteStore::open(path).await?;
    Ok((store.last_publish().await?.map(|last| last.at), store.pauses().await?))
}

/// Whether the disk the state is on has room for it to grow.
fn room_beside(path: &Path) -> Option<Finding> {
    const MEBIBYTE: u64 = 1024 * 1024;
    const ENOUGH: u64 = 200;
    const LEAST: u64 = 20;
    let disk = statvfs(path).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) / MEBIBYTE;
    let message = format!("{free} MiB are free on the disk of the state");
    Some(match free {
        ..LEAST => Finding::error("store", message).hint("on a full disk no mail is sent: make room"),
        LEAST..ENOUGH => Finding::warning("store", message),
        ENOUGH.. => Finding::ok("store", message),
    })
}
