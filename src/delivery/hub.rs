//! Tells a WebSub hub which feeds have changed. Publisher only: nobody subscribes with us, and no address but the
//! configured ones is ever asked, so nothing a stranger says leads anywhere.
//!
//! What a hub was told last is kept in the store, not guessed from files: after a crash between publishing and telling, the
//! hub is told; after a mere restart it is not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::model::settings::SiteSettings;
use crate::output::site::{Document, Site};
use crate::store::{Store, StoreError};

/// For one ping, from looking up the hub's name to its status line.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a hub was not told.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// A redirect is one of them: the operator named the hub, nobody else does.
    #[error("it answered {0}")]
    Refused(StatusCode),
    #[error("no answer in time")]
    Silent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One hub, told of one site's feeds.
pub struct Hub {
    url: Url,
    site: SiteSettings,
    store: Arc<dyn Store>,
    deadline: Duration,
}

impl Hub {
    pub fn new(url: Url, site: SiteSettings, store: Arc<dyn Store>) -> Self {
        Self { url, site, store, deadline: DEADLINE }
    }

    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// One ping for each feed that is not what the hub was last told of; says how many. Archives are left out: they do not
    /// change. Told again, it goes on where it failed.
    ///
    /// # Errors
    /// The first ping that fails ends the round: a hub that is down would cost a deadline a feed.
    pub async fn tell(&self, site: &Site) -> Result<usize, HubError> {
        let told = self.store.told_hub(self.url.as_str()).await?;
        let is_live = |(path, document): &(&String, &Document)| document.is_feed() && !path.starts_with("archive/");
        let mut count = 0;
        for (path, document) in site.documents.iter().filter(is_live) {
            let topic = self.site.own_url(path);
            if told.get(&topic) == Some(&document.etag) {
                continue;
            }
            timeout(self.deadline, self.ping(&topic)).await.map_err(|_| HubError::Silent)??;
            self.store.record_told_hub(self.url.as_str(), &topic, &document.etag).await?;
            count += 1;
        }
        Ok(count)
    }

    /// `hub.mode=publish` and `hub.url`, which WebSub leaves open and every public hub takes (`PubSubHubbub` 0.3 §7.1).
    async fn ping(&self, topic: &str) -> Result<(), HubError> {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(80);
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((name, port)).await.map_err(unreachable)?;
        let status = if self.url.scheme() == "https" {
            let server = ServerName::try_from(name.to_owned()).map_err(unreachable)?;
            let connector = TlsConnector::from(tls()?);
            self.post(TokioIo::new(connector.connect(server, stream).await.map_err(unreachable)?), topic).await?
        } else {
            self.post(TokioIo::new(stream), topic).await?
        };
        if status.is_success() { Ok(()) } else { Err(HubError::Refused(status)) }
    }

    async fn post<S>(&self, stream: S, topic: &str) -> Result<StatusCode, HubError>
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(stream).await.map_err(unreachable)?;
        let request = self.request(topic)?;
        // where the connection ends first, the answer says why; both are dropped here, so nothing goes on behind our back
        let driven = async {
            let _ = connection.await;
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            answer = sender.send_request(request) => answer.map(|answer| answer.status()).map_err(unreachable),
            never = driven => match never {},
        }
    }

    fn request(&self, topic: &str) -> Result<Request<String>, HubError> {
        let form =
            Serializer::new(String::new()).append_pair("hub.mode", "publish").append_pair("hub.url", topic).finish();
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        Request::builder()
            .method(Method::POST)
            .uri(format!("{}{query}", self.url.path()))
            .header(HOST, host)
            .header(USER_AGENT, "crieur")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .map_err(unreachable)
    }
}

fn tls() -> Result<Arc<ClientConfig>, HubError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(builder.map_err(unreachable)?.with_root_certificates(roots).with_no_client_auth()))
}

#[allow(clippy::needless_pass_by_value)] // for `map_err`
fn unreachable(error: impl ToString) -> HubError {
    HubError::Unreachable(error.to_string())
}
