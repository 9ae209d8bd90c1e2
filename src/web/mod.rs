//! The site over HTTP, and the pages that need the store. Copies bytes; decides nothing about content.

pub mod admin;
mod client;
mod conditions;
mod confirm;
mod connection;
mod crowd;
mod documents;
mod encoding;
mod errors;
mod fields;
mod front;
mod head;
mod headers;
mod health;
mod limits;
mod live;
mod origin;
mod passage;
mod preferences;
mod serve;
mod signup;
#[cfg(test)]
mod tests;
mod unsubscribe;
mod vitals;
mod wire;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use tokio::sync::Notify;
use url::Url;

pub use self::client::Client;
pub use self::front::Front;
pub use self::limits::{Limits, Server};
use self::live::Live;
use self::signup::Signups;
pub use self::vitals::Vitals;
use crate::model::newsletter::Newsletter;
use crate::model::settings::{SiteSettings, SubscribeSettings};
use crate::model::time::Clock;
use crate::model::token::SigningKey;
use crate::output::site::Site;
use crate::output::templates::Templates;
use crate::store::Store;

/// What the handlers share.
pub struct Web {
    pub site: SiteSettings,
    pub newsletters: Vec<Newsletter>,
    pub templates: Templates,
    pub store: Arc<dyn Store>,
    pub key: SigningKey,
    pub clock: Clock,
    /// What is known of the process, whichever configuration holds.
    pub vitals: Arc<Vitals>,
    /// Named in the headers of feeds (WebSub §4).
    hubs: Vec<Url>,
    signups: Signups,
    /// Told when there is a letter to be sent.
    outbox_filled: Arc<Notify>,
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
        let (vitals, hubs, live) = (Arc::default(), Vec::new(), RwLock::new(None));
        let (signups, outbox_filled) = (Signups::new(SubscribeSettings::default()), Arc::default());
        Self { site, newsletters, templates, store, key, clock, vitals, hubs, signups, outbox_filled, live }
    }

    /// With the hubs that are told of news.
    #[must_use]
    pub fn with_hubs(self, hubs: Vec<Url>) -> Self {
        Self { hubs, ..self }
    }

    /// With what others note in, too.
    #[must_use]
    pub fn with_vitals(self, vitals: Arc<Vitals>) -> Self {
        Self { vitals, ..self }
    }

    /// With limits for those who sign up, and whom to tell when a letter waits for them.
    #[must_use]
    pub fn with_signups(self, limits: SubscribeSettings, outbox_filled: Arc<Notify>) -> Self {
        Self { signups: Signups::new(limits), outbox_filled, ..self }
    }

    /// Has sign-ups carried out that were answered by a process that is gone.
    pub fn resume(self: &Arc<Self>) {
        self.signups.resume(self);
    }

    /// Waits until every sign-up that was answered is carried out.
    pub async fn finish(&self) {
        self.signups.finish().await;
    }

    /// The path of one of our own pages, under whatever name the host is reached.
    fn site_path(&self, path: &str) -> String {
        format!("{}{path}", self.site.public_url.path())
    }

    /// Swaps in a new site: a response belongs to the one before or to this one, never to both.
    pub fn swap_in(&self, site: Arc<Site>) {
        let live = Arc::new(Live::after(self.live().as_deref(), site, (self.clock)()));
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&live));
        live.pack_in_background();
    }

    /// `Link` headers of the feed at a path: each hub, and the address to subscribe to; none where there is no hub.
    fn hub_links(&self, path: &str) -> impl Iterator<Item = String> {
        let hubs = self.hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\""));
        let itself = (!self.hubs.is_empty()).then(|| format!("<{}>; rel=\"self\"", self.site.own_url(path)));
        hubs.chain(itself)
    }

    /// Goes on with what another one served, before anything is published with its own settings, and with what it counted.
    #[must_use]
    pub fn following(mut self, before: &Self) -> Self {
        self.live = RwLock::new(before.live());
        self.signups.count_on(&before.signups);
        self
    }

    fn live(&self) -> Option<Arc<Live>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn newsletter(&self, name: &str) -> Option<&Newsletter> {
        self.newsletters.iter().find(|newsletter| newsletter.name == name)
    }
}

/// Pages that need the store. Some add a slash to whatever they copy: nobody is sent away for it, nor redirected (RFC 8058 §3.1
/// would have that one-click request fail).
fn forms() -> Router<Arc<Web>> {
    let pages = [
        ("/subscribe", get(signup::form).post(signup::sign_up)),
        ("/confirm/{token}", get(confirm::ask).post(confirm::confirm)),
        ("/preferences/{token}", get(preferences::show).post(preferences::change)),
        ("/unsubscribe/{token}", get(unsubscribe::ask).post(unsubscribe::leave)),
    ];
    pages
        .into_iter()
        .fold(Router::new(), |router, (path, page)| router.route(path, page.clone()).route(&format!("{path}/"), page))
}

/// Answers requests; `body` is how long one may take to arrive.
fn router(web: Arc<Web>, body: Duration) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(forms())
        .fallback(documents::document)
        .method_not_allowed_fallback(errors::method_not_allowed)
        .layer(middleware::from_fn_with_state((web.clone(), body), passage::pass))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(web.clone(), health::count))
        .with_state(web)
}
