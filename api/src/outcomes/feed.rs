//! Consumes the outcomes for as long as the process lives.

use std::sync::Arc;
use std::time::Duration;

use booking::messages::{self, Message};
use broker::topology::{self, Topology};
use broker::{Connection, Feed, LostConnection, declare};
use process::backoff::Backoff;
use process::{clock, settings};

use super::OutcomeDispatcher;

impl OutcomeDispatcher {
    /// Consumes outcomes, and reconnects whenever the connection is lost. Never returns.
    pub(crate) async fn listen(self: Arc<Self>, settings: settings::Broker, topology: Topology) {
        let mut is_declared = false;
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            let Err(error) =
                self.listen_once(&settings, &topology, &mut is_declared, &mut backoff).await;
            if self.boards.end() {
                tracing::warn!(%error, "the feed of outcomes is lost");
            } else {
                tracing::debug!(%error, "the feed of outcomes cannot be opened yet");
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    async fn listen_once(
        &self,
        settings: &settings::Broker,
        topology: &Topology,
        is_declared: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<std::convert::Infallible, LostConnection> {
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        let open = async {
            let connection = Connection::open(settings, "api outcomes").await?;
            if !*is_declared {
                declare(&connection, topology).await?;
                *is_declared = true;
            }
            let feed = Feed::open(&connection, topology::OUTCOMES).await?;
            Ok((connection, feed))
        };
        let (_connection, mut feed) = tokio::time::timeout(limit, open)
            .await
            .unwrap_or_else(|_| Err(LostConnection("it took too long to open".to_owned())))?;
        tracing::info!("listening to outcomes");
        backoff.reset();
        self.announce_gap();
        self.boards.begin();
        loop {
            let bytes = feed.next().await?;
            match messages::BatchOutcome::decode(&bytes) {
                Ok(outcomes) => self.dispatch(outcomes, clock::now()),
                Err(error) => {
                    tracing::error!(%error, "outcomes that cannot be read; another version?");
                    self.announce_gap();
                }
            }
        }
    }
}
