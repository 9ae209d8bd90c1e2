//! What the values of crieur.toml mean: zones, addresses, schedules, spans of time, paths.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use chrono_tz::Tz;
use globset::GlobBuilder;
use toml::Value;
use url::Url;

use super::raw::{
    Raw, RawContent, RawFolder, RawHttp, RawMail, RawNewsletter, RawPublish, RawSmtp, RawTls, RawTransport, Text,
};
use super::span::{Fault, nearest};
use super::{Config, HttpSettings, StoreLocation};
use crate::model::color::Color;
use crate::model::network::Network;
use crate::model::newsletter::{Newsletter, Schedule};
use crate::model::profile::{FIELDS, FieldRule};
use crate::model::settings::{
    ContentSettings, Credentials, FolderRule, MailSettings, MailTransport, Mailbox, ProfileName, PublishSettings,
    SiteSettings, SmtpSettings, Tls,
};
use crate::model::subscription::EmailAddress;
use crate::model::text::{is_language_tag, label_slug, slugify};

type Checked<T> = Result<T, Fault>;

const MEBIBYTE: u64 = 1024 * 1024;
/// A fifth of the catalog (DESIGN.md §5).
const MAX_WITHDRAWN: f64 = 0.2;

pub(super) fn check(file: &Path, raw: Raw) -> Checked<Config> {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let url = web_address(&raw.site.url, "site.url")?;
    let public_url = raw.http.public_url.as_ref().map(|text| web_address(text, "http.public_url")).transpose()?;
    let site = SiteSettings {
        public_url: public_url.unwrap_or_else(|| url.clone()),
        title: raw.site.title,
        url,
        description: raw.site.description,
        lang: language(raw.site.language.as_ref(), "site.language")?.unwrap_or_else(|| "en".to_owned()),
        zone: raw.site.timezone.as_ref().map_or(Ok(Tz::UTC), |text| zone(text, "site.timezone"))?,
        author: raw.site.author,
        rights: raw.site.rights,
    };
    let content = content(raw.content, &base)?;
    Ok(Config {
        publish: publish(&raw.publish, &base, &content.dir)?,
        content,
        newsletters: newsletters(raw.newsletter, &site)?,
        mail: mail(raw.mail, &site, &base)?,
        store: store(raw.store.url.as_ref(), &base)?,
        http: http(&raw.http)?,
        templates: base.join("templates"),
        file: file.to_owned(),
        site,
    })
}

fn fault(text: &Text, key: &str, message: &str) -> Fault {
    Fault::new(text.span(), format!("`{key}`: {message}"))
}

