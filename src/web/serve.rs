//! The accept loop. Our own, because `axum::serve` cannot set the deadline for headers and hyper has none without a timer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connection;
use super::crowd::Crowd;
use super::limits::Server;

/// After the system refused a connection, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Server {
    /// Serves until `cancel`, then lets the answers under way finish.
    pub async fn serve(self, listener: TcpListener, router: Router, cancel: CancellationToken) {
        let server = Arc::new(self);
        let crowd = Arc::new(Crowd::new(&server.limits));
        let mut connections = JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                () = cancel.cancelled() => break,
                // those that ended are forgotten
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            let place = crowd.admit(server.network(peer.ip()));
            let (server, router, cancel) = (Arc::clone(&server), router.clone(), cancel.clone());
            connections.spawn(connection::answer(server, stream, peer.ip(), router, place, cancel));
        }
        // first: who comes now is told at once that nobody is here
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        // each ends by itself within `drain`; this bounds what none of them foresaw
        let _ = tokio::time::timeout(server.limits.drain + server.limits.linger * 2, all).await;
    }
}
