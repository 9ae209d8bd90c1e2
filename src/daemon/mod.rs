//! When the four steps run: on a change of the folder, at the hour an announcement appears or an issue is due, and when
//! there is something to deliver. What they do is `app`'s business.

mod admin;
mod deliveries;
mod hubs;
mod publisher;
mod schedule;
mod signals;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::content::folder;
use crate::delivery::hub::Hub;
use crate::model::time::Clock;
use crate::store::Charge;
use crate::web::admin::Hosts;
use crate::web::{self, Web};

/// Another process is in charge of the store: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("another crieur is in charge of this store; stop it first, or give this one a store of its own")]
pub struct AlreadyRunning;

/// A daemon that holds its store and its address.
pub struct Daemon {
    app: Arc<App>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    clock: Clock,
    _charge: Charge,
}

impl Daemon {
    /// Takes charge of the store and binds the address, so that what is wrong with either is said before anything runs.
    ///
    /// # Errors
    /// `AlreadyRunning`, `StoreError`, `FolderError`, or an address that is taken.
    pub async fn start(app: App, clock: Clock) -> anyhow::Result<Self> {
        let charge = app.store.take_charge(clock()).await?.ok_or(AlreadyRunning)?;
        folder::walk_is_possible(&app.config.content.dir)?;
        let http = &app.config.http;
        let listener = bind(http.listen, "listen").await?;
        let admin = match http.admin_listen {
            Some(address) => Some(bind(address, "admin_listen").await?),
            None => None,
        };
        Ok(Self { app: Arc::new(app), listener, admin, clock, _charge: charge })
    }

    /// Publishes, calls `ready` with the addresses it answers on, its own and that of the admin listener (the real ports
    /// where 0 was asked for), and runs until SIGTERM or SIGINT; then lets answers and mails under way finish. A second signal ends it at once.
    ///
    /// # Errors
    /// Where watching or the schedule cannot be set up, or a part of it fails.
    pub async fn run(self, ready: impl FnOnce(SocketAddr, Option<SocketAddr>)) -> anyhow::Result<()> {
        let Self { app, listener, admin, clock, _charge } = self;
        let web = Arc::new(Web::new(
            app.config.site.clone(),
            app.config.newsletters.clone(),
            app.templates.clone(),
            app.store.clone(),
            app.key.clone(),
            clock.clone(),
        ));
        // before anybody is told that we run: whoever reads the address may ask us to stop at once
        let mut signals = signals::Signals::listen()?;
        let cancel = CancellationToken::new();
        let outbox_filled = Arc::new(Notify::new());
        let outbox = app.outbox(clock.clone())?;
        let changes = watch::Changes::watch(&app.config.content.dir)?;
        let ticks = schedule::Ticks::start().await?;
        let (tell_hubs, sites) = tokio::sync::watch::channel(Arc::default());
        let hubs = hubs(&app);
        let desk = admin::Desk {
            app: app.clone(),
            outbox: outbox.clone(),
            vitals: web.vitals.clone(),
            clock: clock.clone(),
            started: clock(),
        };
        let http = app.config.http.clone();
        let vitals = web.vitals.clone();
        let mut publisher =
            publisher::Publisher::new(app, web.clone(), clock.clone(), outbox_filled.clone(), tell_hubs);
        publisher.load_and_publish().await;
        ready(listener.local_addr()?, admin.as_ref().map(TcpListener::local_addr).transpose()?);
        let mut parts = JoinSet::new();
        if let Some(admin) = admin {
            let hosts = Hosts::new(admin.local_addr()?, http.admin_hosts);
            let router = web::admin::router(web.clone(), Box::new(desk), hosts);
            parts.spawn(web::serve(admin, router, cancel.clone()));
        }
        for hub in hubs {
            parts.spawn(hubs::run(hub, sites.clone(), cancel.clone()));
        }
        parts.spawn(web::serve(listener, web::router(web), cancel.clone()));
        parts.spawn(publisher.run(changes, ticks, cancel.clone()));
        parts.spawn(deliveries::run(outbox, vitals, clock, outbox_filled, cancel.clone()));
        let broken = tokio::select! {
            () = signals.next() => false,
            // none ends unasked: a daemon that only looks alive would publish and send nothing for ever
            _ = parts.join_next() => true,
        };
        tracing::info!("stopping: what is under way is finished first");
        cancel.cancel();
        signals.or_at_once(async { while parts.join_next().await.is_some() {} }).await;
        anyhow::ensure!(!broken, "a part of the daemon failed, so it stops: start it again");
        Ok(())
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}: set another address with `{key}` in `[http]`"))
}

fn hubs(app: &App) -> Vec<Hub> {
    let hubs = app.config.publish.websub_hubs.iter();
    hubs.map(|hub| Hub::new(hub.clone(), app.config.site.clone(), app.store.clone())).collect()
}
