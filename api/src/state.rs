//! The state that all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use booking::domain::{Payment, Reservation};
use booking::ids::{EventId, Mint, ReservationKey};
use broker::Publisher;
use broker::topology::Topology;
use process::settings::{self, Settings};
use store::Pool;
use store::payments::PaymentKey;
use tokio_util::sync::CancellationToken;

use crate::front_desk::FrontDesk;
use crate::limits::Limits;
use crate::outcomes::OutcomeDispatcher;
use crate::problem::Problem;
use crate::reads::{Catalogue, Entry, Labels, Layouts, Reader, read_payments, read_reservations};

pub(crate) type Shared = Arc<Api>;

#[derive(Debug)]
pub(crate) struct Api {
    pub settings: settings::Api,
    pub limits: Limits,
    pub mint: Mint,
    pub desk: FrontDesk,
    pub outcomes: Arc<OutcomeDispatcher>,
    pub reservations: Arc<Reader<ReservationKey, Reservation>>,
    pub payments: Arc<Reader<PaymentKey, Payment>>,
    pub catalogue: Catalogue,
    pub layouts: Layouts,
    pub labels: Labels,
    /// For reads that have no batched reader.
    pub pool: Pool,
    draining: AtomicBool,
}

impl Api {
    /// Starts the background tasks, which run until `stop`. The broker and the database may still
    /// be down.
    pub(crate) fn start(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<Shared> {
        let topology = Topology::new(&settings.topology);
        let publisher =
            Publisher::start(&settings.broker, &topology, "api publisher", stop.clone());
        let pool = store::pool::open(&settings.database, "boxoffice api")?;
        let waiters_max = settings.api.waiters_max;
        let outcomes = Arc::new(OutcomeDispatcher::new(waiters_max, pool.clone(), stop));
        let reservations = Arc::new(read_reservations(waiters_max, pool.clone()));
        let payments = Arc::new(read_payments(waiters_max, pool.clone()));
        let desk = FrontDesk::open(
            &settings.api,
            &topology,
            &publisher,
            &outcomes,
            &reservations,
            &payments,
        );
        let api = Arc::new(Self {
            limits: Limits::new(&settings.limits),
            mint: Mint::new(settings.secret.expose()),
            desk,
            outcomes,
            reservations,
            payments,
            catalogue: Catalogue::new(pool.clone()),
            layouts: Layouts::new(pool.clone()),
            labels: Labels::new(pool.clone()),
            settings: settings.api.clone(),
            pool,
            draining: AtomicBool::new(false),
        });
        let feed = Arc::clone(&api.outcomes).listen(settings.broker.clone(), topology);
        tokio::spawn(stop.clone().run_until_cancelled_owned(feed));
        let fresh = Arc::clone(&api);
        let refresh = async move { fresh.catalogue.keep_fresh().await };
        tokio::spawn(stop.clone().run_until_cancelled_owned(refresh));
        Ok(api)
    }

    /// An event of the catalogue, or the problem to answer with.
    pub(crate) async fn event(&self, id: EventId) -> Result<Arc<Entry>, Problem> {
        let found = self.catalogue.find(id).await?;
        found.ok_or_else(|| Problem::not_found("There is no such event."))
    }

    /// Makes readiness fail from now on.
    pub(crate) fn announce_drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Makes readiness fail, and answers all waiting clients.
    pub(crate) fn drain(&self) {
        self.announce_drain();
        self.outcomes.drain();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}
