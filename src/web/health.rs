//! `/healthz` and `/readyz`. The first says that the process lives and what is wrong with it: 200 either way, because
//! whoever asks restarts what does not answer so, and a restart mends neither a folder nor a relay. The second says
//! whether there is a site to serve.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::Web;

pub(super) async fn healthz(State(web): State<Arc<Web>>) -> String {
    web.vitals.health().line()
}

pub(super) async fn readyz(State(web): State<Arc<Web>>) -> (StatusCode, &'static str) {
    match web.live() {
        Some(_) => (StatusCode::OK, "ready\n"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "nothing is published yet\n"),
    }
}

/// Counts answers by the class of their status.
pub(super) async fn count(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    web.vitals.answered(response.status());
    response
}
