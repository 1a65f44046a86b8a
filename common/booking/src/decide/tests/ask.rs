//! What buyers and the gateway do to the world, one transaction each.

use super::World;
use super::world::{EVENT, id, numbers};
use crate::decide::{
    Begun, Changes, Charge, Expiry, Finished, Footprint, begin_payment, cancel, expire,
    finish_payment, refunded_payment, reserve,
};
use crate::domain::{CardBehaviour, Payment, Reservation};
use crate::ids::PaymentId;
use crate::messages::{Best, Cancel, Pay, Request, Reserve};

/// So many tickets, anywhere.
pub(super) const fn any(quantity: i32) -> Best {
    Best { quantity, section: None, tier: None, together: false }
}

pub(super) fn payment_id(number: u128) -> PaymentId {
    PaymentId(uuid::Uuid::from_u128(number))
}

impl World {
    pub(super) fn wish(&self, number: u128, customer: &str, tickets: &[i32]) -> Reserve {
        Reserve {
            id: id(number),
            event: EVENT,
            customer: customer.to_owned(),
            tickets: numbers(tickets),
            best: None,
            accepted_at: self.now,
            patience_ms: 30_000,
            fingerprint: 5,
        }
    }

    pub(super) fn best(&self, number: u128, customer: &str, best: Best) -> Reserve {
        Reserve { best: Some(best), ..self.wish(number, customer, &[]) }
    }

    pub(super) fn cancelling(&self, number: u128) -> Request {
        Request::Cancel(Cancel { id: id(number), event: EVENT, accepted_at: self.now })
    }

    /// Decides a batch of requests in one transaction.
    pub(super) fn commit(&mut self, requests: &[Request]) -> Changes {
        let mut footprint = Footprint::default();
        for request in requests {
            footprint.add_request(request, &self.house);
        }
        let decide = |ledger: &mut _| {
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
        };
        let ((), changes) = self.transact(footprint, decide);
        self.check();
        changes
    }

    pub(super) fn reserve(&mut self, request: Reserve) -> Reservation {
        let key = (request.event, request.id);
        self.commit(&[Request::Reserve(request)]);
        self.reservations[&key].clone()
    }

    /// Holds tickets for a customer; it must succeed.
    pub(super) fn hold(&mut self, number: u128, customer: &str, tickets: &[i32]) {
        let reservation = self.reserve(self.wish(number, customer, tickets));
        assert_eq!(reservation.tickets, numbers(tickets), "{:?}", reservation.reason);
    }

    pub(super) fn cancel(&mut self, number: u128) -> Reservation {
        self.commit(&[self.cancelling(number)]);
        self.reservation(number).clone()
    }

    pub(super) fn expire(&mut self, number: u128) -> Expiry {
        let key = (EVENT, id(number));
        let mut footprint = Footprint::default();
        footprint.reservations.insert(key);
        let (expiry, _) = self.transact(footprint, |ledger| Ok(expire(ledger, key)));
        self.check();
        expiry
    }

    pub(super) fn paying(&self, payment: u128, reservation: u128) -> Pay {
        Pay {
            id: payment_id(payment),
            event: EVENT,
            reservation: id(reservation),
            card: CardBehaviour::Succeeds,
            card_last4: "4242".to_owned(),
            accepted_at: self.now,
            patience_ms: 30_000,
            fingerprint: 6,
        }
    }

    pub(super) fn begin(&mut self, request: &Pay) -> Begun {
        let existing = self.payments.get(&request.id).cloned();
        let mut footprint = Footprint::default();
        footprint.reservations.insert((request.event, request.reservation));
        let decide = |ledger: &mut _| Ok(begin_payment(ledger, existing.as_ref(), request));
        let (begun, _) = self.transact(footprint, decide);
        let (Begun::Charge(payment) | Begun::Over(payment)) = &begun;
        self.payments.insert(payment.id, payment.clone());
        self.check();
        begun
    }

    /// Begins a payment that must go to the gateway.
    pub(super) fn begin_charge(&mut self, payment: u128, reservation: u128) -> Payment {
        match self.begin(&self.paying(payment, reservation)) {
            Begun::Charge(payment) => payment,
            Begun::Over(payment) => panic!("{payment:?} was refused"),
        }
    }

    /// Records the gateway's answers to begun payments in one transaction.
    pub(super) fn finish(&mut self, answers: &[(u128, Charge)]) -> Vec<Finished> {
        let answers: Vec<(Payment, Charge)> = answers
            .iter()
            .map(|(number, charge)| (self.payments[&payment_id(*number)].clone(), *charge))
            .collect();
        let mut footprint = Footprint::default();
        let keys = answers.iter().map(|(payment, _)| (payment.event, payment.reservation));
        footprint.reservations.extend(keys);
        let (finished, _) = self.transact(footprint, |ledger| {
            let (mut need, mut all) = (Footprint::default(), Vec::new());
            for (payment, charge) in &answers {
                match finish_payment(ledger, payment, *charge) {
                    Ok(finished) => all.push(finished),
                    Err(more) => need.absorb(more),
                }
            }
            if need.is_empty() { Ok(all) } else { Err(need) }
        });
        for Finished::Done(payment) | Finished::Refund(payment) in &finished {
            self.payments.insert(payment.id, payment.clone());
        }
        self.check();
        finished
    }

    pub(super) fn finish_one(&mut self, payment: u128, charge: Charge) -> Finished {
        self.finish(&[(payment, charge)]).remove(0)
    }

    /// Pays for a reservation; it must succeed.
    pub(super) fn pay(&mut self, payment: u128, reservation: u128) {
        self.begin_charge(payment, reservation);
        let finished = self.finish_one(payment, Charge::Captured);
        assert!(matches!(finished, Finished::Done(_)), "{finished:?}");
    }

    /// The gateway has given the money back.
    pub(super) fn refunded(&mut self, payment: u128) {
        let payment = self.payments.get_mut(&payment_id(payment)).expect("it was begun");
        *payment = refunded_payment(payment);
    }
}
