//! What every handler shares.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use booking::decide::ReservationKey;
use booking::domain::{EventId, Payment, Reservation};
use booking::ids::Mint;
use broker::Publisher;
use broker::topology::Topology;
use process::settings::{self, Settings};
use store::Pool;
use store::payments::PaymentKey;
use tokio_util::sync::CancellationToken;

use crate::catalogue::{Catalogue, Entry};
use crate::database;
use crate::front_desk::FrontDesk;
use crate::labels::Labels;
use crate::layouts::Layouts;
use crate::limits::Limits;
use crate::outcomes::Outcomes;
use crate::problem::Problem;
use crate::reader::Reader;

/// The front door's parts, as handlers get them.
pub type Shared = Arc<Api>;

/// The front door's parts.
#[derive(Debug)]
pub struct Api {
    /// Its settings.
    pub settings: settings::Api,
    /// How much a client may ask for.
    pub limits: Limits,
    /// Mints and recognises ids.
    pub mint: Mint,
    /// Partitions and queues.
    pub topology: Topology,
    /// Admits requests.
    pub desk: FrontDesk,
    /// What the workers decide.
    pub outcomes: Arc<Outcomes>,
    /// Reads reservations.
    pub reservations: Reader<ReservationKey, Reservation>,
    /// Reads payments.
    pub payments: Reader<PaymentKey, Payment>,
    /// What is for sale.
    pub catalogue: Catalogue,
    /// Where the seats are.
    pub layouts: Layouts,
    /// What the seats are called.
    pub labels: Labels,
    /// For reads of another kind.
    pub pool: Pool,
    draining: AtomicBool,
}

impl Api {
    /// Starts what runs in the background, until `stop`. Neither broker nor database needs to be
    /// there yet.
    pub fn start(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<Shared> {
        let topology = Topology::new(&settings.topology);
        let publisher =
            Publisher::start(&settings.broker, &topology, "api publisher", stop.clone());
        let pool = store::pool::open(&settings.database, "boxoffice api")?;
        let waiters_max = settings.api.waiters_max;
        let outcomes = Arc::new(Outcomes::new(waiters_max, pool.clone(), stop));
        let api = Arc::new(Self {
            limits: Limits::new(&settings.limits),
            mint: Mint::new(settings.secret.expose()),
            desk: FrontDesk::open(&settings.api, &topology, &publisher, &outcomes.pace),
            outcomes,
            reservations: reservations(waiters_max, pool.clone()),
            payments: payments(waiters_max, pool.clone()),
            catalogue: Catalogue::new(pool.clone()),
            layouts: Layouts::new(pool.clone()),
            labels: Labels::new(pool.clone()),
            settings: settings.api.clone(),
            topology,
            pool,
            draining: AtomicBool::new(false),
        });
        let feed = Arc::clone(&api.outcomes).listen(settings.broker.clone(), api.topology.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(feed));
        let fresh = Arc::clone(&api);
        let refresh = async move { fresh.catalogue.keep_fresh().await };
        tokio::spawn(stop.clone().run_until_cancelled_owned(refresh));
        Ok(api)
    }

    /// An event of the catalogue, or the problem to answer with.
    pub async fn event(&self, id: EventId) -> Result<Arc<Entry>, Problem> {
        match self.catalogue.find(id).await {
            Ok(Some(entry)) => Ok(entry),
            Ok(None) => Err(Problem::not_found("There is no such event.")),
            Err(database::Away) => Err(database_away()),
        }
    }

    /// Readiness fails from now on.
    pub fn announce_drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Stops taking part: readiness fails, and who waits is answered.
    pub fn drain(&self) {
        self.announce_drain();
        self.outcomes.drain();
    }

    /// It is stopping.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// The answer where a read needs Postgres and it is away.
pub fn database_away() -> Problem {
    Problem::unavailable("The database is away; what was accepted is safe.", 2)
}

fn reservations(waiting_max: usize, pool: Pool) -> Reader<ReservationKey, Reservation> {
    Reader::start(waiting_max, move |keys: Vec<ReservationKey>| {
        let pool = pool.clone();
        async move {
            database::read("reservations", || async {
                let mut connection = pool.acquire().await?;
                let found = store::reservations::find(&mut connection, &keys).await?;
                Ok(found
                    .into_iter()
                    .map(|one| ((one.event, one.id), one))
                    .collect::<HashMap<_, _>>())
            })
            .await
        }
    })
}

fn payments(waiting_max: usize, pool: Pool) -> Reader<PaymentKey, Payment> {
    Reader::start(waiting_max, move |keys: Vec<PaymentKey>| {
        let pool = pool.clone();
        async move {
            database::read("payments", || async {
                Ok(store::payments::find(&mut *pool.acquire().await?, &keys).await?)
            })
            .await
        }
    })
}
