//! The site over HTTP, and the pages that need the store. Copies bytes; decides nothing about content.

pub mod admin;
mod documents;
mod errors;
mod headers;
mod health;
mod live;
mod serve;
mod unsubscribe;
mod vitals;

use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;

use self::live::Live;
pub use self::serve::serve;
pub use self::vitals::Vitals;
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
    pub vitals: Arc<Vitals>,
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
        Self { site, newsletters, templates, store, key, clock, vitals: Arc::default(), live: RwLock::new(None) }
    }

    /// Swaps in a new site: a response belongs to the one before or to this one, never to both.
    pub fn swap_in(&self, site: Arc<Site>) {
        let live = Live::after(self.live().as_deref(), site, (self.clock)());
        *self.live.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::new(live));
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
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/unsubscribe/{token}", get(unsubscribe::ask).post(unsubscribe::leave))
        .fallback(documents::document)
        .method_not_allowed_fallback(errors::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(web.clone(), health::count))
        .with_state(web)
}
