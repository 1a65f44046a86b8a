//! The front door's process: it is built from the settings and serves until it must stop.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use process::settings::{DEVELOPMENT_SECRET, Settings};
use process::shutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::state::{Api, Shared};
use crate::{router, serve};

/// Connections that the kernel queues until the process accepts them.
const BACKLOG: u32 = 4_096;

/// A front door with its listeners open.
#[derive(Debug)]
pub struct App {
    api: Shared,
    public: TcpListener,
    admin: TcpListener,
    background: CancellationToken,
    admin_router: axum::Router,
    notice: Duration,
    drain: Duration,
}

impl App {
    /// Opens the listeners and starts the background tasks. The broker and the database may still
    /// be down. Fails if a setting cannot be used or an address is in use.
    pub fn build(settings: &Settings) -> anyhow::Result<Self> {
        if settings.secret.expose() == DEVELOPMENT_SECRET {
            tracing::warn!("the secret is the one for development: set BOXOFFICE__SECRET");
        }
        let background = CancellationToken::new();
        let public = listen(settings.api.listen)?;
        let admin = listen(settings.api.admin_listen)?;
        let api = Api::start(settings, &background)?;
        Ok(Self {
            public,
            admin,
            admin_router: router::admin(&api, settings),
            api,
            background,
            notice: Duration::from_millis(settings.api.drain_notice_ms),
            drain: Duration::from_millis(settings.api.drain_ms),
        })
    }

    /// The addresses of the public port and of the admin port.
    pub fn addresses(&self) -> anyhow::Result<(SocketAddr, SocketAddr)> {
        Ok((self.public.local_addr()?, self.admin.local_addr()?))
    }

    /// Serves until `stop`. Then readiness fails, but requests are still accepted for the notice
    /// time, because load balancers need time to notice. After that, waiting clients get an answer,
    /// streams end, and open requests are finished. Fails if this takes longer than the drain time.
    pub async fn serve(self, stop: CancellationToken) -> anyhow::Result<()> {
        let (public, admin) = self.addresses()?;
        tracing::info!(%public, %admin, "listening");
        let options = self.fit_options();
        let admin_stop = CancellationToken::new();
        let admin = tokio::spawn(serve::serve(
            self.admin,
            self.admin_router.clone(),
            options,
            admin_stop.clone(),
        ));
        let api = self.api.clone();
        let closing = CancellationToken::new();
        let public = async {
            let answers = router::public(&api);
            let serve = serve::serve(self.public, answers, options, closing.clone());
            let drain = async {
                stop.cancelled().await;
                api.announce_drain();
                tokio::time::sleep(self.notice).await;
                api.drain();
                closing.cancel();
            };
            tokio::join!(serve, drain);
            Ok(())
        };
        let drained = shutdown::drained(&stop, public, self.notice + self.drain).await;
        admin_stop.cancel();
        self.background.cancel();
        // Requests to the admin port are not drained: no booking depends on them.
        admin.abort();
        drained
    }

    /// The options from the settings, with no more connections than the process may have open
    /// files.
    fn fit_options(&self) -> serve::Options {
        let wanted = self.api.settings.connections_max;
        let fit = serve::connections_max();
        if fit < wanted {
            tracing::warn!(wanted, fit, "the limit of open files is lower than connections_max");
        }
        serve::Options {
            connections_max: wanted.min(fit),
            ..serve::Options::of(&self.api.settings)
        }
    }
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().with_context(|| format!("cannot listen on {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_whole_process_can_be_shown_without_its_secrets() {
        let mut settings = Settings::default();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        (settings.api.listen, settings.api.admin_listen) = (anywhere, anywhere);
        settings.database.url = "postgres://me:hush@127.0.0.1:1/none".into();
        settings.broker.url = "amqp://me:hush@127.0.0.1:1/none".into();
        settings.secret = "hush".into();
        settings.api.organiser_tokens = vec!["hush".into()];
        let shown = format!("{:?} {settings:?}", App::build(&settings).unwrap());
        assert!(shown.len() > 1_000 && !shown.contains("hush"), "{shown}");
    }
}
