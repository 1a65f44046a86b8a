//! One small event, and workers' transactions on it: lock, decide, write, commit.

use booking::domain::{Payment, Reservation};
use booking::expiry::{Expiry, expire_hold};
use booking::ledger::{Changes, Decision, Footprint, Ledger};
use booking::payments::{Begun, Charge, Finished, begin_payment, finish_payment, refunded_payment};
use booking::requests::{Decide, Request, decide_all};
use chrono::{DateTime, Utc};
use sqlx::Postgres;
use store::history::Cause;
use store::lock::SeatingPlans;
use store::replan::Plans;
use store::seating_plans::SeatingPlanCache;
use store::seed::{EventPlan, SectionPlan, SectionPlanKind, plant};
use store::{Failure, Pool, Transaction, audit, charges, payments, pool, reservations, stock};

use super::{EVENT, asks, with_database, with_frozen_database};

pub(crate) const HOLD_SECONDS: i64 = 600;
pub(crate) const PAYING_SECONDS: i64 = 30;
pub(crate) const TICKETS_PER_RESERVATION: i32 = 10;

/// The tickets of a section of the event.
pub(crate) fn tickets_of_section(section: i32) -> std::ops::RangeInclusive<i32> {
    if section == 1 { 1..=30 } else { 31..=50 }
}

pub(crate) struct Scene<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) plans: SeatingPlans,
}

