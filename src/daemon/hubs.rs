//! Tells hubs after each publication, in the background: no publication ever waits for one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::delivery::hub::Hub;
use crate::output::site::Site;

/// After each failed round; then the hub hears of it with the next publication.
const RETRIES: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(30), Duration::from_mins(5), Duration::from_mins(30)];

/// Tells the hubs of the configuration that holds, until `cancel`.
pub(super) async fn run(
    mut apps: watch::Receiver<Arc<App>>,
    published: watch::Receiver<Arc<Site>>,
    cancel: CancellationToken,
) {
    while !cancel.is_cancelled() {
        let round = cancel.child_token();
        let mut telling = JoinSet::new();
        for hub in hubs(&apps.borrow_and_update()) {
            telling.spawn(run_one(hub, published.clone(), round.clone()));
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            Ok(()) = apps.changed() => {}
            // none ends unasked: the daemon learns of it by our own end
            Some(_) = telling.join_next() => return,
        }
        round.cancel();
        while telling.join_next().await.is_some() {}
    }
}

fn hubs(app: &App) -> Vec<Hub> {
    let hubs = app.config.publish.websub_hubs.iter();
    hubs.map(|hub| Hub::new(hub.clone(), app.config.site.clone(), app.store.clone())).collect()
}

/// Tells one hub until `cancel`.
async fn run_one(hub: Hub, mut published: watch::Receiver<Arc<Site>>, cancel: CancellationToken) {
    // a borrowed round is dropped half way when we are asked to stop: what was not recorded is told after the next start
    let rounds = async {
        while published.changed().await.is_ok() {
            tell(&hub, &mut published).await;
        }
    };
    cancel.run_until_cancelled(rounds).await;
}

async fn tell(hub: &Hub, published: &mut watch::Receiver<Arc<Site>>) {
    let mut failed = false;
    for pause in RETRIES.into_iter().map(Some).chain([None]) {
        let site = published.borrow_and_update().clone();
        match hub.tell(&site).await {
            Ok(0) => return,
            Ok(feeds) => return tracing::info!(hub = %hub.url(), feeds, "hub told"),
            Err(error) if !failed => {
                tracing::warn!(hub = %hub.url(), "the hub was not told, it is tried a few times more: {error}");
                failed = true;
            }
            Err(_) => {}
        }
        let Some(pause) = pause else { return };
        // a newer site is no reason to hurry a hub that is down
        tokio::time::sleep(pause).await;
    }
}
