//! What buyers and the gateway do to the world, one transaction each.

use booking::domain::{Payment, Reservation};
use booking::expiry::{Expiry, expire_hold};
use booking::ledger::{Changes, Decision, Footprint};
use booking::payments::{
    Begun, Charge, Finished, Pay, begin_payment, finish_payment, refunded_payment,
};
use booking::requests::{Best, Decide, Request, Reserve, decide_all};
use testbed::requests::{self, payment_id};

use crate::world::{EVENT, World, id, numbers};

/// So many tickets, anywhere.
pub(crate) fn any(quantity: i32) -> Best {
    requests::best_of(None, quantity)
}

impl World {
    pub(crate) fn wish(&self, number: u128, customer: &str, tickets: &[i32]) -> Reserve {
        requests::reserve(number, customer, tickets, self.now)
    }

    pub(crate) fn best(&self, number: u128, customer: &str, best: Best) -> Reserve {
        Reserve { best: Some(best), ..self.wish(number, customer, &[]) }
    }

    pub(crate) fn cancelling(&self, number: u128) -> Request {
        requests::cancel(number, self.now).into()
    }

    /// Decides a batch of requests in one transaction.
    pub(crate) fn commit(&mut self, requests: &[Request]) -> Changes {
        let mut footprint = Footprint::default();
        for request in requests {
            request.footprint(&self.plan, &mut footprint);
        }
        let decide = |ledger: &mut _| decide_all(ledger, requests);
        let ((), changes) = self.transact(footprint, decide);
        self.check();
        changes
    }

    pub(crate) fn reserve(&mut self, request: Reserve) -> Reservation {
        let key = (request.event, request.id);
        self.commit(&[Request::Reserve(request)]);
        self.reservations[&key].clone()
    }

    /// Holds tickets for a customer; it must succeed.
    pub(crate) fn hold(&mut self, number: u128, customer: &str, tickets: &[i32]) {
        let reservation = self.reserve(self.wish(number, customer, tickets));
        assert_eq!(reservation.tickets, numbers(tickets), "{:?}", reservation.reason);
    }

    pub(crate) fn cancel(&mut self, number: u128) -> Reservation {
        self.commit(&[self.cancelling(number)]);
        self.reservation(number).clone()
    }

    pub(crate) fn expire(&mut self, number: u128) -> Expiry {
        let key = (EVENT, id(number));
        let mut footprint = Footprint::default();
        footprint.reservations.insert(key);
        let (expiry, _) =
            self.transact(footprint, |ledger| Decision::Made(expire_hold(ledger, key)));
        self.check();
        expiry
    }

    pub(crate) fn paying(&self, payment: u128, reservation: u128) -> Pay {
        requests::pay(payment, reservation, self.now)
    }

    pub(crate) fn begin(&mut self, request: &Pay) -> Begun {
        let existing = self.payments.get(&request.id).cloned();
        let mut footprint = Footprint::default();
        footprint.reservations.insert((request.event, request.reservation));
        let decide =
            |ledger: &mut _| Decision::Made(begin_payment(ledger, existing.as_ref(), request));
        let (begun, _) = self.transact(footprint, decide);
        let (Begun::Charge(payment) | Begun::Over(payment)) = &begun;
        self.payments.insert(payment.id, payment.clone());
        self.check();
        begun
    }

    /// Begins a payment that must go to the gateway.
    pub(crate) fn begin_charge(&mut self, payment: u128, reservation: u128) -> Payment {
        match self.begin(&self.paying(payment, reservation)) {
            Begun::Charge(payment) => payment,
            Begun::Over(payment) => panic!("{payment:?} was refused"),
        }
    }

    /// Records the gateway's answers to begun payments in one transaction.
    pub(crate) fn finish(&mut self, answers: &[(u128, Charge)]) -> Vec<Finished> {
        let answers: Vec<(Payment, Charge)> = answers
            .iter()
            .map(|(number, charge)| (self.payments[&payment_id(*number)].clone(), *charge))
            .collect();
        let mut footprint = Footprint::default();
        let keys = answers.iter().map(|(payment, _)| (payment.event, payment.reservation));
        footprint.reservations.extend(keys);
        let (finished, _) = self.transact(footprint, |ledger| {
            let mut need = Footprint::default();
            let mut all = Vec::new();
            for (payment, charge) in &answers {
                match finish_payment(ledger, payment, *charge) {
                    Decision::Made(finished) => all.push(finished),
                    Decision::NeedsLocks(more) => need.absorb(more),
                }
            }
            Decision::unless_needed(need, all)
        });
        for Finished::Done(payment) | Finished::Refund(payment) in &finished {
            self.payments.insert(payment.id, payment.clone());
        }
        self.check();
        finished
    }

    pub(crate) fn finish_one(&mut self, payment: u128, charge: Charge) -> Finished {
        self.finish(&[(payment, charge)]).remove(0)
    }

    /// Pays for a reservation; it must succeed.
    pub(crate) fn pay(&mut self, payment: u128, reservation: u128) {
        self.begin_charge(payment, reservation);
        let finished = self.finish_one(payment, Charge::Captured);
        assert!(matches!(finished, Finished::Done(_)), "{finished:?}");
    }

    /// The gateway has given the money back.
    pub(crate) fn refunded(&mut self, payment: u128) {
        let payment = self.payments.get_mut(&payment_id(payment)).expect("it was begun");
        *payment = refunded_payment(payment);
    }
}
