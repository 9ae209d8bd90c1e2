//! When the four steps run: on a change of the folder, at the hour an announcement appears or an issue is due, and when
//! there is something to deliver. What they do is `app`'s business.

mod admin;
mod deliveries;
mod hubs;
mod jump;
mod pauses;
mod publisher;
mod reload;
mod reports;
mod retention;
mod schedule;
mod settle;
mod signals;
mod systemd;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch as channel};
use tokio::task::{JoinSet, block_in_place};
use tokio_util::sync::CancellationToken;

use self::admin::Desk;
use self::publisher::{Outlets, Publisher};
use self::reports::Reports;
use self::signals::{Asked, Signals};
use self::systemd::Pulse;
use crate::app::App;
use crate::content::folder as content_folder;
use crate::delivery::bounce::lmtp;
use crate::folder;
use crate::model::time::Clock;
use crate::store::{Charge, StoreError};
use crate::web::admin::Hosts;
use crate::web::{self, Front, Vitals, Web};

/// Between two looks whether the state is still where it was.
const STATE_LOOK: Duration = Duration::from_secs(2);

/// Another process is in charge of the store: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("another crieur ({0}) is in charge of this store; stop it first, or give this one a store of its own")]
pub struct AlreadyRunning(String);

/// Takes charge of the store.
///
/// # Errors
/// `AlreadyRunning`, which names who has it, or `StoreError`.
pub async fn take_charge(app: &App, now: DateTime<Utc>) -> anyhow::Result<Charge> {
    if let Some(charge) = app.store.take_charge(now).await? {
        return Ok(charge);
    }
    let who = app.store.who_is_in_charge().await?;
    Err(AlreadyRunning(who.unwrap_or_else(|| "on another machine".to_owned())).into())
}

/// A daemon that holds its store and its address.
pub struct Daemon {
    app: Arc<App>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    reports: Option<lmtp::Door>,
    clock: Clock,
    _charge: Charge,
}

impl Daemon {
    /// Takes charge of the store and binds the address, so that what is wrong with either is said before anything runs. A
    /// content folder that is not there is waited for if it ever was: a disk may be mounted late.
    ///
    /// # Errors
    /// `AlreadyRunning`, `StoreError`, `FolderError`, `Unwritable`, or an address that is taken.
    pub async fn start(app: App, clock: Clock) -> anyhow::Result<Self> {
        let charge = take_charge(&app, clock()).await?;
        let content = content_folder::walk_is_possible(&app.config.content.dir);
        if app.store.last_publish().await?.is_none() {
            content?;
        }
        folder::is_writable(&app.config.publish.dir)?;
        folder::sweep(&app.config.publish.dir, SystemTime::from(clock()));
        let http = &app.config.http;
        let listener = bind(http.listen, "listen").await?;
        let admin = match http.admin_listen {
            Some(address) => Some(bind(address, "admin_listen").await?),
            None => None,
        };
        let reports = match &app.config.mail.bounce_lmtp {
            Some(place) => Some(
                lmtp::Door::open(place).await.with_context(|| format!("`bounce_lmtp`: cannot listen on {place}"))?,
            ),
            None => None,
        };
        Ok(Self { app: Arc::new(app), listener, admin, reports, clock, _charge: charge })
    }

