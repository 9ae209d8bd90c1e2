//! The admin listener: `/` for people, `/metrics` for Prometheus. It only answers GET, and only under names that are
//! known: a page in the operator's browser must not reach it by a name of its own that leads to the loopback (DNS
//! rebinding).

mod hosts;
mod metrics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::get;
use tokio::sync::Mutex;

pub use self::hosts::Hosts;
use super::{Front, passage};
use crate::model::status::{Reading, Status, Traffic};
use crate::output::page::status as page;

/// The page runs no script and loads nothing but its style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TEXT: &str = "text/plain; charset=utf-8";
/// However often it is asked, the store is asked no more often than this.
const FRESH: Duration = Duration::from_secs(1);

/// Where the figures come from.
#[async_trait]
pub trait Teller: Send + Sync {
    /// `None` where the store fails: the teller says so.
    async fn status(&self, reading: Reading) -> Option<Status>;

    fn traffic(&self) -> Traffic;
}

struct Admin {
    front: Front,
    teller: Box<dyn Teller>,
    hosts: Hosts,
    told: Mutex<Option<(Instant, Option<Arc<Status>>)>>,
}

impl Admin {
    /// One at a time: a crowd that asks at once is told the same.
    async fn status(&self) -> Option<Arc<Status>> {
        let mut told = self.told.lock().await;
        if let Some((at, status)) = told.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            tracing::trace!(age = ?at.elapsed(), "told again");
            return status.clone();
        }
        let status = self.teller.status(self.front.web().vitals.reading()).await.map(Arc::new);
        *told = Some((Instant::now(), status.clone()));
        status
    }
}

pub fn router(front: Front, teller: Box<dyn Teller>, hosts: Hosts) -> Router {
    let admin = Arc::new(Admin { front, teller, hosts, told: Mutex::default() });
    Router::new()
        .route("/", get(status_page))
        .route("/metrics", get(all_metrics))
        .route("/status.css", get(style))
        .fallback(|| async { plain(StatusCode::NOT_FOUND, "there are `/` and `/metrics`\n") })
        .method_not_allowed_fallback(|| async {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "nothing can be changed here\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        })
        .layer(middleware::from_fn_with_state(admin.clone(), guard))
        .with_state(admin)
}

async fn status_page(State(admin): State<Arc<Admin>>) -> Response<Body> {
    let Some(status) = admin.status().await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the store fails; the log says why\n");
    };
    let web = admin.front.web();
    match page::status(&web.templates, &web.site, &status, &web.vitals.health(), &admin.teller.traffic()) {
        Ok(bytes) => answer(StatusCode::OK, "text/html; charset=utf-8", bytes),
        Err(error) => {
            tracing::error!(%error, "the status page cannot be shown");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the template of this page is wrong; the log says where\n")
        }
    }
}

async fn all_metrics(State(admin): State<Arc<Admin>>) -> Response<Body> {
    let status = admin.status().await;
    let vitals = admin.front.web().vitals.clone();
    let text = metrics::text(vitals.metrics(), &vitals.health(), &admin.teller.traffic(), status.as_deref());
    match text {
        Ok(text) => answer(StatusCode::OK, metrics::CONTENT_TYPE, text.into_bytes()),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
        }
    }
}

async fn style(State(admin): State<Arc<Admin>>) -> Response<Body> {
    answer(StatusCode::OK, "text/css; charset=utf-8", page::stylesheet(&admin.front.web().templates))
}

/// Turns away who asks under a name that is not ours, and puts on every answer what holds for all.
async fn guard(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response<Body> {
    let has_body = passage::has_body(request.headers());
    let refusal = passage::refusal(request.headers());
    let mut response = match refusal.map_or_else(|| admin.hosts.allow(request.uri(), request.headers()), Err) {
        Ok(()) => next.run(request).await,
        Err(status) if refusal.is_some() => plain(status, "the request is not understood\n"),
        Err(status) => plain(status, "not under this name: `admin_hosts` in `[http]` may add one\n"),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    passage::close_where_unclear(&mut response, has_body);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    answer(status, TEXT, text.as_bytes().to_vec())
}

fn answer(status: StatusCode, content_type: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
