//! SIGHUP: configuration and templates are read again. One that is wrong changes nothing.

use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::task::block_in_place;

use super::publisher::Publisher;
use super::systemd;
use super::watch::Changes;
use crate::app::App;
use crate::config::Config;
use crate::folder::Mirror;
use crate::model::health::Trouble;

impl Publisher {
    /// Takes over what can be taken over, publishes with it, and says what cannot.
    pub(super) async fn reload(&mut self) {
        systemd::tell_reloading();
        match block_in_place(|| self.app.reloaded()).and_then(|app| Ok((app.outbox(self.clock.clone())?, app))) {
            Ok((mut outbox, app)) => {
                if let Some(outbox) = Arc::get_mut(&mut outbox) {
                    outbox.count_on(&self.outlets.outboxes.borrow());
                }
                self.outlets.outboxes.send_replace(outbox).retire();
                self.take_over(Arc::new(app));
                self.web.vitals.note(Trouble::Configuration, None);
                tracing::info!("configuration and templates were read again");
                self.load_and_publish().await;
                self.compose().await;
            }
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!("nothing is taken over, the former configuration holds: {reason}");
                self.web.vitals.note(Trouble::Configuration, Some(reason));
            }
        }
        // also where nothing changed: we are no longer at it
        systemd::tell(&[NotifyState::Ready]);
    }

    fn take_over(&mut self, app: Arc<App>) {
        for what in left_behind(&self.app.config, &app.config) {
            tracing::warn!("{what} is another one now: that takes a restart");
        }
        let web = super::web(&app, &self.clock, self.web.vitals.clone(), self.outlets.outbox_filled.clone());
        let web = Arc::new(web.following(&self.web));
        self.outlets.front.replace(web.clone());
        // what waited for a template or a newsletter may find it now
        web.resume();
        let content = &app.config.content;
        // what is known of files in the middle of being written stays known where it is the same folder
        if *content.dir != self.app.config.content.dir || content.max_bytes != self.app.config.content.max_bytes {
            self.changes = Changes::of(&content.dir, content.max_bytes, web.vitals.clone());
        }
        self.mirror = Mirror::of(&app.config.publish.dir);
        self.outlets.apps.send_replace(app.clone());
        (self.web, self.app) = (web, app);
        self.forget_what_was_told();
    }
}

/// What a running daemon cannot change.
fn left_behind(before: &Config, now: &Config) -> Vec<&'static str> {
    let mut left = Vec::new();
    if before.http.listen != now.http.listen {
        left.push("`listen` in `[http]`");
    }
    if before.http.admin_listen != now.http.admin_listen {
        left.push("`admin_listen` in `[http]`");
    }
    if before.http.admin_hosts != now.http.admin_hosts {
        left.push("`admin_hosts` in `[http]`");
    }
    if before.http.trusted_proxies != now.http.trusted_proxies {
        left.push("`trusted_proxies` in `[http]`");
    }
    left
}
