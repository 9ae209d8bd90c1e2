//! Files in the middle of being written: what they look like, and how long it is worth waiting for the rest.

use std::cell::Cell;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{Mode, OFlags, open};

use super::folder::{self, AS_FOUND, Stamp};

/// For the rest of a front matter, or for anything at all: nobody publishes a file like that.
const OPEN: Duration = Duration::from_secs(2);
/// For the rest of a last line. Many editors end the last line nowhere, so it has to stay below what an editor notices.
const NO_LINE_END: Duration = Duration::from_millis(750);

/// From a write until we hear of it, on a busy machine.
const UNHEARD: TimeDelta = TimeDelta::milliseconds(100);
/// A little more than that.
const HEARD: Duration = Duration::from_millis(150);
/// Until what is heard by then says whether a file is whole.
const WRITTEN_MEANWHILE: Duration = Duration::from_millis(450);

/// How long after its last write a file with these bytes may still be half a file; `None` where it looks whole.
pub fn patience(bytes: &[u8]) -> Option<Duration> {
    if is_open(&String::from_utf8_lossy(bytes)) {
        Some(OPEN)
    } else {
        (bytes.last() != Some(&b'\n')).then_some(NO_LINE_END)
    }
}

/// The same of the file at a path; one that cannot be read is nothing to wait for.
pub fn patience_with(file: &Path, max_bytes: u64) -> Option<Duration> {
    let mut bytes = Vec::new();
    let file = File::from(open(file, OFlags::RDONLY | OFlags::CLOEXEC | AS_FOUND, Mode::empty()).ok()?);
    let is_file = file.metadata().is_ok_and(|file| file.is_file());
    is_file.then_some(file)?.take(max_bytes).read_to_end(&mut bytes).ok()?;
    patience(&bytes)
}

/// How much longer to wait for the rest of a file that was found with this stamp, if at all.
pub fn rest(file: &Path, stamp: &Stamp, max_bytes: u64, now: DateTime<Utc>) -> Option<Duration> {
    let age = now.timestamp_nanos_opt()?.checked_sub(stamp.modified)?;
    // a time that is still to come is no sign of somebody writing now
    let age = Duration::from_nanos(u64::try_from(age).ok()?);
    if age >= OPEN {
        return None;
    }
    patience_with(file, max_bytes)?.checked_sub(age)
}

/// How long to wait for a file that was written after the reading of the folder had `begun`, or so shortly before that its
/// writer may not have been heard of yet: who knows whether it was closed?
pub fn written_since(begun: DateTime<Utc>, stamp: &Stamp, now: DateTime<Utc>) -> Option<Duration> {
    let modified = DateTime::from_timestamp_nanos(stamp.modified);
    (begun - UNHEARD <= modified && modified <= now).then_some(WRITTEN_MEANWHILE)
}

/// How long to wait before the folder is read for the first time, so that what was put there a moment ago is whole: short,
/// whatever there is.
pub fn rest_of_folder(dir: &Path, max_bytes: u64, now: DateTime<Utc>) -> Duration {
    let longest = Cell::new(Duration::ZERO);
    let look = |path: &str, stamp: &Stamp| {
        let rest = rest(&dir.join(path), stamp, max_bytes, now).unwrap_or_default();
        // whatever was written just now is to be older than `UNHEARD` when it is read
        let heard = written_since(now, stamp, now).map_or(Duration::ZERO, |_| HEARD);
        longest.set(longest.get().max(rest).max(heard));
        true
    };
    // a folder that cannot be read is told by reading it
    let _ = folder::walk(dir, max_bytes, &look);
    longest.get().min(NO_LINE_END)
}

