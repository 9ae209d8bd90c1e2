//! A key that signs mails (DKIM, RFC 6376), read once into a type that can sign. `Debug` shows nothing of it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::RsaKeyPair;
use tokio_rustls::rustls::crypto::ring::sign::{any_eddsa_type, any_supported_type};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::SigningKey;
use tokio_rustls::rustls::{SignatureAlgorithm, SignatureScheme};

use super::token::sha256;

/// `[mail] dkim`: one key, and where its public half stands: `selector._domainkey.domain`.
#[derive(Debug, Clone)]
pub struct DkimSettings {
    pub selector: String,
    /// In lower case ASCII.
    pub domain: String,
    pub key: DkimKey,
}

/// RSA of 2048 bits or more, or Ed25519 (RFC 8463).
#[derive(Clone)]
pub struct DkimKey(Arc<dyn SigningKey>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimKeyError {
    #[error("it holds no private key in PEM that is not encrypted")]
    NoKey,
    #[error("the key is neither RSA nor Ed25519")]
    OtherKind,
    #[error("the RSA key is shorter than 2048 bits, which is no longer safe (RFC 8301 §3.2)")]
    TooShort,
    #[error("the RSA key is longer than 4096 bits, which verifiers need not take (RFC 8301 §3.2)")]
    TooLong,
}

impl DkimKey {
    /// Reads PKCS#8 (`BEGIN PRIVATE KEY`) of either kind, or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// Where there is no such key, or an RSA key is too short or too long.
    pub fn from_pem(pem: &[u8]) -> Result<Self, DkimKeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| DkimKeyError::NoKey)?;
        if let PrivateKeyDer::Pkcs8(pkcs8) = &der
            && let Ok(key) = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.secret_pkcs8_der()))
        {
            return Ok(Self(key));
        }
        check_rsa(&der)?;
        any_supported_type(&der).map(Self).map_err(|_| DkimKeyError::OtherKind)
    }

    /// As it stands in `a=`: `rsa-sha256` or `ed25519-sha256`.
    pub fn algorithm(&self) -> &'static str {
        if self.is_rsa() { "rsa-sha256" } else { "ed25519-sha256" }
    }

    /// As it stands in `k=` of the record: `rsa` or `ed25519`.
    pub fn kind(&self) -> &'static str {
        if self.is_rsa() { "rsa" } else { "ed25519" }
    }

    /// What stands in `p=` of the record: the `SubjectPublicKeyInfo` of an RSA key (RFC 6376 §3.6.1, errata 3017), the bare 32
    /// octets of an Ed25519 key (RFC 8463 §4.2).
    pub fn public(&self) -> Option<Vec<u8>> {
        let info = self.0.public_key()?;
        let bare = if self.is_rsa() { &info[..] } else { info.last_chunk::<32>()? };
        Some(bare.to_vec())
    }

    /// Whether `p=` of a record is the public half of this key. An RSA key may stand there without what names its algorithm.
    pub fn is_public_half(&self, written: &str) -> bool {
        /// The head of the `SubjectPublicKeyInfo` of any RSA key of 2048 to 4096 bits.
        const HEAD: usize = 24;
        let (Some(ours), Ok(theirs)) = (self.public(), STANDARD.decode(written)) else { return false };
        theirs == ours || (self.is_rsa() && ours.get(HEAD..) == Some(&theirs[..]))
    }

    fn is_rsa(&self) -> bool {
        self.0.algorithm() == SignatureAlgorithm::RSA
    }

    /// Signs by RFC 8017 §8.2 or RFC 8463 §3. Deterministic: the same data gives the same signature. `None` where the key is
    /// inconsistent in itself.
    pub fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        let signer = self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ED25519])?;
        if self.is_rsa() { signer.sign(data).ok() } else { signer.sign(&sha256(data)).ok() }
    }
}

/// rustls only says that a key is wrong; ring says why.
fn check_rsa(der: &PrivateKeyDer<'_>) -> Result<(), DkimKeyError> {
    let pair = match der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(DkimKeyError::OtherKind),
    };
    pair.map(drop).map_err(|rejected| match rejected.to_string().as_str() {
        "TooSmall" => DkimKeyError::TooShort,
        "TooLarge" => DkimKeyError::TooLong,
        _ => DkimKeyError::OtherKind,
    })
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({}, …)", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl genpkey -algorithm ed25519`: made for this test, used nowhere.
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIPPXB8W3R84vZ5Mcfhdh/9Rm+2WY+vWzCgWl5IKMVBQt
-----END PRIVATE KEY-----
";

    #[test]
    fn what_is_no_key_for_dkim_is_refused_by_its_reason() {
        for (pem, reason) in [
            ("", DkimKeyError::NoKey),
            (
                "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
                DkimKeyError::NoKey,
            ),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", DkimKeyError::OtherKind),
            (RSA_1024, DkimKeyError::TooShort),
        ] {
            assert_eq!(DkimKey::from_pem(pem.as_bytes()).expect_err(pem), reason);
        }
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        let key = DkimKey::from_pem(ED25519.as_bytes()).expect("a key");
        assert_eq!(format!("{key:?}"), "DkimKey(ed25519-sha256, …)");
    }

    const RSA_1024: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQCihl0fZgpnRoSYKQ+jMeGhDGzIKib5tosfpNf5e+awiLbz9u7d
0fLiOA0iKUZoRoeRlUtzMDfAinBpOFSyo3zYwp6hB+HwEI6G32Um2K3rrkO+cZof
325jcdn7jypGxlfGxY8Z3qYfE90m9iLDzlZ8zKGr7XLtfJpRqQAw1v8DoQIDAQAB
AoGAJS78izx7UNmPaIisbTfyWThQgxMxy5v6BIlgaFHym50LzpFGYTWxjhQo3RH4
a88HIUW492emucRyp4Ad0Kka3NdwwQwZgyI5+RQIbmYc4QpURUJ3IwsCVtVOr8eT
esEHC31lCYZwQnjmYG17W/eDU9FKSTBHpXH51oDmr93o2mECQQDUXfbxnXm4L0DM
ordY3O8xmDxfphMGCPA6FkmvdOTKRDzItGJRR7GNYsuQvHp4Jxp40Mp4u3IJJ2hE
3nrA7zCFAkEAw+rPf1zA/reoc16mkbADxhkGRlP6PJHYBpnYoE9qCOKHfMtNDoQ2
h2KrpNkqlufbiecrpc5MD7e+a+5XUW5fbQJBAL/XnpQHwQRM04nI2D5TX1T7BFcX
jIngGzsuFSSGQYQi/pIEuehZDqD9hY1bZnsSQAyx+KX2Fv8D9WJ5ZITTzo0CQDbR
H2eyaymZ9574L8D5r8Sgwdmxq4WBBSGrsCoCrld4EpK/S3sxURSGbiI8xSbeDtZC
ATtuQmfvcG9Ai9vz9u0CQGYIyavUud/y5GMnx8pbRxCgwh6aiAP0nRFnoH7e1Gqq
fK1tB5w+Lk48LgWIBpODsBxKZyYRCxE6kPOWzPSDOxg=
-----END RSA PRIVATE KEY-----
";
}
