//! Questions to the DNS, by the name servers the system is told to use.

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};

/// Asks; an answer is remembered as long as it says.
pub struct Dns(TokioResolver);

impl Dns {
    /// As `/etc/resolv.conf` says.
    ///
    /// # Errors
    /// In words, where that names nobody to ask.
    pub fn of_the_system() -> Result<Self, String> {
        let resolver = TokioResolver::builder_tokio().and_then(ResolverBuilder::build);
        resolver.map(Self).map_err(|error| error.to_string())
    }

    /// The TXT records of a name, the strings of each joined; none where there is no such name.
    ///
    /// # Errors
    /// In words, where nobody answers or the answer is a failure.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let text = |data: &RData| match data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, text).await
    }

    /// The hosts that take mail for a domain (RFC 5321 §5.1): those of its MX, or itself where it has an address only. A
    /// domain that takes none has the one host `.` (RFC 7505).
    ///
    /// # Errors
    /// As `texts`.
    pub async fn mail_hosts(&self, domain: &str) -> Result<Vec<String>, String> {
        let host = |data: &RData| match data {
            RData::MX(mx) => Some(mx.exchange.to_string()),
            _ => None,
        };
        let hosts = self.ask(domain, RecordType::MX, host).await?;
        if !hosts.is_empty() {
            return Ok(hosts);
        }
        for kind in [RecordType::A, RecordType::AAAA] {
            let address = |data: &RData| matches!(data, RData::A(_) | RData::AAAA(_)).then(|| domain.to_owned());
            let found = self.ask(domain, kind, address).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, pick: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, String> {
        // with a dot at the end no search list of this machine is tried
        match self.0.lookup(format!("{}.", name.trim_end_matches('.')), kind).await {
            Ok(answer) => Ok(answer.answers().iter().filter_map(|record| pick(&record.data)).collect()),
            Err(error) if says_there_is_none(&error) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// An answer that there is nothing, which a failing server's (SERVFAIL) is not.
fn says_there_is_none(error: &NetError) -> bool {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else { return false };
    matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}
