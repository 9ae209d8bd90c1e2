//! Single values of crieur.toml: each is read into a type that cannot be wrong, or named with its key.

use chrono::TimeDelta;
use chrono_tz::Tz;
use url::Url;

use super::raw::Text;
use super::span::{Fault, nearest};
use crate::model::subscription::EmailAddress;
use crate::model::text::is_language_tag;

pub(super) type Checked<T> = Result<T, Fault>;

pub(super) fn fault(text: &Text, key: &str, message: &str) -> Fault {
    Fault::new(text.span(), format!("`{key}`: {message}"))
}

/// An absolute http or https address.
pub(super) fn page_address(text: &Text, key: &str) -> Checked<Url> {
    let address = text.get_ref();
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        fault(text, key, &format!("`{address}` is no web address")).hint("write it whole: `https://www.example.org`")
    })
}

/// An absolute http or https address that ends with `/`.
pub(super) fn web_address(text: &Text, key: &str) -> Checked<Url> {
    let mut url = page_address(text, key)?;
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// A BCP 47 tag: feeds and mails hand it on to clients that reject others.
pub(super) fn language(text: Option<&Text>, key: &str) -> Checked<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let tag = text.get_ref();
    if is_language_tag(tag) {
        return Ok(Some(tag.clone()));
    }
    let mended = tag.replace('_', "-");
    let hint = if is_language_tag(&mended) {
        format!("did you mean `{mended}`?")
    } else {
        "write its code: `fr`, `en-GB`, `zh-Hant`".to_owned()
    };
    Err(fault(text, key, &format!("`{tag}` is no language tag (BCP 47)")).hint(hint))
}

pub(super) fn zone(text: &Text, key: &str) -> Checked<Tz> {
    text.get_ref().parse().map_err(|_| {
        let fault = fault(text, key, &format!("`{}` is no time zone", text.get_ref()));
        match nearest(text.get_ref(), chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(name) => fault.hint(format!("did you mean `{name}`?")),
            None => fault.hint("zones have names such as `Europe/Paris`"),
        }
    })
}

/// `30d`, `12h`, `45m`, `2w`.
pub(super) fn span_of_time(text: Option<&Text>, key: &str, default: TimeDelta) -> Checked<TimeDelta> {
    let Some(text) = text else { return Ok(default) };
    let written = text.get_ref();
    let number =
        |letter: char| written.strip_suffix(letter).and_then(|number| number.trim().parse::<u32>().ok()).map(i64::from);
    let span = [('w', 7 * 24 * 60), ('d', 24 * 60), ('h', 60), ('m', 1)]
        .iter()
        .find_map(|(letter, minutes)| TimeDelta::try_minutes(number(*letter)?.checked_mul(*minutes)?));
    span.filter(|span| *span <= TimeDelta::days(36_500)).ok_or_else(|| {
        fault(text, key, &format!("`{written}` is no span of time")).hint("write `30d`, `12h`, `45m` or `2w`")
    })
}

pub(super) fn address(text: &Text, key: &str) -> Checked<EmailAddress> {
    EmailAddress::parse(text.get_ref()).map_err(|error| fault(text, key, &error.to_string()))
}