/// An absolute http or https address that ends with `/`.
fn web_address(text: &Text, key: &str) -> Checked<Url> {
    let address = text.get_ref();
    let mut url = Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            fault(text, key, &format!("`{address}` is no web address"))
                .hint("write it whole: `https://www.example.org`")
        })?;
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// A BCP 47 tag: feeds and mails hand it on to clients that reject others.
fn language(text: Option<&Text>, key: &str) -> Checked<Option<String>> {
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

fn zone(text: &Text, key: &str) -> Checked<Tz> {
    text.get_ref().parse().map_err(|_| {
        let fault = fault(text, key, &format!("`{}` is no time zone", text.get_ref()));
        match nearest(text.get_ref(), chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(name) => fault.hint(format!("did you mean `{name}`?")),
            None => fault.hint("zones have names such as `Europe/Paris`"),
        }
    })
}

/// `30d`, `12h`, `45m`, `2w`.
fn span_of_time(text: Option<&Text>, key: &str, default: TimeDelta) -> Checked<TimeDelta> {
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

fn content(raw: RawContent, base: &Path) -> Checked<ContentSettings> {
    let super::raw::Future::Hold = raw.future.unwrap_or(super::raw::Future::Hold);
    let mut fields = BTreeMap::new();
    for (name, value) in raw.fields {
        if !FIELDS.contains(&name.get_ref().as_str()) {
            let unknown = fault(&name, "content.fields", &format!("there is no field `{}`", name.get_ref()));
            return Err(match nearest(name.get_ref(), FIELDS.iter().copied()) {
                Some(field) => unknown.hint(format!("did you mean `{field}`?")),
                None => unknown.hint(format!("the fields are {}", FIELDS.join(", "))),
            });
        }
        fields.insert(name.get_ref().clone(), field_rule(&name, value)?);
    }
    Ok(ContentSettings {
        dir: base.join(raw.dir.as_deref().unwrap_or("content")),
        profile: raw.profile.unwrap_or(ProfileName::Jekyll),
        typography: raw.typography,
        fields,
        folders: raw.folder.into_iter().map(folder).collect::<Checked<_>>()?,
        assets: raw.assets.map(|assets| base.join(assets)),
        max_bytes: raw.max_bytes.unwrap_or(MEBIBYTE),
        max_withdrawn: raw.max_withdrawn.map_or(Ok(MAX_WITHDRAWN), |given| share(&given))?,
    })
}

fn share(given: &toml::Spanned<f64>) -> Checked<f64> {
    if (0.0..=1.0).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    let message = format!("`content.max_withdrawn`: `{}` is no share of the catalog", given.get_ref());
    Err(Fault::new(given.span(), message).hint("write a number from 0 (ask me each time) to 1 (never ask)"))
}

fn field_rule(name: &Text, value: Value) -> Checked<FieldRule> {
    let is_text = value.is_str();
    let rule = match value {
        Value::String(text) => {
            crate::model::profile::Paths::try_from(text).map(FieldRule::Paths).map_err(|e| e.to_string())
        }
        groups => groups.try_into().map_err(|error: toml::de::Error| error.message().to_owned()),
    };
    rule.map_err(|message| {
        let fault = fault(name, &format!("content.fields.{}", name.get_ref()), &message);
        if is_text {
            fault
        } else {
            fault.hint("a field is a text, or a list of `{ each = \"…[]\", part = \"key\" }`")
        }
    })
}

fn folder(raw: RawFolder) -> Checked<FolderRule> {
    let pattern = GlobBuilder::new(raw.pattern.get_ref())
        .literal_separator(true)
        .build()
        .map_err(|error| fault(&raw.pattern, "content.folder.match", &error.kind().to_string()))?;
    let defaults = raw.defaults.into_iter().map(|(key, value)| (key, json(value))).collect();
    Ok(FolderRule {
        pattern: pattern.compile_matcher(),
        kind: raw.kind,
        url: raw.url,
        lang: language(raw.language.as_ref(), "content.folder.language")?,
        zone: raw.timezone.as_ref().map(|text| zone(text, "content.folder.timezone")).transpose()?,
        offset: raw.offset,
        defaults,
    })
}

/// Defaults join front matter, where dates are texts.
fn json(value: Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Boolean(flag) => flag.into(),
        Value::Datetime(date) => date.to_string().into(),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Table(table) => {
            serde_json::Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

/// Whether a folder is another or holds it.
fn holds(outer: &Path, inner: &Path) -> bool {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    };
    whole(inner).starts_with(whole(outer))
}

fn publish(raw: &RawPublish, base: &Path, content: &Path) -> Checked<PublishSettings> {
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

fn newsletters(raw: Vec<RawNewsletter>, site: &SiteSettings) -> Checked<Vec<Newsletter>> {
    let mut names = HashSet::new();
    raw.into_iter()
        .map(|raw| {
            if !names.insert(raw.name.get_ref().clone()) {
                return Err(fault(&raw.name, "newsletter.name", "another newsletter has this name"));
            }
            newsletter(raw, site)
        })
        .collect()
}

fn newsletter(raw: RawNewsletter, site: &SiteSettings) -> Checked<Newsletter> {
    let name = raw.name.get_ref();
    let slug = slugify(name);
    if *name != slug || slug.is_empty() {
        let message = format!("`{name}` cannot stand in an address");
        return Err(fault(&raw.name, "newsletter.name", &message).hint(format!("write `{slug}`")));
    }
    if let Some(approval) = raw.approval.filter(|approval| *approval.get_ref()) {
        return Err(Fault::new(approval.span(), "`newsletter.approval`: waiting for approval is not built yet"));
    }
    Ok(Newsletter {
        name: name.clone(),
        title: raw.title,
        lang: language(raw.language.as_ref(), "newsletter.language")?.unwrap_or_else(|| site.lang.clone()),
        schedule: schedule(&raw.schedule)?,
        categories: raw.categories.iter().map(|label| label_slug(label)).collect(),
        tags: raw.tags.iter().map(|label| label_slug(label)).collect(),
        upcoming: span_of_time(raw.upcoming.as_ref(), "newsletter.upcoming", TimeDelta::days(30))?,
        look_back: span_of_time(raw.look_back.as_ref(), "newsletter.look_back", TimeDelta::days(31))?,
        missed: span_of_time(raw.missed.as_ref(), "newsletter.missed", TimeDelta::hours(12))?,
        on_doubt: raw.on_doubt,
        skip_empty: raw.skip_empty.unwrap_or(true),
    })
}

fn schedule(text: &Text) -> Checked<Schedule> {
    if text.get_ref() == "each" {
        return Err(fault(text, "newsletter.schedule", "one mail an announcement (`each`) is not built yet"));
    }
    Schedule::parse(text.get_ref()).map_err(|reason| {
        fault(text, "newsletter.schedule", &format!("`{}` cannot be a schedule: {reason}", text.get_ref()))
            .hint("minute hour day month weekday: `0 9 * * MON` is every Monday at nine")
    })
}

fn mail(raw: RawMail, site: &SiteSettings, base: &Path) -> Checked<MailSettings> {
    let from = match &raw.from {
        Some(text) => mailbox(text, "mail.from")?,
        None => default_sender(site),
    };
    if let Some(dkim) = raw.dkim.filter(|keys| !keys.get_ref().is_empty()) {
        return Err(Fault::new(dkim.span(), "`mail.dkim`: signing is not built yet"));
    }
    let folder = || MailTransport::Folder { dir: base.join(raw.dir.as_deref().unwrap_or("outbox")) };
    let transport = match (raw.transport.as_ref().map(toml::Spanned::get_ref), &raw.smtp) {
        (Some(RawTransport::Smtp), None) => {
            let span = raw.transport.as_ref().map_or(0..0, toml::Spanned::span);
            return Err(Fault::new(span, "`mail.smtp`: the transport is `smtp` but no relay is given")
                .hint("add `smtp = { host = \"mail.example.org\" }`"));
        }
        (Some(RawTransport::Folder), _) | (None, None) => folder(),
        (_, Some(smtp)) => MailTransport::Smtp(relay(smtp, base)?),
    };
    Ok(MailSettings {
        from,
        reply_to: raw.reply_to.as_ref().map(|text| address(text, "mail.reply_to")).transpose()?,
        bounce_address: raw.bounce_address.as_ref().map(|text| address(text, "mail.bounce_address")).transpose()?,
        transport,
        connections: raw.connections.unwrap_or(std::num::NonZeroUsize::MIN.saturating_add(1)),
        rate: raw.rate,
    })
}

/// `crieur@` the site's host, without a leading `www.`.
fn default_sender(site: &SiteSettings) -> Mailbox {
    let host = site.url.host_str().unwrap_or("localhost");
    let domain = host.strip_prefix("www.").unwrap_or(host);
    let address = EmailAddress::parse(&format!("crieur@{domain}"))
        .or_else(|_| EmailAddress::parse("crieur@localhost"))
        .expect("a fixed address parses");
    Mailbox { name: Some(site.title.clone()), address }
}

fn address(text: &Text, key: &str) -> Checked<EmailAddress> {
    EmailAddress::parse(text.get_ref()).map_err(|error| fault(text, key, &error.to_string()))
}

/// `Name <address>` or an address alone.
fn mailbox(text: &Text, key: &str) -> Checked<Mailbox> {
    let written = text.get_ref().trim();
    let (name, address) = match written.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"').to_owned()), address),
        None => (None, written),
    };
    let address = EmailAddress::parse(address)
        .map_err(|error| fault(text, key, &error.to_string()).hint("write `Name <name@example.org>`"))?;
    Ok(Mailbox { name: name.filter(|name| !name.is_empty()), address })
}

fn relay(raw: &RawSmtp, base: &Path) -> Checked<SmtpSettings> {
    let loopback = raw.host == "localhost" || raw.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let tls = match raw.tls.as_ref().map(toml::Spanned::get_ref) {
        None if loopback => Tls::None { anywhere: false },
        None if raw.port == Some(465) => Tls::Implicit,
        None | Some(RawTls::Starttls) => Tls::Starttls,
        Some(RawTls::Implicit) => Tls::Implicit,
        Some(RawTls::None) => Tls::None { anywhere: false },
    };
    if tls == (Tls::None { anywhere: false }) && !loopback {
        let span = raw.tls.as_ref().map_or(0..0, toml::Spanned::span);
        return Err(Fault::new(span, "`mail.smtp.tls`: mails leave this machine only encrypted")
            .hint("remove it (STARTTLS is then required), or set \"implicit\" for port 465"));
    }
    let default_port = match tls {
        Tls::Implicit => 465,
        Tls::Starttls if raw.user.is_some() => 587,
        _ => 25,
    };
    let credentials = credentials(raw, base)?;
    if let (Some(user), Tls::None { .. }) = (&raw.user, tls) {
        return Err(fault(user, "mail.smtp.user", "a password is never sent in the clear")
            .hint("set `tls = \"starttls\"` or `tls = \"implicit\"`"));
    }
    Ok(SmtpSettings { host: raw.host.clone(), port: raw.port.unwrap_or(default_port), tls, credentials })
}

fn credentials(raw: &RawSmtp, base: &Path) -> Checked<Option<Credentials>> {
    match (&raw.user, &raw.password_file) {
        (None, None) => Ok(None),
        (Some(user), None) => Err(fault(user, "mail.smtp.user", "a user needs a `password_file`")),
        (None, Some(file)) => Err(fault(file, "mail.smtp.password_file", "a password needs a `user`")),
        (Some(user), Some(file)) => {
            let password = secret(&base.join(file.get_ref()), file.span())?;
            Ok(Some(Credentials { user: user.get_ref().clone(), password }))
        }
    }
}

/// Reads a secret from a file that only its owner may read.
fn secret(path: &Path, span: Range<usize>) -> Checked<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let fail = |message: String| Fault::new(span.clone(), format!("`mail.smtp.password_file`: {message}"));
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| fail(format!("`{shown}` cannot be read: {error}")))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(fail(format!("others may read `{shown}` (mode {mode:o})")).hint(format!("chmod 600 {shown}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(format!("`{shown}` cannot be read: {error}")))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn store(text: Option<&Text>, base: &Path) -> Checked<StoreLocation> {
    let Some(text) = text else { return Ok(StoreLocation::Sqlite(base.join("state/crieur.db"))) };
    match text.get_ref().split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(StoreLocation::Sqlite(base.join(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))))
        }
        Some(("postgres" | "postgresql", _)) => Err(fault(text, "store.url", "PostgreSQL is not built yet")),
        _ => Err(fault(text, "store.url", "no store is known by this address").hint("write `sqlite:state/crieur.db`")),
    }
}

fn http(raw: &RawHttp) -> Checked<HttpSettings> {
    let listen = raw.listen.as_ref().map(|text| socket(text, "http.listen")).transpose()?;
    Ok(HttpSettings {
        listen: listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
        admin_listen: raw.admin_listen.as_ref().map(|text| socket(text, "http.admin_listen")).transpose()?,
        admin_hosts: raw.admin_hosts.iter().map(host_name).collect::<Checked<_>>()?,
        trusted_proxies: raw.trusted_proxies.iter().map(proxy).collect::<Checked<_>>()?,
    })
}

fn socket(text: &Text, key: &str) -> Checked<std::net::SocketAddr> {
    text.get_ref().parse().map_err(|_| {
        fault(text, key, &format!("`{}` is no address to listen on", text.get_ref()))
            .hint("write an address and a port: `127.0.0.1:8080`, or `[::]:8080` for everyone")
    })
}

/// As a browser would say it: ASCII, in lower case, without a port.
fn host_name(text: &Text) -> Checked<String> {
    let host = url::Host::parse(text.get_ref()).ok().filter(|_| !text.get_ref().is_empty());
    host.map(|host| host.to_string()).ok_or_else(|| {
        fault(text, "http.admin_hosts", &format!("`{}` is no host", text.get_ref()))
            .hint("write a name without scheme and port: `status.example.org`")
    })
}

/// Who may say on whose behalf he asks. Everyone may not: whoever asks could then call himself what he likes.
fn proxy(text: &Text) -> Checked<Network> {
    let written = text.get_ref();
    let unusable = |message: &str| fault(text, "http.trusted_proxies", message);
    let network = Network::parse(written).ok_or_else(|| {
        unusable(&format!("`{written}` is no address or network"))
            .hint("write the proxy's address, `127.0.0.1`, or its network, `10.0.0.0/8`")
    })?;
    if network.is_everyone() {
        return Err(unusable(&format!("`{written}` is everyone")).hint("name the address of the proxy alone"));
    }
    Ok(network)
}
