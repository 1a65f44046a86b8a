//! One small event, and workers' transactions on it: lock, decide, write, commit.

use common::decide::{
    Begun, Changes, Charge, Finished, Footprint, Ledger, begin_payment, cancel, finish_payment,
    refunded_payment, reserve,
};
use common::domain::{EventId, Payment, Reservation};
use common::messages::Request;
use common::store::houses::HouseCache;
use common::store::lock::{Houses, lock};
use common::store::seed::{EventPlan, SectionPlan, SectionPlanKind, plant};
use common::store::{Failure, Pool, charges, payments, reservations, stock};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{asks, with_database};

pub(crate) const EVENT: EventId = EventId(7);

pub(crate) struct Scene<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) houses: Houses,
}

/// Runs a test on an event with 30 seats in three rows (1 to 30, the first two rows 50.00, the third
/// 30.00), room for 20 (31 to 50, 20.00), and so many tickets for a customer at most.
pub(crate) fn with_scene(tickets_per_customer: Option<i32>, test: impl AsyncFnOnce(&Scene<'_>)) {
    with_database(async |pool| {
        let plan = plan(tickets_per_customer);
        assert!(plant(&mut *connection(pool).await, &plan).await.expect("planted"));
        let houses = HouseCache::default().of(pool, &[EVENT]).await.expect("houses");
        test(&Scene { pool, houses }).await;
    });
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
        hold_seconds: 600,
        paying_seconds: 30,
        tickets_per_reservation: 10,
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

/// Decides requests as a reservation worker does; an error is what must be locked too.
pub(crate) fn decide(ledger: &mut Ledger, requests: &[Request]) -> Result<(), Footprint> {
    let mut need = Footprint::default();
    for request in requests {
        match request {
            Request::Cancel(request) => cancel(ledger, request),
            Request::Reserve(request) => {
                if let Err(more) = reserve(ledger, request) {
                    need.absorb(more);
                }
            }
        }
    }
    if need.is_empty() { Ok(()) } else { Err(need) }
}

impl Scene<'_> {
    pub(crate) async fn connection(&self) -> sqlx::pool::PoolConnection<Postgres> {
        connection(self.pool).await
    }

    pub(crate) async fn begin(&self) -> Transaction<'static, Postgres> {
        self.pool.begin().await.expect("a transaction")
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
            footprint.add_request(request, &self.houses[&EVENT]);
        }
        footprint
    }

    /// Locks and decides, and leaves the writing to the caller.
    pub(crate) async fn decided(
        &self,
        connection: &mut PgConnection,
        requests: &[Request],
    ) -> Changes {
        let footprint = self.footprint(requests);
        let mut ledger = lock(connection, &footprint, &self.houses).await.expect("locks");
        decide(&mut ledger, requests).expect("the footprint is enough");
        ledger.changes("requests.00")
    }

    /// Decides requests in one transaction, as a worker does.
    pub(crate) async fn try_commit(&self, requests: &[Request]) -> Result<Changes, Failure> {
        let mut footprint = self.footprint(requests);
        loop {
            let mut transaction = self.pool.begin().await?;
            let mut ledger = lock(&mut transaction, &footprint, &self.houses).await?;
            if let Err(need) = decide(&mut ledger, requests) {
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
        let mut transaction = self.begin().await;
        let mut ledger = lock(&mut transaction, &footprint, &self.houses).await.expect("locks");
        let begun = begin_payment(&mut ledger, None, &request);
        let Begun::Charge(payment) = begun else { panic!("{begun:?}") };
        payments::insert(&mut transaction, std::slice::from_ref(&payment)).await.expect("new");
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
        let mut transaction = self.begin().await;
        let mut ledger = lock(&mut transaction, &footprint, &self.houses).await.expect("locks");
        let finished = finish_payment(&mut ledger, payment, Charge::Captured).expect("locked");
        let (Finished::Done(after) | Finished::Refund(after)) = &finished;
        payments::update(&mut transaction, after).await.expect("it was processing");
        let changes = ledger.changes("payments.00");
        stock::write(&mut transaction, &changes).await.expect("written");
        transaction.commit().await.expect("a commit");
        finished
    }

    pub(crate) async fn give_back(&self, payment: &Payment) {
        let connection = &mut *self.connection().await;
        assert!(charges::refund(connection, payment.id.0).await.expect("a refund"));
        let refunded = refunded_payment(payment);
        payments::update(connection, &refunded).await.expect("it was processing");
    }

    /// Lets the hold of a reservation be due, as if its time had passed.
    pub(crate) async fn make_due(&self, number: u128) {
        for statement in [
            "UPDATE tickets SET expires_at = date_trunc('milliseconds', now())
             WHERE reservation_id = $1 AND state = 'held'",
            "UPDATE reservations r SET expires_at = coalesce(
                 (SELECT max(t.expires_at) FROM tickets t WHERE t.reservation_id = r.id), r.expires_at)
             WHERE r.id = $1",
        ] {
            let done = sqlx::query(statement).bind(asks::id(number).0).execute(self.pool).await;
            assert!(done.expect(statement).rows_affected() > 0, "{number} is held");
        }
    }
}
