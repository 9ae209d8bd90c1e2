//! What people live through with crieur, told through the real binary.

mod admin;
mod archives;
mod bounces;
mod build;
mod calendar;
mod disk;
mod doctor;
mod edits;
mod exits;
mod five;
mod gate;
mod http;
mod hubs;
mod init;
mod issues;
mod kept;
mod killed;
mod leaving;
mod life;
mod lists;
mod manual;
mod pauses;
mod people;
mod preview;
mod privacy;
mod relay;
mod restarts;
mod secrets;
mod send;
mod sending;
mod signup;
mod slots;
mod storm;
mod strange;
mod subscribers;
mod timed;
mod watching;
mod week;
mod years;

use chrono::{TimeDelta, Timelike as _, Utc};
use chrono_tz::Europe::Paris;

use crate::support::folder::Folder;

/// The Monday on which the event of 11 April was announced.
const MONDAY: &str = "2019-04-08T12:00:00+02:00";

/// A sixth announcement.
fn announcement(title: &str, date: &str) -> String {
    format!("---\ntitle: {title}\ndate: {date}\ncategories:\n- Article\n---\n\nLe corps de {title}.\n")
}

/// A newsletter that fell due a few minutes ago and something new for it.
fn due_newsletter() -> Folder {
    let due = (Utc::now() - TimeDelta::minutes(3)).with_timezone(&Paris);
    let schedule = format!("schedule = \"{} {} * * *\"", due.minute(), due.hour());
    let folder = Folder::of_five().but("schedule = \"0 9 * * MON\"", &schedule);
    let news = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
    folder.write("content/actualites/neuf.md", &announcement("Tout neuf", &news));
    folder
}