/// Runs a test on an event with 30 seats in three rows (1 to 30, the first two rows 50.00, the
/// third 30.00), room for 20 (31 to 50, 20.00), and so many tickets for a customer at most.
pub(crate) fn with_scene(tickets_per_customer: Option<i32>, test: impl AsyncFnOnce(&Scene<'_>)) {
    with_database(async |pool| test(&Scene::plant(pool, tickets_per_customer).await).await);
}

/// The same, where the database's clock stands still and is moved by [`Scene::set_clock`].
pub(crate) fn with_frozen_scene(
    tickets_per_customer: Option<i32>,
    test: impl AsyncFnOnce(&Scene<'_>),
) {
    with_frozen_database(async |pool| {
        test(&Scene::plant(pool, tickets_per_customer).await).await;
    });
}

/// What random tests begin from: BOXOFFICE_TEST_SEED plays a failed one again.
#[expect(clippy::print_stdout, reason = "shown where the test fails")]
pub(crate) fn seed() -> u64 {
    let given = std::env::var("BOXOFFICE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    println!("BOXOFFICE_TEST_SEED={seed}");
    seed
}

async fn connection(pool: &Pool) -> sqlx::pool::PoolConnection<Postgres> {
    pool.acquire().await.expect("a connection")
}

fn plan(tickets_per_customer: Option<i32>) -> EventPlan {
    let seats = SectionPlanKind::Rows {
        tiers: vec![1, 1, 2],
        first_row: b'A',
        seats: 10,
        x: 0.0,
        y: 3.0,
        accessible: true,
    };
    EventPlan {
        id: EVENT,
        name: "A test".to_owned(),
        venue: "A house for tests".to_owned(),
        starts_in_days: 10.0,
        on_sale_in_days: -1.0,
        hold_seconds: HOLD_SECONDS as i32,
        paying_seconds: PAYING_SECONDS as i32,
        tickets_per_reservation: TICKETS_PER_RESERVATION,
        tickets_per_customer,
        tiers: vec![("Front", 5_000), ("Back", 3_000), ("Floor", 2_000)],
        sections: vec![
            SectionPlan { name: "Seats", kind: seats },
            SectionPlan {
                name: "Floor",
                kind: SectionPlanKind::Standing { tier: 3, capacity: 20 },
            },
        ],
    }
}

impl<'a> Scene<'a> {
    async fn plant(pool: &'a Pool, tickets_per_customer: Option<i32>) -> Self {
        let plan = plan(tickets_per_customer);
        assert!(plant(&mut *connection(pool).await, &plan).await.expect("planted"));
        let plans = SeatingPlanCache::default().find_plans(pool, &[EVENT]).await.expect("found");
        Self { pool, plans }
    }
}

impl Scene<'_> {
    /// What the database's clock says from now on, where it stands still.
    pub(crate) async fn set_clock(&self, now: DateTime<Utc>) {
        let set = sqlx::query("UPDATE test_clock.frozen SET at = $1").bind(now);
        let done = set.execute(self.pool).await.expect("a clock that stands still");
        assert_eq!(done.rows_affected(), 1);
    }

    /// Lock, decide, write, commit; again with more locks where the decision needs them.
    pub(crate) async fn transact<T>(
        &self,
        queue: &'static str,
        mut footprint: Footprint,
        decide: impl AsyncFn(&mut Transaction, &mut Ledger, Cause<'static>) -> Decision<T>,
    ) -> (T, Changes) {
        loop {
            let (mut transaction, mut ledger) = self.lock(&footprint).await;
            let cause = Cause { queue, at: ledger.now() };
            match decide(&mut transaction, &mut ledger, cause).await {
                Decision::NeedsLocks(need) => {
                    transaction.rollback().await.expect("a rollback");
                    footprint.absorb(need);
                }
                Decision::Made(output) => {
                    let changes = ledger.changes(queue);
                    stock::write(&mut transaction, &changes).await.expect("written");
                    transaction.commit().await.expect("a commit");
                    return (output, changes);
                }
            }
        }
    }

    pub(crate) async fn connection(&self) -> sqlx::pool::PoolConnection<Postgres> {
        connection(self.pool).await
    }

    pub(crate) async fn lock(&self, footprint: &Footprint) -> (Transaction, Ledger) {
        self.try_lock(footprint).await.expect("locks")
    }

    async fn try_lock(&self, footprint: &Footprint) -> Result<(Transaction, Ledger), store::Error> {
        Transaction::lock(self.pool, Plans::Kept, footprint, &self.plans).await
    }

    /// A transaction without a lock: what it writes, another one may have changed.
    pub(crate) async fn lock_nothing(&self) -> Transaction {
        self.lock(&Footprint::default()).await.0
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(self.pool).await.expect(statement);
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.pool).await.expect(query)
    }

    pub(crate) fn footprint(&self, requests: &[Request]) -> Footprint {
        let mut footprint = Footprint::default();
        for request in requests {
            request.footprint(&self.plans[&EVENT], &mut footprint);
        }
        footprint
    }

    /// Locks and decides, and leaves the writing to the caller.
    pub(crate) async fn decided(&self, requests: &[Request]) -> (Transaction, Changes) {
        let (transaction, mut ledger) = self.lock(&self.footprint(requests)).await;
        let decided = decide_all(&mut ledger, requests);
        assert_eq!(decided, Decision::Made(()), "the footprint is enough");
        (transaction, ledger.changes("requests.00"))
    }

    /// Decides requests in one transaction, as a worker does.
    pub(crate) async fn try_commit(&self, requests: &[Request]) -> Result<Changes, Failure> {
        let mut footprint = self.footprint(requests);
        loop {
            let (mut transaction, mut ledger) = self.try_lock(&footprint).await?;
            if let Decision::NeedsLocks(need) = decide_all(&mut ledger, requests) {
                transaction.rollback().await?;
                footprint.absorb(need);
                continue;
            }
            let changes = ledger.changes("requests.00");
            stock::write(&mut transaction, &changes).await?;
            transaction.commit().await?;
            return Ok(changes);
        }
    }

    pub(crate) async fn commit(&self, requests: &[Request]) -> Changes {
        self.try_commit(requests).await.expect("a commit")
    }

    pub(crate) async fn reservation(&self, number: u128) -> Reservation {
        let keys = [(EVENT, asks::id(number))];
        let found = reservations::find(&mut *self.connection().await, &keys).await;
        found.expect("a query").pop().expect("it is stored")
    }

    pub(crate) async fn payment(&self, number: u128) -> Payment {
        let key = (EVENT, asks::payment_id(number));
        let found = payments::find(&mut *self.connection().await, &[key]).await;
        found.expect("a query").remove(&key).expect("it is stored")
    }

    /// Begins a payment and charges it, as a payment worker does.
    pub(crate) async fn charge(&self, payment: u128, reservation: u128) -> Payment {
        let request = asks::pay(payment, reservation);
        let mut footprint = Footprint::default();
        footprint.reservations.insert((EVENT, request.reservation));
        let (mut transaction, mut ledger) = self.lock(&footprint).await;
        let begun = begin_payment(&mut ledger, None, &request);
        let Begun::Charge(payment) = begun else { panic!("{begun:?}") };
        let cause = Cause { queue: "payments.00", at: ledger.now() };
        let new = std::slice::from_ref(&payment);
        payments::insert(&mut transaction, new, cause).await.expect("new");
        let changes = ledger.changes("payments.00");
        stock::write(&mut transaction, &changes).await.expect("written");
        transaction.commit().await.expect("a commit");
        let (attempt, of) = (payment.id.0, payment.reservation.0);
        let books = &mut *self.connection().await;
        charges::record(books, attempt, of, payment.money(), None).await.expect("charged");
        payment
    }

    /// Records that a charge was captured.
    pub(crate) async fn captured(&self, payment: &Payment) -> Finished {
        let mut footprint = Footprint::default();
        footprint.reservations.insert((EVENT, payment.reservation));
        let (mut transaction, mut ledger) = self.lock(&footprint).await;
        let finished = finish_payment(&mut ledger, payment, Charge::Captured);
        let Decision::Made(finished) = finished else { panic!("{finished:?}") };
        let (Finished::Done(after) | Finished::Refund(after)) = &finished;
        let cause = Cause { queue: "payments.00", at: ledger.now() };
        let changed = std::slice::from_ref(after);
        payments::update(&mut transaction, changed, cause).await.expect("it was processing");
        let changes = ledger.changes("payments.00");
        stock::write(&mut transaction, &changes).await.expect("written");
        transaction.commit().await.expect("a commit");
        finished
    }

    pub(crate) async fn give_back(&self, payment: &Payment) {
        let connection = &mut *self.connection().await;
        assert!(charges::refund(connection, payment.id.0).await.expect("a refund"));
        let refunded = refunded_payment(payment);
        let cause = self.cause().await;
        let mut transaction = self.lock_nothing().await;
        payments::update(&mut transaction, &[refunded], cause).await.expect("it was processing");
        transaction.commit().await.expect("a commit");
    }

    /// The names of the rules that are broken, and how many rows break each.
    pub(crate) async fn violations(&self) -> Vec<(&'static str, i64)> {
        let connection = &mut *self.connection().await;
        let broken = audit::violations(connection, audit::Scope::ALL).await.expect("a query");
        broken.iter().map(|one| (one.rule.name, one.rows)).collect()
    }

    /// A payment worker's transaction of this moment.
    pub(crate) async fn cause(&self) -> Cause<'static> {
        let at = pool::now(&mut *self.connection().await).await.expect("a time");
        Cause { queue: "payments.00", at }
    }

    /// Looks at the hold of a reservation, as an expiry worker does.
    pub(crate) async fn prompt(&self, number: u128) -> Expiry {
        let key = (EVENT, asks::id(number));
        let mut footprint = Footprint::default();
        footprint.reservations.insert(key);
        let decide = async |_: &mut Transaction, ledger: &mut Ledger, _: Cause<'static>| {
            Decision::Made(expire_hold(ledger, key))
        };
        self.transact("holds.due", footprint, decide).await.0
    }

    /// Lets the hold of a reservation be due, as if its time had passed: its past is forged too.
    pub(crate) async fn make_due(&self, number: u128) {
        self.execute("ALTER TABLE reservation_history DISABLE TRIGGER append_only").await;
        for statement in [
            "UPDATE tickets SET expires_at = date_trunc('milliseconds', now())
             WHERE reservation_id = $1 AND state = 'held'",
            "UPDATE reservations r SET expires_at = coalesce(
                 (SELECT max(t.expires_at) FROM tickets t WHERE t.reservation_id = r.id),
                 r.expires_at)
             WHERE r.id = $1",
            "UPDATE reservation_history h SET expires_at = r.expires_at FROM reservations r
             WHERE r.id = $1 AND h.reservation_id = $1 AND h.revision = r.revision",
        ] {
            let done = sqlx::query(statement).bind(asks::id(number).0).execute(self.pool).await;
            assert!(done.expect(statement).rows_affected() > 0, "{number} is held");
        }
        self.execute("ALTER TABLE reservation_history ENABLE TRIGGER append_only").await;
    }
}
