//! Tells a WebSub hub which feeds have changed. Publisher only: nobody subscribes with us, and no address but the
//! configured ones is ever asked, so nothing a stranger says leads anywhere.
//!
//! What a hub was told last is kept in the store, not guessed from files: after a crash between publishing and telling, the
//! hub is told; after a mere restart it is not.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};
use tokio::time::timeout;
use url::Url;
use url::form_urlencoded::Serializer;

use super::fetch;
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
        let form =
            Serializer::new(String::new()).append_pair("hub.mode", "publish").append_pair("hub.url", topic).finish();
        let request = fetch::request(Method::POST, &self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let request = request.map_err(|error| HubError::Unreachable(error.to_string()))?;
        let status = fetch::send(&self.url, request).await.map_err(HubError::Unreachable)?.status;
        if status.is_success() { Ok(()) } else { Err(HubError::Refused(status)) }
    }
}
