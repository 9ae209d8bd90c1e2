//! What others see of us: the public address, the relay, the DNS.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::header::{DATE, HeaderMap};
use hyper::{Method, StatusCode};
use tokio::time::timeout;

use crate::config::Config;
use crate::delivery::dns::Dns;
use crate::delivery::fetch;
use crate::delivery::mailer::{Deadlines, Mailer};
use crate::model::checkup::{Finding, TextRecord};
use crate::model::mail_domain;
use crate::model::settings::{MailTransport, SmtpSettings, Tls};

/// An operator waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether readers reach us where links lead, and what the clock is worth beside the one there.
pub(super) async fn public_address(config: &Config, now: DateTime<Utc>) -> (Vec<Finding>, Finding) {
    const PUBLIC: &str = "public address";
    let url = &config.site.public_url;
    let mut findings = Vec::new();
    if url.scheme() != "https" && !config.newsletters.is_empty() {
        findings.push(
            Finding::warning(PUBLIC, format!("`{url}` is not https: mail programs offer no one-click unsubscribing"))
                .hint("put a proxy with a certificate before crieur (RFC 8058 §3.1), and set `[http] public_url`"),
        );
    }
    let head = timeout(PATIENCE, health(url)).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    let reached = match &head {
        Ok((StatusCode::OK, _)) => Finding::ok(PUBLIC, format!("`{url}` leads to a running crieur")),
        Ok((status, _)) => Finding::warning(PUBLIC, format!("`{url}healthz` answers {status}: that is no crieur"))
            .hint("have the proxy pass crieur's paths on: docs/OPERATIONS.md"),
        Err(error) => Finding::warning(PUBLIC, format!("`{url}` is not reached from here: {error}"))
            .hint("is `crieur serve` running, and does the name lead here?"),
    };
    findings.push(reached);
    (findings, clock(head.as_ref().ok().map(|(_, headers)| headers), now))
}

async fn health(url: &url::Url) -> Result<(StatusCode, HeaderMap), String> {
    let url = url.join("healthz").map_err(|error| error.to_string())?;
    let request = fetch::request(Method::GET, &url).body(String::new()).map_err(|error| error.to_string())?;
    let head = fetch::send(&url, request).await?;
    Ok((head.status, head.headers))
}

/// The clock beside the `Date` of an answer, where there is one.
fn clock(headers: Option<&HeaderMap>, now: DateTime<Utc>) -> Finding {
    const CLOCK: &str = "clock";
    let date = headers.and_then(|headers| headers.get(DATE)).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
        return Finding::ok(CLOCK, format!("it says {} (UTC); nothing to compare it with", now.format("%F %T")));
    };
    let off = now.signed_duration_since(theirs).abs();
    if off > TimeDelta::minutes(1) {
        let message = format!("it is {} s away from the clock at the public address", off.num_seconds());
        return Finding::error(CLOCK, message).hint("see that `systemd-timesyncd` or `chronyd` runs");
    }
    Finding::ok(CLOCK, format!("it says {} (UTC), as the public address does", now.format("%F %T")))
}

/// Greets the relay as for a mail, and leaves.
pub(super) async fn relay(config: &Config) -> Vec<Finding> {
    const RELAY: &str = "relay";
    let smtp = match &config.mail.transport {
        MailTransport::Smtp(smtp) => smtp,
        MailTransport::Folder { dir } => {
            let message = format!("mails go to the folder `{}`, not out", dir.display());
            return vec![Finding::ok(RELAY, message).hint("`[mail] smtp = { host = … }` names a relay")];
        }
    };
    let deadlines = Deadlines { connect: PATIENCE, greeting: 3 * PATIENCE, ..Deadlines::default() };
    let name = format!("`{}:{}`", smtp.host, smtp.port);
    let mailer = match Mailer::with_deadlines(&config.mail, deadlines) {
        Ok(mailer) => mailer,
        Err(error) => return vec![Finding::error(RELAY, error.to_string())],
    };
    match mailer.connect().await {
        Ok(connection) => {
            let size = connection.most_octets();
            let unicode = connection.is_international();
            connection.close().await;
            let size = size.map_or("any size".to_owned(), |most| format!("up to {} kB", most / 1000));
            let letters = if unicode { ", and addresses in any script" } else { "" };
            vec![Finding::ok(RELAY, format!("{name} takes us {}: mails of {size}{letters}", protection(smtp)))]
        }
        Err(error) => vec![Finding::error(RELAY, format!("{name}: {error}"))],
    }
}

