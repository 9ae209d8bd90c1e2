//! Whom we believe that a relay is who it says: certificates for its name, by the public authorities or the operator's own.
//! TLS 1.2 at least (RFC 8996); there is no way to believe anybody else.

use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::reply::fit;
use crate::model::settings::SmtpSettings;

/// For TLS from the first octet.
pub(super) fn client_config(settings: &SmtpSettings) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    if settings.authorities.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for authority in &settings.authorities {
        roots.add(CertificateDer::from(authority.as_slice())).map_err(|error| unusable(&error))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The same for STARTTLS, which lettre does.
pub(super) fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    builder = builder.certificate_store(if settings.authorities.is_empty() {
        CertificateStore::WebpkiRoots
    } else {
        CertificateStore::None
    });
    for authority in &settings.authorities {
        builder =
            builder.add_root_certificate(Certificate::from_der(authority.clone()).map_err(|error| unusable(&error))?);
    }
    builder.build_rustls().map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::error::Error) -> String {
    fit(&format!("TLS cannot be set up: {error}"))
}
