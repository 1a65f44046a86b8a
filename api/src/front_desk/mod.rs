//! The front desk: it puts requests into envelopes, publishes them, and reports for each request
//! whether it was refused, is queued, or is decided already.

mod admission;
mod envelope;
mod intake;
mod meter;
mod refusal;
mod submit;
mod waiting_queue;

pub(crate) use meter::{count_edge_refusal, register as register_metrics};
pub(crate) use submit::Submitted;

use std::sync::Arc;

use booking::domain::{Payment, Reservation, SeatingPlan};
use booking::ids::{PaymentId, ReservationId, ReservationKey};
use booking::payments::Pay;
use booking::requests::{Decide, Request};
use broker::Publisher;
use broker::topology::Topology;
use process::settings;
use store::payments::PaymentKey;
use tokio::time::Instant;

use self::intake::{Intake, Partitions, Submission};
use crate::outcomes::OutcomeDispatcher;
use crate::problem::Problem;
use crate::reads::Reader;

/// Where handlers submit requests and payments for the workers.
#[derive(Debug)]
pub(crate) struct FrontDesk {
    publisher: Publisher,
    topology: Topology,
    requests: Intake<Request, ReservationId, Reservation>,
    payments: Intake<Pay, PaymentId, Payment>,
}

impl FrontDesk {
    /// Opens all waiting queues. They close when the front desk is dropped.
    pub(crate) fn open(
        settings: &settings::Api,
        topology: &Topology,
        publisher: &Publisher,
        outcomes: &Arc<OutcomeDispatcher>,
        reservations: &Arc<Reader<ReservationKey, Reservation>>,
        payments: &Arc<Reader<PaymentKey, Payment>>,
    ) -> Self {
        let partitions = Partitions { settings, topology, publisher, lags: &outcomes.lags };
        Self {
            publisher: publisher.clone(),
            topology: topology.clone(),
            requests: Intake {
                name: "reservation",
                partitions: partitions.open_requests(),
                publisher: publisher.clone(),
                lag_max_ms: settings.lag_max_ms,
                waiters: Arc::clone(&outcomes.reservations),
                reader: Arc::clone(reservations),
                outcomes: Arc::clone(outcomes),
            },
            payments: Intake {
                name: "payment",
                partitions: partitions.open_payments(),
                publisher: publisher.clone(),
                lag_max_ms: settings.lag_max_ms,
                waiters: Arc::clone(&outcomes.payments),
                reader: Arc::clone(payments),
                outcomes: Arc::clone(outcomes),
            },
        }
    }

    /// Submits a request of any kind to the reservation workers; see [`Intake::submit`].
    /// `fingerprint` is that of the body, if the client sent an idempotency key.
    pub(crate) fn submit_request(
        &self,
        request: Request,
        plan: &SeatingPlan,
        fingerprint: Option<i64>,
        deadline: Option<Instant>,
        enough: impl Fn(&Reservation) -> bool,
    ) -> impl Future<Output = Result<Submitted<Reservation>, Problem>> {
        let submission = Submission {
            key: request.key(),
            accepted_at: request.accepted_at(),
            partition: self.topology.partition_of(request.route(plan)),
            may_be_late: request.frees_tickets(),
            fingerprint,
            message: request,
        };
        self.requests.submit(submission, deadline, enough)
    }

    /// Submits a payment to the payment workers in the same way. It is accepted whatever the lag
    /// is, because its tickets are already held.
    pub(crate) fn submit_payment(
        &self,
        payment: Pay,
        fingerprint: Option<i64>,
        deadline: Option<Instant>,
        enough: impl Fn(&Payment) -> bool,
    ) -> impl Future<Output = Result<Submitted<Payment>, Problem>> {
        let submission = Submission {
            key: (payment.event, payment.id),
            accepted_at: payment.accepted_at,
            partition: self.topology.payment_partition(payment.reservation),
            may_be_late: true,
            fingerprint,
            message: payment,
        };
        self.payments.submit(submission, deadline, enough)
    }

    /// When to expect the outcome of a payment of this reservation, in milliseconds from now.
    pub(crate) fn payment_eta_ms(&self, reservation: ReservationId) -> u32 {
        self.payments.eta_ms(self.topology.payment_partition(reservation))
    }

    /// Whether requests can be admitted now, as far as this process knows.
    pub(crate) fn is_open(&self) -> bool {
        self.publisher.is_ready()
    }
}
