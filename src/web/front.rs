//! What stands before the router, so that another one can take its place while connections stay open.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::{Limits, Web, router};

/// Holds what answers now and its router; cheap to clone.
#[derive(Clone)]
pub struct Front {
    inner: Arc<RwLock<(Arc<Web>, Router)>>,
    /// How long a request's body may take.
    body: Duration,
}

impl Front {
    pub fn new(web: Arc<Web>, limits: &Limits) -> Self {
        let router = router(web.clone(), limits.body);
        Self { inner: Arc::new(RwLock::new((web, router))), body: limits.body }
    }

    /// Requests that come from now on are answered by another one; those under way are finished by theirs.
    pub fn replace(&self, web: Arc<Web>) {
        let router = router(web.clone(), self.body);
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = (web, router);
    }

    /// Waits for what was answered and is not yet done.
    pub async fn finish(&self) {
        self.web().finish().await;
    }

    pub(super) fn web(&self) -> Arc<Web> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The router to be served: it asks whoever is inside at the moment.
    pub fn router(&self) -> Router {
        let front = self.clone();
        Router::new().fallback(async move |request: Request| front.answer(request).await)
    }

    async fn answer(&self, request: Request) -> Response {
        let router = self.inner.read().unwrap_or_else(PoisonError::into_inner).1.clone();
        let Ok(response) = TowerToHyperService::new(router).call(request).await;
        response
    }
}