    /// Publishes, calls `ready` with the addresses it answers on, its own and that of the admin listener (the real ports
    /// where 0 was asked for), and runs until SIGTERM or SIGINT; then lets answers and mails under way finish. A second
    /// signal ends it at once. SIGHUP has configuration and templates read again.
    ///
    /// # Errors
    /// Where the schedule cannot be set up, a part of it fails, or the state is taken away.
    pub async fn run(self, ready: impl FnOnce(SocketAddr, Option<SocketAddr>)) -> anyhow::Result<()> {
        let Self { app, listener, admin, reports, clock, _charge } = self;
        let server = web::Server {
            limits: web::Limits::of_this_process(),
            trusted_proxies: app.config.http.trusted_proxies.clone(),
        };
        // before anybody is told that we run: whoever reads the address may ask us to stop at once
        let mut signals = Signals::listen()?;
        let cancel = CancellationToken::new();
        let (outbox_filled, reload) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (vitals, pulse) = (Arc::<Vitals>::default(), Arc::new(Pulse::new()));
        let web = Arc::new(web(&app, &clock, vitals.clone(), outbox_filled.clone()));
        let outlets = Outlets {
            front: Front::new(web.clone(), &server.limits),
            apps: channel::Sender::new(app.clone()),
            outboxes: channel::Sender::new(app.outbox(clock.clone())?),
            sites: channel::Sender::default(),
            outbox_filled: outbox_filled.clone(),
        };
        let (apps, outboxes, sites) =
            (outlets.apps.subscribe(), outlets.outboxes.subscribe(), outlets.sites.subscribe());
        let router = outlets.front.router();
        let ticks = schedule::Ticks::start().await?;
        let desk = Desk {
            apps: apps.clone(),
            outboxes: outboxes.clone(),
            vitals: vitals.clone(),
            clock: clock.clone(),
            started: clock(),
        };
        let front = outlets.front.clone();
        web.resume();
        let mut publisher = Publisher::new(app.clone(), web, clock.clone(), outlets, pulse.clone());
        publisher.begin().await;
        ready(listener.local_addr()?, admin.as_ref().map(TcpListener::local_addr).transpose()?);
        systemd::tell(&[NotifyState::Ready]);
        let mut parts = JoinSet::new();
        if let Some(admin) = admin {
            let hosts = Hosts::new(admin.local_addr()?, app.config.http.admin_hosts.clone());
            let router = web::admin::router(front.clone(), Box::new(desk), hosts);
            parts.spawn(web::Server::for_operators().serve(admin, router, cancel.clone()));
        }
        parts.spawn(retention::run(apps.clone(), clock.clone(), cancel.clone()));
        if let Some(door) = reports {
            let desk = Reports { apps: apps.clone(), clock: clock.clone() };
            parts.spawn(lmtp::serve(door, Arc::new(desk), cancel.clone()));
        }
        parts.spawn(hubs::run(apps, sites, cancel.clone()));
        parts.spawn(server.serve(listener, router, cancel.clone()));
        parts.spawn(publisher.run(ticks, reload.clone(), cancel.clone()));
        parts.spawn(deliveries::run(outboxes, vitals, clock, outbox_filled, pulse, cancel.clone()));
        let ended: anyhow::Result<()> = tokio::select! {
            () = until_stopped(&mut signals, &reload) => Ok(()),
            // none ends unasked: a daemon that only looks alive would publish and send nothing for ever
            _ = parts.join_next() => Err(anyhow::anyhow!("a part of the daemon failed, so it stops: start it again")),
            error = until_state_is_lost(&app) => Err(error.into()),
        };
        tracing::info!("stopping: what is under way is finished first");
        systemd::tell(&[NotifyState::Stopping]);
        cancel.cancel();
        let rest = async {
            while parts.join_next().await.is_some() {}
            front.finish().await;
        };
        signals.or_at_once(rest).await;
        ended
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}: set another address with `{key}` in `[http]`"))
}

fn web(app: &App, clock: &Clock, vitals: Arc<Vitals>, outbox_filled: Arc<Notify>) -> Web {
    let web = Web::new(
        app.config.site.clone(),
        app.config.newsletters.clone(),
        app.templates.clone(),
        app.store.clone(),
        app.key.clone(),
        clock.clone(),
    );
    let web = web.with_hubs(app.config.publish.websub_hubs.clone()).with_vitals(vitals);
    web.with_signups(app.config.subscribe, outbox_filled)
}

async fn until_stopped(signals: &mut Signals, reload: &Notify) {
    while signals.next().await == Asked::Reload {
        reload.notify_one();
    }
}

/// What is written into a file nobody can find any more is lost, readers' wishes with it: better not to run.
async fn until_state_is_lost(app: &App) -> StoreError {
    loop {
        tokio::time::sleep(STATE_LOOK).await;
        if let Err(error) = block_in_place(|| app.state_is_in_place()) {
            return error;
        }
    }
}
