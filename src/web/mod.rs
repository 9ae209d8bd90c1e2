//! The site over HTTP, and the pages that need the store. Copies bytes; decides nothing about content.

mod documents;
mod errors;
mod front;
mod headers;
mod live;
mod serve;
mod unsubscribe;

use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;

pub use self::front::Front;
use self::live::Live;
pub use self::serve::serve;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::time::Clock;
use crate::model::token::SigningKey;
use crate::output::site::Site;
use crate::output::templates::Templates;
use crate::store::Store;

/// The largest body any of our forms needs, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// What the handlers share.
pub struct Web {
    pub site: SiteSettings,
    pub newsletters: Vec<Newsletter>,
    pub templates: Templates,
    pub store: Arc<dyn Store>,
    pub key: SigningKey,
    pub clock: Clock,
    live: RwLock<Option<Arc<Live>>>,
}

impl Web {
    pub fn new(
        site: SiteSettings,
        newsletters: Vec<Newsletter>,
        templates: Templates,
        store: Arc<dyn Store>,
        key: SigningKey,
        clock: Clock,
    ) -> Self {
        Self { site, newsletters, templates, store, key, clock, live: RwLock::new(None) }
    }

    /// Swaps in a new site: a response belongs to the one before or to this one, never to both.
    pub fn swap_in(&self, site: Arc<Site>) {
        let live = Live::after(self.live().as_deref(), site, (self.clock)());
        *self.live.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::new(live));
    }

    /// Goes on with what another one served, before anything is published with its own settings.
    pub fn take_over(&self, before: &Self) {
        *self.live.write().unwrap_or_else(std::sync::PoisonError::into_inner) = before.live();
    }

    fn live(&self) -> Option<Arc<Live>> {
        self.live.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn newsletter(&self, name: &str) -> Option<&Newsletter> {
        self.newsletters.iter().find(|newsletter| newsletter.name == name)
    }
}

pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/unsubscribe/{token}", get(unsubscribe::ask).post(unsubscribe::leave))
        .fallback(documents::document)
        .method_not_allowed_fallback(errors::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(headers::secure))
        .with_state(web)
}

async fn readyz(axum::extract::State(web): axum::extract::State<Arc<Web>>) -> (StatusCode, &'static str) {
    match web.live() {
        Some(_) => (StatusCode::OK, "ready\n"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "nothing is published yet\n"),
    }
}
