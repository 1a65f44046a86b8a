//! Whatever buyers, clocks, gateways and redeliveries do, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use booking::domain::{Payment, PaymentStatus, Reason, Reservation, ReservationStatus};
use booking::ids::{ReservationId, SectionNumber, TierNumber};
use booking::ledger::Changes;
use booking::payments::{Begun, Charge};
use booking::requests::{Best, Decide, Request, Reserve};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use testbed::requests::{self, payment_id};

use crate::board::Board;
use crate::world::{CUSTOMERS, EVENT, PAYING_SECONDS, World};

/// For how long paying keeps a hold, at most and once.
const KEPT_MAX: TimeDelta = TimeDelta::seconds(PAYING_SECONDS as i64);

#[derive(Debug, Clone)]
enum Command {
    Batch(Vec<Request>),
    Expire(u128),
    Begin {
        payment: u128,
        number: u128,
    },
    /// The gateway answers; its first word on a payment stands.
    Answer(Vec<(u128, Charge)>),
    GiveBack(u128),
    Wait(i32),
}

fn best() -> impl Strategy<Value = Best> {
    let section = proptest::option::of((1..=3).prop_map(SectionNumber));
    let tier = proptest::option::weighted(0.3, (1..=3).prop_map(TierNumber));
    (1..=5, section, tier, any::<bool>()).prop_map(|(quantity, section, tier, together)| Best {
        quantity,
        section,
        tier,
        together,
    })
}

/// Requests whose moment of acceptance is set when they are sent.
fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        4 => reserve().prop_map(Request::from),
        1 => (1..30_u128).prop_map(|number| requests::cancel(number, DateTime::UNIX_EPOCH).into()),
    ]
}

fn reserve() -> impl Strategy<Value = Reserve> {
    let wish = prop_oneof![
        1 => Just(Vec::new()),
        4 => proptest::collection::btree_set(1..=21, 1..=4).prop_map(Vec::from_iter),
    ];
    let best = proptest::option::weighted(0.5, best());
    let drawn = (1..30_u128, select(&CUSTOMERS[..]), wish, best);
    drawn.prop_map(|(number, customer, tickets, best)| Reserve {
        best,
        ..requests::reserve(number, customer, &tickets, DateTime::UNIX_EPOCH)
    })
}

fn charge() -> impl Strategy<Value = Charge> {
    select(vec![
        Charge::Captured,
        Charge::Captured,
        Charge::Declined(Reason::CardDeclined),
        Charge::Failed(Reason::ProcessingError),
    ])
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => proptest::collection::vec(request(), 1..5).prop_map(Command::Batch),
        3 => (1..30_u128).prop_map(Command::Expire),
        6 => (1..30_u128, 1..30_u128).prop_map(|(payment, number)| {
            Command::Begin { payment, number }
        }),
        4 => proptest::collection::vec((1..30_u128, charge()), 1..4).prop_map(Command::Answer),
        1 => (1..30_u128).prop_map(Command::GiveBack),
        3 => select(vec![1, 29, 30, 60, 119, 120, 121, 300]).prop_map(Command::Wait),
    ]
}

/// The world, who watches it, and the gateway's books.
struct Play {
    world: World,
    board: Board,
    gateway: BTreeMap<u128, Charge>,
    revisions: BTreeMap<u128, i32>,
    /// Until when each hold may be kept at most.
    caps: BTreeMap<ReservationId, DateTime<Utc>>,
    /// What each id asked for first: a redelivery is the same bytes.
    sent: BTreeMap<ReservationId, Request>,
    pays: BTreeMap<u128, u128>,
}

impl Play {
    fn new(world: World) -> Self {
        Self {
            board: Board::of(&world),
            world,
            gateway: BTreeMap::new(),
            revisions: BTreeMap::new(),
            caps: BTreeMap::new(),
            sent: BTreeMap::new(),
            pays: BTreeMap::new(),
        }
    }

    fn step(&mut self, command: &Command) {
        match command {
            Command::Wait(seconds) => self.world.wait(*seconds),
            Command::Batch(drawn) => self.batch(drawn),
            Command::Expire(number) => {
                self.world.expire(*number);
            }
            Command::Begin { payment, number } => self.begin(*payment, *number),
            Command::Answer(answers) => self.answer(answers),
            Command::GiveBack(payment) => self.give_back(*payment),
        }
        for changes in std::mem::take(&mut self.world.log) {
            self.board.follow(&changes.outcomes.sections);
            check_told(&changes);
        }
        self.board.check(&self.world);
        self.check_money();
        self.check_revisions();
    }

    fn batch(&mut self, drawn: &[Request]) {
        let requests: Vec<Request> = drawn.iter().map(|request| self.send(request)).collect();
        let changes = self.world.commit(&requests);
        let cancels = requests.iter().any(Decide::frees_tickets);
        for request in requests {
            if let (Request::Reserve(request), false) = (request, cancels) {
                self.check_sold_out(&changes, &request);
            }
        }
    }

    fn send(&mut self, drawn: &Request) -> Request {
        let new = requests::accepted_at(drawn.clone(), self.world.now);
        if drawn.frees_tickets() {
            return new;
        }
        self.sent.entry(drawn.key().1).or_insert(new).clone()
    }