fn is_open(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim_end);
    match lines.next() {
        None => true,
        Some("---") => !lines.any(|line| line == "---" || line == "..."),
        Some("+++") => !lines.any(|line| line == "+++"),
        Some("{") => !lines.any(|line| line.starts_with('}')),
        // the first bytes of a line that opens a front matter
        Some("-" | "--" | "+" | "++") => !text.contains('\n'),
        Some(_) => text.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_is_waited_for() {
        let whole = "---\ntitle: T\ndate: 2021-05-06\n---\n\nThe body, two\nlines long.\n";
        for (text, expected) in [
            (whole, None),
            ("+++\ntitle = 'T'\n+++\nBody.\n", None),
            ("{\n\"title\": \"T\"\n}\nBody.\n", None),
            ("No front matter.\n", None),
            ("", Some(OPEN)),
            ("\n\n", Some(OPEN)),
            ("\u{feff}---\r\ntitle: T\r\n", Some(OPEN)),
            ("--", Some(OPEN)),
            ("+++\ntitle = 'T'\n", Some(OPEN)),
            ("{\n\"title\": \"T\",\n", Some(OPEN)),
            ("---\ntitle: T\n---\n\nThe bo", Some(NO_LINE_END)),
        ] {
            assert_eq!(patience(text.as_bytes()), expected, "{text:?}");
        }
        let cuts = (0..whole.len()).filter(|cut| patience(&whole.as_bytes()[..*cut]).is_none()).count();
        assert_eq!(cuts, 3, "only a cut at the end of a line after the front matter looks whole");
    }

    #[test]
    fn no_link_is_followed_and_nobody_waits_for_a_pipe() {
        let dir = tempfile::tempdir().expect("a folder");
        let [half, link, pipe] = ["half.md", "link.md", "pipe.md"].map(|name| dir.path().join(name));
        std::fs::write(&half, "---\ntitle: T\n").expect("a file");
        std::os::unix::fs::symlink(&half, &link).expect("a link");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        assert_eq!([&half, &link].map(|file| patience_with(file, 1024)), [Some(OPEN), None]);
        assert_eq!(patience_with(&pipe, 1024), None);
    }

    #[test]
    fn what_is_written_while_the_folder_is_read_is_left_for_the_next_time() {
        let at = |millis: i64| DateTime::from_timestamp_millis(millis).expect("an instant");
        let written = |millis: i64| Stamp { modified: millis * 1_000_000, ..Stamp::default() };
        let waited_for =
            [9_800, 9_950, 10_500, 11_000, 11_001].map(|it| written_since(at(10_000), &written(it), at(11_000)));
        assert_eq!(waited_for.map(|wait| wait.is_some()), [false, true, true, true, false]);
    }

    #[test]
    fn the_first_reading_finds_whole_what_was_written_just_before() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.md");
        std::fs::write(&file, "---\ntitle: T\n---\nWhole.\n").expect("a file");
        let written = std::fs::metadata(&file).and_then(|file| file.modified()).expect("a time");
        let after = |millis: i64| DateTime::<Utc>::from(written) + TimeDelta::milliseconds(millis);
        let wait = rest_of_folder(dir.path(), 1024, after(20));
        let then = after(20) + TimeDelta::from_std(wait).expect("a span");
        let stamp = Stamp { modified: after(0).timestamp_nanos_opt().expect("nanoseconds"), ..Stamp::default() };
        assert_eq!(written_since(then, &stamp, then), None, "after {wait:?}");
        assert_eq!(rest_of_folder(dir.path(), 1024, after(5_000)), Duration::ZERO);
    }

    #[test]
    fn only_what_was_written_a_moment_ago_is_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.md");
        std::fs::write(&file, "---\ntitle: T\n").expect("a file");
        let stamp = Stamp { modified: 10_000_000_000, ..Stamp::default() };
        let at = |millis: i64| rest(&file, &stamp, 1024, DateTime::from_timestamp_millis(millis).expect("an instant"));
        assert_eq!(at(10_500), Some(Duration::from_millis(1_500)));
        assert_eq!((at(12_000), at(9_000)), (None, None));
        std::fs::write(&file, "---\ntitle: T\n---\nWhole.\n").expect("a file");
        assert_eq!(at(10_500), None);
    }
}
