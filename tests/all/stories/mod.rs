//! What people live through with crieur, told through the real binary.

mod admin;
mod archives;
mod bounces;
mod build;
mod calendar;
mod edits;
mod exits;
mod five;
mod gate;
mod http;
mod hubs;
mod init;
mod issues;
mod killed;
mod leaving;
mod life;
mod preview;
mod privacy;
mod relay;
mod send;
mod subscribers;
mod timed;
mod watching;
mod week;
mod years;

/// The Monday on which the event of 11 April was announced.
const MONDAY: &str = "2019-04-08T12:00:00+02:00";

/// A sixth announcement.
fn announcement(title: &str, date: &str) -> String {
    format!("---\ntitle: {title}\ndate: {date}\ncategories:\n- Article\n---\n\nLe corps de {title}.\n")
}
