//! `[mail]`: who writes, by which relay, and with whose password.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::Path;

use super::raw::{RawMail, RawSmtp, RawTls, RawTransport, Text};
use super::secrets::{authorities, secret, signing_keys};
use super::span::Fault;
use super::values::{Checked, address, fault};
use crate::model::quiet::QuietHours;
use crate::model::settings::{Credentials, MailSettings, MailTransport, Mailbox, SiteSettings, SmtpSettings, Tls};
use crate::model::subscription::EmailAddress;

pub(super) fn mail(raw: &RawMail, site: &SiteSettings, base: &Path) -> Checked<MailSettings> {
    let from = match &raw.from {
        Some(text) => mailbox(text, "mail.from")?,
        None => default_sender(site),
    };
    let dkim = signing_keys(&raw.dkim, &from, base)?;
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
        bounce_lmtp: raw.bounce_lmtp.as_ref().map(|place| bounce_lmtp(place, raw, base)).transpose()?,
        transport,
        connections: raw.connections.unwrap_or(std::num::NonZeroUsize::MIN.saturating_add(1)),
        rate: raw.rate,
        domain_rate: raw.domain_rate,
        domain_rates: raw.domain_rates.iter().map(domain_rate).collect::<Checked<_>>()?,
        quiet_hours: raw.quiet_hours.as_ref().map(|hours| quiet_hours(hours, site)).transpose()?,
        dkim,
    })
}

fn domain_rate((domain, rate): (&Text, &NonZeroU32)) -> Checked<(String, NonZeroU32)> {
    const KEY: &str = "mail.domain_rates";
    let somebody = EmailAddress::parse(&format!("somebody@{}", domain.get_ref()))
        .map_err(|error| fault(domain, KEY, &error.to_string()).hint("write `\"example.org\" = 60`"))?;
    Ok((somebody.domain().to_owned(), *rate))
}

fn quiet_hours(text: &Text, site: &SiteSettings) -> Checked<QuietHours> {
    let unknown = || {
        fault(text, "mail.quiet_hours", &format!("`{}` is no pair of times", text.get_ref()))
            .hint("write `21:00-07:00`: no issue goes out between them")
    };
    QuietHours::parse(text.get_ref(), site.zone).ok_or_else(unknown)
}

/// A path has a `/` in it; everything else is `host:port`.
fn bounce_lmtp(place: &Text, raw: &RawMail, base: &Path) -> Checked<String> {
    const KEY: &str = "mail.bounce_lmtp";
    let written = place.get_ref();
    if raw.bounce_address.is_none() {
        return Err(fault(place, KEY, "nothing comes back there without a `bounce_address`"));
    }
    if written.contains('/') {
        return Ok(base.join(written).display().to_string());
    }
    match written.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(written.clone()),
        _ => Err(fault(place, KEY, &format!("`{written}` is neither a path nor an address"))
            .hint("write `/run/crieur/bounces.sock` or `127.0.0.1:2003`")),
    }
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
    let authorities = raw.ca_file.as_ref().map_or(Ok(Vec::new()), |file| authorities(base, file))?;
    let (host, port) = (raw.host.clone(), raw.port.unwrap_or(default_port));
    Ok(SmtpSettings { host, port, tls, authorities, credentials })
}

fn credentials(raw: &RawSmtp, base: &Path) -> Checked<Option<Credentials>> {
    match (&raw.user, &raw.password_file) {
        (None, None) => Ok(None),
        (Some(user), None) => Err(fault(user, "mail.smtp.user", "a user needs a `password_file`")),
        (None, Some(file)) => Err(fault(file, "mail.smtp.password_file", "a password needs a `user`")),
        (Some(user), Some(file)) => {
            let password = secret(base, file, "mail.smtp.password_file")?;
            let password = password.trim_end_matches(['\n', '\r']).to_owned();
            Ok(Some(Credentials { user: user.get_ref().clone(), password }))
        }
    }
}