    /// Mostly for what can be paid: a number is then a place among those.
    fn begin(&mut self, payment: u128, number: u128) {
        let is_held = |one: &&Reservation| one.status == ReservationStatus::Held;
        let held = self.world.reservations.values().filter(is_held);
        let held: BTreeSet<u128> = held.map(|one| one.id.0.as_u128()).collect();
        let place =
            held.iter().copied().cycle().nth(number as usize).filter(|_| !number.is_multiple_of(4));
        let reservation = *self.pays.entry(payment).or_insert(place.unwrap_or(number));
        let begun = self.world.begin(&self.world.paying(payment, reservation));
        if let Begun::Charge(begun) = begun {
            assert_eq!(begun.status, PaymentStatus::Processing);
        }
    }

    fn answer(&mut self, answers: &[(u128, Charge)]) {
        let processing = |one: &&Payment| one.status == PaymentStatus::Processing;
        let processing = self.world.payments.values().filter(processing);
        let mut open: Vec<u128> = processing.map(|one| one.id.0.as_u128()).collect();
        let mut batch: Vec<(u128, Charge)> = Vec::new();
        for (number, charge) in answers {
            if open.is_empty() {
                break;
            }
            let number = open.remove(*number as usize % open.len());
            batch.push((number, *self.gateway.entry(number).or_insert(*charge)));
        }
        self.world.finish(&batch);
    }

    fn give_back(&mut self, payment: u128) {
        if self.world.payments.get(&payment_id(payment)).is_some_and(|one| one.refund_due) {
            self.world.refunded(payment);
        }
    }

    /// Contention alone is never reported as sold out: who was told that too few were free was told
    /// so when too few were. Within a batch without cancels what is free only becomes less.
    fn check_sold_out(&self, changes: &Changes, request: &Reserve) {
        let Some(best) = request.best else { return };
        let mut decided = changes.inserted.iter();
        let refused = decided
            .any(|one| one.id == request.id && one.reason == Some(Reason::NotEnoughAvailable));
        let sections = self.world.plan.sections.iter();
        let wanted = sections.filter(|one| best.section.is_none_or(|number| number == one.number));
        for section in wanted.filter(|_| refused) {
            let fits = |ticket| best.tier.is_none_or(|tier| section.tier_of(ticket) == Some(tier));
            let free = self.world.free_in(section).filter(|(key, _)| fits(key.1)).count();
            assert!((free as i32) < best.quantity, "{free} were free for {request:?}");
        }
    }

    /// Captured is ticketed, refunded, or under review; and nothing else is ticketed.
    fn check_money(&self) {
        for (number, charge) in &self.gateway {
            let status = self.world.payments[&payment_id(*number)].status;
            let captured = *charge == Charge::Captured;
            let kept = matches!(status, PaymentStatus::Succeeded | PaymentStatus::Refunded);
            assert_eq!(captured, kept || status == PaymentStatus::Processing, "{status}");
        }
        for (id, payment) in &self.world.payments {
            let charged = self.gateway.get(&id.0.as_u128()) == Some(&Charge::Captured);
            assert!(charged || payment.status != PaymentStatus::Succeeded, "{payment:?}");
        }
    }

    /// The revision says which of two outcomes is the later one; a hold is prolonged once.
    fn check_revisions(&mut self) {
        for one in self.world.reservations.values() {
            let known = self.revisions.insert(one.id.0.as_u128(), one.revision);
            assert!(known.is_none_or(|known| known <= one.revision), "{one:?}");
            let Some(until) = one.expires_at else { continue };
            let cap = *self.caps.entry(one.id).or_insert(until + KEPT_MAX);
            assert!(until <= cap, "{one:?} lives past its cap");
        }
    }
}

/// Every reservation that was written is told as it is now.
fn check_told(changes: &Changes) {
    let written = changes.inserted.iter().chain(changes.updated.iter().map(|(_, one)| one));
    for one in written {
        assert!(changes.outcomes.reservations.contains(one), "{one:?} was not told");
    }
}

fn world(limit: Option<i32>, locks_everything: bool) -> World {
    let mut world = limit.map_or_else(World::new, World::with_customer_limit);
    world.block(&[4, 15]);
    world.locks_everything = locks_everything;
    world
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_rules_hold_after_every_step_of_every_history(
        limit in proptest::option::of(2..=6),
        locks_everything: bool,
        commands in proptest::collection::vec(command(), 1..60),
    ) {
        let world = world(limit, locks_everything);
        let mut play = Play::new(world);
        for command in &commands {
            play.step(command);
        }
    }

    #[test]
    fn in_the_end_every_hold_is_gone_or_paid_for(
        commands in proptest::collection::vec(command(), 1..40),
    ) {
        let mut world = world(None, false);
        world.terms.tickets_per_reservation = 4;
        let mut play = Play::new(world);
        for command in &commands {
            play.step(command);
        }
        let open: Vec<u128> = play.world.payments.keys().map(|id| id.0.as_u128()).collect();
        play.step(&Command::Answer(open.iter().map(|id| (*id, Charge::Captured)).collect()));
        for id in open {
            play.step(&Command::GiveBack(id));
        }
        play.step(&Command::Wait(100_000));
        (1..40).for_each(|number| play.step(&Command::Expire(number)));
        for one in play.world.reservations.values() {
            prop_assert!(one.status.is_final(), "{:?}", one);
            prop_assert_eq!(one.event, EVENT);
        }
        for payment in play.world.payments.values() {
            prop_assert!(payment.status.is_final(), "{:?}", payment);
        }
        let sold = |one: &&Reservation| one.status == ReservationStatus::Confirmed;
        let sold: usize =
            play.world.reservations.values().filter(sold).map(|one| one.tickets.len()).sum();
        let available: i32 = play.world.sections.values().map(|section| section.available).sum();
        prop_assert_eq!(available as usize + sold + 2, 20, "two are blocked");
    }
}
