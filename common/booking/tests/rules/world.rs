//! A database in memory: rows, locks that read them, and writes that demand the state they leave.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use booking::domain::{
    Payment, PlanSection, Reservation, ReservationStatus, SeatingPlan, SectionKind, Terms,
    TicketState,
};
use booking::ids::{
    PaymentId, ReservationKey, SectionKey, SectionNumber, TicketKey, TicketNumber, TierNumber,
};
use booking::ledger::{Changes, Decision, Footprint, Ledger, LockedRows, SectionRow, TicketRow};
use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use testbed::requests::{EVENT, reservation_id as id, ticket_numbers as numbers};

/// Who may ask, where everything is locked.
pub(crate) const CUSTOMERS: [&str; 3] = ["ada", "bob", "eve"];
pub(crate) const HOLD_SECONDS: i32 = 120;
pub(crate) const PAYING_SECONDS: i32 = 30;

/// Rounds of locking that a worker goes through before it gives way.
const ROUNDS_MAX: usize = 8;

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: DateTime<Utc>,
    pub(crate) plan: SeatingPlan,
    pub(crate) terms: Terms,
    pub(crate) sections: BTreeMap<SectionKey, SectionRow>,
    pub(crate) tickets: BTreeMap<TicketKey, TicketRow>,
    pub(crate) reservations: HashMap<ReservationKey, Reservation>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    /// Transactions lock every row there is, and not only what they need.
    pub(crate) locks_everything: bool,
    /// What every transaction wrote and told.
    pub(crate) log: Vec<Changes>,
}

impl World {
    /// Section 1 has seats 1 to 10 in two rows of five, the first row dearer (50.00 and 30.00);
    /// section 2 is standing room, tickets 11 to 20 (20.00). The sale is on.
    pub(crate) fn new() -> Self {
        let now = DateTime::from_timestamp_millis(1_795_000_000_000).expect("in range");
        let plan = plan();
        let tickets = (1..=20).map(|number| ((EVENT, TicketNumber(number)), ticket(number)));
        let section = |one: &PlanSection| SectionRow { version: 40, available: one.capacity };
        let sections =
            plan.sections.iter().map(|one| ((EVENT, one.number), section(one))).collect();
        let terms = Terms {
            open: true,
            closed: false,
            on_sale_at: now - TimeDelta::days(1),
            starts_at: now + TimeDelta::days(30),
            hold_seconds: HOLD_SECONDS,
            paying_seconds: PAYING_SECONDS,
            tickets_per_reservation: 4,
            tickets_per_customer: None,
            currency: plan.currency,
        };
        Self {
            now,
            terms,
            sections,
            tickets: tickets.collect(),
            plan,
            reservations: HashMap::new(),
            payments: BTreeMap::new(),
            locks_everything: false,
            log: Vec::new(),
        }
    }

    /// The same, where a customer may have so many tickets.
    pub(crate) fn with_customer_limit(tickets: i32) -> Self {
        let mut world = Self::new();
        world.terms.tickets_per_customer = Some(tickets);
        world.plan.limits_customers = true;
        world
    }

    pub(crate) fn wait(&mut self, seconds: i32) {
        self.now += TimeDelta::seconds(i64::from(seconds));
    }

    pub(crate) fn at(&self, seconds: i32) -> DateTime<Utc> {
        self.now + TimeDelta::seconds(i64::from(seconds))
    }

    pub(crate) fn reservation(&self, number: u128) -> &Reservation {
        &self.reservations[&(EVENT, id(number))]
    }

    pub(crate) fn ticket(&self, number: i32) -> &TicketRow {
        &self.tickets[&(EVENT, TicketNumber(number))]
    }

    pub(crate) fn version(&self, section: i32) -> i64 {
        self.sections[&(EVENT, SectionNumber(section))].version
    }

    /// Keeps tickets back, as an organiser does.
    pub(crate) fn block(&mut self, tickets: &[i32]) {
        for number in numbers(tickets) {
            self.tickets.get_mut(&(EVENT, number)).expect("it is in the plan").state =
                TicketState::Blocked;
            let section = self.plan.section_of(number).expect("it is in the plan").number;
            self.sections.get_mut(&(EVENT, section)).expect("it is in the plan").available -= 1;
        }
    }

    /// Lock, decide, write; again with more locks, where a decision needs them.
    pub(crate) fn transact<T>(
        &mut self,
        mut footprint: Footprint,
        decide: impl Fn(&mut Ledger) -> Decision<T>,
    ) -> (T, Changes) {
        for _ in 0..ROUNDS_MAX {
            let mut ledger = self.lock(&footprint);
            match decide(&mut ledger) {
                Decision::NeedsLocks(need) => {
                    assert!(!self.locks_everything, "{need:?} is locked with everything else");
                    footprint.absorb(need);
                }
                Decision::Made(output) => {
                    let changes = ledger.changes("requests.00");
                    self.write(&changes);
                    self.log.push(changes.clone());
                    return (output, changes);
                }
            }
        }
        panic!("{footprint:?} was not enough after {ROUNDS_MAX} rounds")
    }

