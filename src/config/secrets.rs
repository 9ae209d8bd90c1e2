//! Files that `[mail]` names: passwords, signing keys, certificates.

use std::path::Path;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::raw::{RawDkim, Text};
use super::values::{Checked, fault};
use crate::model::dkim::{DkimKey, DkimSettings};
use crate::model::settings::Mailbox;
use crate::model::subscription::EmailAddress;

/// Reads a secret from a file that only its owner may read.
pub(super) fn secret(base: &Path, file: &Text, key: &str) -> Checked<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = base.join(file.get_ref());
    let shown = path.display();
    let unreadable = |error| fault(file, key, &format!("`{shown}` cannot be read: {error}"));
    let metadata = std::fs::metadata(&path).map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(
            fault(file, key, &format!("others may read `{shown}` (mode {mode:o})")).hint(format!("chmod 600 {shown}"))
        );
    }
    std::fs::read_to_string(&path).map_err(unreadable)
}

/// The certificates of a PEM file.
pub(super) fn authorities(base: &Path, file: &Text) -> Checked<Vec<Vec<u8>>> {
    const KEY: &str = "mail.smtp.ca_file";
    let path = base.join(file.get_ref());
    let shown = path.display();
    let pem = std::fs::read(&path).map_err(|error| fault(file, KEY, &format!("`{shown}` cannot be read: {error}")))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let mut trusted = RootCertStore::empty();
    let usable = certificates.iter().all(|certificate| trusted.add(certificate.clone()).is_ok());
    if certificates.is_empty() || !usable {
        return Err(fault(file, KEY, &format!("`{shown}` holds no certificates in PEM")));
    }
    Ok(certificates.iter().map(|certificate| certificate.to_vec()).collect())
}

/// `[mail] dkim`. The domain is that of `from` where none is given.
pub(super) fn signing_keys(raw: &[RawDkim], from: &Mailbox, base: &Path) -> Checked<Vec<DkimSettings>> {
    let mut keys: Vec<DkimSettings> = Vec::new();
    for raw in raw {
        let key = signing_key(raw, from, base)?;
        if keys.iter().any(|other| (&other.selector, &other.domain) == (&key.selector, &key.domain)) {
            return Err(fault(&raw.selector, "mail.dkim.selector", "another key stands under this name already"));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn signing_key(raw: &RawDkim, from: &Mailbox, base: &Path) -> Checked<DkimSettings> {
    const FILE: &str = "mail.dkim.key_file";
    let selector = raw.selector.get_ref().to_ascii_lowercase();
    if !is_selector(&selector) {
        let message = format!("`{}` cannot stand in a domain name", raw.selector.get_ref());
        return Err(fault(&raw.selector, "mail.dkim.selector", &message).hint("letters, digits, hyphens: `crieur2026`"));
    }
    let domain = match &raw.domain {
        None => from.address.domain().to_owned(),
        Some(text) => domain(text)?,
    };
    let pem = secret(base, &raw.key_file, FILE)?;
    let key = DkimKey::from_pem(pem.as_bytes()).map_err(|error| {
        let fault = fault(&raw.key_file, FILE, &format!("`{}`: {error}", base.join(raw.key_file.get_ref()).display()));
        fault.hint("`openssl genrsa -out FILE 2048` or `openssl genpkey -algorithm ed25519 -out FILE` makes one")
    })?;
    Ok(DkimSettings { selector, domain, key })
}

/// In lower case ASCII, as the part after an `@` is.
fn domain(text: &Text) -> Checked<String> {
    let address = EmailAddress::parse(&format!("crieur@{}", text.get_ref()));
    let address =
        address.map_err(|_| fault(text, "mail.dkim.domain", &format!("`{}` is no domain name", text.get_ref())))?;
    Ok(address.domain().to_owned())
}

/// Labels of letters, digits, hyphens (RFC 6376 §3.1), and underscores, which DNS has nothing against.
fn is_selector(selector: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    selector.len() <= 100 && selector.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use crate::config::Config;

    /// What is said of a `[mail]` section beside which a file stands.
    fn said(section: &str, bytes: &str, mode: u32) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file.pem");
        std::fs::write(&file, bytes).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("its mode");
        let text = format!("[site]\ntitle = \"t\"\nurl = \"https://example.org\"\n[mail]\n{section}\n");
        Config::parse(&folder.path().join("crieur.toml"), &text).map_err(|error| error.to_string())
    }

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                       -----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_signs_for_the_senders_domain_unless_told_otherwise() {
        let own = "dkim = [{ selector = \"S1\", key_file = \"file.pem\" }]";
        let keys = said(own, KEY, 0o600).expect("a key").mail.dkim;
        assert_eq!((keys[0].selector.as_str(), keys[0].domain.as_str()), ("s1", "example.org"));
        let other = "dkim = [{ selector = \"a.b\", domain = \"Bücher.example\", key_file = \"file.pem\" }]";
        assert_eq!(said(other, KEY, 0o400).expect("a key").mail.dkim[0].domain, "xn--bcher-kva.example");
    }

    #[test]
    fn a_key_that_cannot_be_is_named() {
        let key = |rest: &str| format!("dkim = [{{ {rest} }}]");
        let plain = "selector = \"a\", key_file = \"file.pem\"";
        for (section, bytes, mode, part) in [
            (key(plain), KEY, 0o644, "others may read"),
            (key(plain), "no key", 0o600, "no private key"),
            (key("selector = \"a\", key_file = \"gone.pem\""), KEY, 0o600, "cannot be read"),
            (key("selector = \"a b\", key_file = \"file.pem\""), KEY, 0o600, "cannot stand in a domain name"),
            (key("selector = \"a\", domain = \"-\", key_file = \"file.pem\""), KEY, 0o600, "no domain name"),
            (format!("dkim = [{{ {plain} }}, {{ {plain} }}]"), KEY, 0o600, "another key"),
            (key("selectr = \"a\", key_file = \"file.pem\""), KEY, 0o600, "`selector`"),
            ("smtp = { host = \"mx.example.org\", ca_file = \"file.pem\" }".to_owned(), KEY, 0o644, "no certificates"),
        ] {
            let error = said(&section, bytes, mode).expect_err(&section);
            assert!(error.contains(part), "{section}\n{error}");
        }
    }
}
