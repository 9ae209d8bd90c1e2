//! A newsletter: a standing publication with its rhythm and its filter.

use chrono::TimeDelta;

use super::announcement::Announcement;
use super::delivery::OnDoubt;
use super::schedule::Schedule;
use super::text::Label;

/// How its issues follow each other.
#[derive(Debug, Clone)]
pub enum Rhythm {
    /// One issue a slot, with all that is new.
    Scheduled(Box<Schedule>),
    /// One issue an announcement, as soon as it appears.
    Each,
}

impl Rhythm {
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Scheduled(schedule) => Some(schedule),
            Self::Each => None,
        }
    }
}

/// `[[newsletter]]`.
#[derive(Debug, Clone)]
pub struct Newsletter {
    /// In addresses and on the command line: a slug.
    pub name: String,
    pub title: String,
    pub lang: String,
    pub rhythm: Rhythm,
    /// Slugs; an announcement with one of them is in. Both lists empty: everything is.
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    /// Both, as the configuration writes them.
    pub subjects: Vec<Label>,
    /// How far ahead events are listed.
    pub upcoming: TimeDelta,
    /// How far the first issue looks back.
    pub look_back: TimeDelta,
    /// How late an issue may still go out.
    pub missed: TimeDelta,
    pub on_doubt: OnDoubt,
    /// Whether an issue waits until the operator has looked at it.
    pub approval: bool,
    pub skip_empty: bool,
    /// Whether each mail has its events as a file, to be taken over into a calendar.
    pub attach_calendar: bool,
}

impl Newsletter {
    /// Whether an announcement is one of its subjects.
    pub fn is_about(&self, announcement: &Announcement) -> bool {
        let named = |wanted: &[String], labels: &[Label]| labels.iter().any(|label| wanted.contains(&label.slug));
        (self.categories.is_empty() && self.tags.is_empty())
            || named(&self.categories, &announcement.categories)
            || named(&self.tags, &announcement.tags)
    }
}