    /// Reads the rows of a footprint, as `store::lock` does.
    pub(crate) fn lock(&self, footprint: &Footprint) -> Ledger {
        let mut footprint = footprint.clone();
        if self.locks_everything {
            footprint.reservations = self.reservations.keys().copied().collect();
            footprint.customers = CUSTOMERS.map(|name| (EVENT, name.to_owned())).into();
            footprint.sections = self.sections.keys().copied().collect();
            footprint.tickets = self.tickets.keys().copied().collect();
        }
        let found = |key: &ReservationKey| Some((*key, self.reservations.get(key)?.clone()));
        let reservations: HashMap<_, _> = footprint.reservations.iter().filter_map(found).collect();
        for reservation in reservations.values() {
            footprint.add_claims(reservation, &self.plan);
        }
        let mut tickets: BTreeMap<TicketKey, TicketRow> =
            footprint.tickets.iter().map(|key| (*key, self.tickets[key])).collect();
        for (key, section) in footprint.scans.keys().filter_map(|key| self.scanned(key)) {
            let enough = footprint.scan_limit(key, section);
            for (key, row) in self.free_in(section).take(enough as usize) {
                tickets.entry(*key).or_insert(*row);
            }
        }
        let has_sections = !footprint.sections.is_empty();
        Ledger::new(LockedRows {
            now: self.now,
            plans: [(EVENT, Arc::new(self.plan.clone()))].into(),
            terms: has_sections.then(|| (EVENT, self.terms.clone())).into_iter().collect(),
            reservations,
            customers: footprint
                .customers
                .iter()
                .map(|key| (key.clone(), self.tickets_of(&key.1)))
                .collect(),
            sections: footprint.sections.iter().map(|key| (*key, self.sections[key])).collect(),
            tickets,
        })
    }

    /// How many tickets a customer has: held and not due, being paid, or paid.
    pub(crate) fn tickets_of(&self, customer: &str) -> i32 {
        use ReservationStatus::{Confirmed, Held, Paying};
        let counts = |one: &&Reservation| match one.status {
            Held => !one.is_due(self.now),
            status => matches!(status, Paying | Confirmed),
        };
        let of_customer = |one: &&Reservation| one.customer.as_deref() == Some(customer);
        let his = self.reservations.values().filter(of_customer).filter(counts);
        his.map(|one| one.tickets.len() as i32).sum()
    }

    /// The tickets of a section that are free or whose hold is due.
    pub(crate) fn free_in(
        &self,
        section: &PlanSection,
    ) -> impl Iterator<Item = (&TicketKey, &TicketRow)> {
        let is_free = |row: &TicketRow| match row.state {
            TicketState::Available => true,
            TicketState::Held => row.expires_at.is_some_and(|at| at <= self.now),
            TicketState::Sold | TicketState::Blocked => false,
        };
        let section = section.clone();
        self.tickets.iter().filter(move |(key, row)| section.contains(key.1) && is_free(row))
    }

    fn scanned<'a>(&'a self, key: &'a SectionKey) -> Option<(&'a SectionKey, &'a PlanSection)> {
        Some((key, self.plan.section(key.1)?))
    }
}

fn plan() -> SeatingPlan {
    let tier = |ticket, tier| (TicketNumber(ticket), TierNumber(tier));
    let seats = PlanSection {
        number: SectionNumber(1),
        kind: SectionKind::Seated,
        first_ticket: TicketNumber(1),
        capacity: 10,
        tiers: vec![tier(1, 1), tier(6, 2)],
        rows: numbers(&[1, 6]),
    };
    let standing = PlanSection {
        number: SectionNumber(2),
        kind: SectionKind::General,
        first_ticket: TicketNumber(11),
        capacity: 10,
        tiers: vec![tier(11, 3)],
        rows: Vec::new(),
    };
    SeatingPlan {
        event: EVENT,
        currency: "EUR".parse().expect("a currency"),
        limits_customers: false,
        sections: vec![seats, standing],
    }
}

fn ticket(number: i32) -> TicketRow {
    let (tier, price) = match number {
        1..=5 => (1, 5_000),
        6..=10 => (2, 3_000),
        _ => (3, 2_000),
    };
    TicketRow {
        tier: TierNumber(tier),
        price,
        state: TicketState::Available,
        reservation: None,
        expires_at: None,
    }
}
