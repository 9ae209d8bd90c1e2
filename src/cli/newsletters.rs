//! Which newsletter is meant.

use super::exit::UsageError;
use crate::app::App;
use crate::config::nearest;
use crate::model::newsletter::Newsletter;

/// The one of this name, or the only one there is.
pub(super) fn one<'a>(app: &'a App, name: Option<&str>) -> Result<&'a Newsletter, UsageError> {
    match (name, &app.config.newsletters[..]) {
        (Some(name), _) => app.config.newsletter(name).ok_or_else(|| unknown(name, app)),
        (None, [only]) => Ok(only),
        (None, []) => Err(UsageError("the configuration has no newsletter".to_owned())),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|newsletter| newsletter.name.as_str()).collect();
            Err(UsageError(format!("which newsletter?\n  hint: --newsletter with one of {}", names.join(", "))))
        }
    }
}

/// The one of this name, or all there are.
pub(super) fn named<'a>(app: &'a App, name: Option<&str>) -> Result<&'a [Newsletter], UsageError> {
    match name {
        Some(name) => one(app, Some(name)).map(std::slice::from_ref),
        None => Ok(&app.config.newsletters),
    }
}

/// How a command names one of so many in a hint: not at all where there is only one.
pub(super) fn switch(among: usize, name: &str) -> String {
    if among > 1 { format!(" --newsletter {name}") } else { String::new() }
}

/// One that is not in the configuration.
pub(super) fn unknown(name: &str, app: &App) -> UsageError {
    let known: Vec<&str> = app.config.newsletters.iter().map(|newsletter| newsletter.name.as_str()).collect();
    let meant = nearest(name, known.iter().copied()).map(|it| format!("did you mean `{it}`? ")).unwrap_or_default();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    UsageError(format!("there is no newsletter `{name}`\n  hint: {meant}the configuration has {known}"))
}