fn protection(smtp: &SmtpSettings) -> String {
    let tls = match smtp.tls {
        Tls::None { .. } => "in the clear",
        Tls::Starttls => "by STARTTLS",
        Tls::Implicit => "by TLS",
    };
    if smtp.credentials.is_some() { format!("{tls}, with our password") } else { tls.to_owned() }
}

/// What is to be published for the keys that sign.
pub(super) fn records(config: &Config) -> Vec<TextRecord> {
    config.mail.dkim.iter().filter_map(mail_domain::dkim_record).collect()
}

/// What the DNS says of the domains mails are from. Where mails go to a folder, nobody asks it.
pub(super) async fn names(config: &Config, records: &[TextRecord]) -> Vec<Finding> {
    const DNS: &str = "dns";
    if matches!(config.mail.transport, MailTransport::Folder { .. }) && records.is_empty() {
        return Vec::new();
    }
    let asked = match Dns::of_the_system() {
        Ok(dns) => ask(config, records, &dns).await,
        Err(error) => Err(error),
    };
    asked.unwrap_or_else(|error| {
        vec![
            Finding::warning(
                DNS,
                format!("the DNS does not answer, so SPF, DKIM and DMARC were not looked at: {error}"),
            )
            .hint("see `/etc/resolv.conf`"),
        ]
    })
}

async fn ask(config: &Config, records: &[TextRecord], dns: &Dns) -> Result<Vec<Finding>, String> {
    let mail = &config.mail;
    let (from, sender) = (mail.from.address.domain(), mail.sender().domain());
    let mut findings = vec![hosts(from, dns).await?];
    if sender != from {
        findings.push(hosts(sender, dns).await?);
    }
    findings.push(mail_domain::spf(sender, &dns.texts(sender).await?));
    for (key, record) in mail.dkim.iter().zip(records) {
        findings.push(mail_domain::dkim(key, record, &dns.texts(&record.name).await?));
    }
    if mail.dkim.is_empty() {
        findings.push(
            Finding::warning("dkim", "mails go out unsigned, which large receivers refuse")
                .hint("set `[mail] dkim`, unless your relay signs for you"),
        );
    }
    findings.push(policy(from, dns).await?);
    let signing: Vec<&str> = mail.dkim.iter().map(|key| key.domain.as_str()).collect();
    findings.extend(mail_domain::alignment(from, sender, &signing));
    if mail.bounce_address.is_none() {
        findings.push(
            Finding::warning("bounces", "what comes back goes to `from`, and nobody counts it")
                .hint("set `[mail] bounce_address`, and have its mails go to `crieur bounces ingest`"),
        );
    }
    Ok(findings)
}

/// Whether what is sent to this domain arrives anywhere.
async fn hosts(domain: &str, dns: &Dns) -> Result<Finding, String> {
    let hosts = dns.mail_hosts(domain).await?;
    Ok(match hosts.first().map(String::as_str) {
        None => {
            Finding::error("mx", format!("`{domain}` is no domain mail can be sent to: replies and bounces are lost"))
        }
        Some(".") => Finding::error("mx", format!("`{domain}` says that it takes no mail (RFC 7505)")),
        Some(_) => Finding::ok("mx", format!("mail to `{domain}` goes to {}", hosts.join(", "))),
    })
}

/// The DMARC record that counts: the nearest.
async fn policy(from: &str, dns: &Dns) -> Result<Finding, String> {
    let mut texts = Vec::new();
    for place in mail_domain::dmarc_places(from) {
        texts = dns.texts(&place).await?;
        if texts.iter().any(|text| mail_domain::is_dmarc(text)) {
            break;
        }
    }
    Ok(mail_domain::dmarc(from, &texts))
}
