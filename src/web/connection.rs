//! One connection from its first request to its last, within its time.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::crowd::Place;
use super::limits::{MAX_HEAD, MAX_HEADERS, Server};
use super::wire::Wire;

/// Answers what is asked on a connection until it is closed, its time or ours is up, or its place is given to another.
pub(super) async fn answer(
    server: Arc<Server>,
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    place: Place,
    cancel: CancellationToken,
) {
    let limits = &server.limits;
    // an answer is written in few pieces: none waits for the reader to acknowledge the one before
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stream, limits, place.useful.clone());
    let inner = TowerToHyperService::new(router);
    let service = service_fn(|mut request: Request<Incoming>| {
        let client = Client::of(peer, request.headers(), &server.trusted_proxies);
        request.extensions_mut().insert(client);
        inner.call(request)
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head).half_close(true);
    builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD * 2);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(wire), service));
    let mut deadline = Instant::now() + limits.life;
    let mut is_last = false;
    loop {
        let is_over = tokio::select! {
            ended = connection.as_mut() => {
                // a reader who hangs up is no fault of ours
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                }
                return;
            }
            () = place.end.cancelled() => return tracing::debug!("a connection made room for another"),
            () = sleep_until(deadline) => is_last,
            () = cancel.cancelled(), if !is_last => false,
        };
        if is_over {
            return tracing::debug!("a connection took longer than it may");
        }
        is_last = true;
        deadline = Instant::now() + limits.drain;
        connection.as_mut().graceful_shutdown();
    }
}
