//! One HTTP request to an address the operator named. No redirect is followed, and of the answer only its head is read.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::client::conn::http1;
use hyper::header::{HOST, USER_AGENT};
use hyper::http::response::Parts;
use hyper::rt::{Read, Write};
use hyper::{Method, Request, http};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Position, Url};

/// The head of a request for an address, without a body yet.
pub fn request(method: Method, url: &Url) -> http::request::Builder {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Request::builder()
        .method(method)
        .uri(format!("{}{query}", url.path()))
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, "crieur")
}

/// Sends it there and waits for the head of the answer, without a deadline of its own.
///
/// # Errors
/// In words, where nobody answers.
pub async fn send(url: &Url, request: Request<String>) -> Result<Parts, String> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port)).await.map_err(in_words)?;
    if url.scheme() != "https" {
        return exchange(TokioIo::new(stream), request).await;
    }
    let server = ServerName::try_from(name.to_owned()).map_err(in_words)?;
    let stream = TlsConnector::from(tls()?).connect(server, stream).await.map_err(in_words)?;
    exchange(TokioIo::new(stream), request).await
}

async fn exchange<S>(stream: S, request: Request<String>) -> Result<Parts, String>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await.map_err(in_words)?;
    // where the connection ends first, the answer says why; both are dropped here, so nothing goes on behind our back
    let driven = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        answer = sender.send_request(request) => answer.map(|answer| answer.into_parts().0).map_err(in_words),
        never = driven => match never {},
    }
}

fn tls() -> Result<Arc<ClientConfig>, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(builder.map_err(in_words)?.with_root_certificates(roots).with_no_client_auth()))
}

#[allow(clippy::needless_pass_by_value)] // for `map_err`
fn in_words(error: impl ToString) -> String {
    error.to_string()
}
