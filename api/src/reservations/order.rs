//! The body of a request for tickets, and the checks that need only the event's terms and plan.

use axum::http::StatusCode;
use booking::domain::{Reason, SaleStatus};
use booking::ids::{SectionNumber, TicketNumber, TierNumber};
use booking::requests::Best;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::idempotency;
use crate::problem::{FieldError, Kind, Problem};
use crate::reads::Entry;

/// The most characters of a customer's name or address.
const CUSTOMER_LENGTH_MAX: usize = 254;
/// The most errors in one problem.
const ERRORS_MAX: usize = 20;
/// How far before the start of the sale the worker already decides: our clock may differ by this
/// much from the database's.
const CLOCK_MARGIN: TimeDelta = TimeDelta::seconds(2);

/// A request for tickets: these, or the best of a kind, or the best where these are gone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReservation {
    /// Whose tickets they will be: an address or a name, 1 to 254 characters.
    #[schema(example = "ada@example.org", min_length = 1, max_length = 254)]
    pub customer: String,
    /// The wish: these tickets, all or none.
    #[serde(default)]
    #[schema(example = json!([12, 13]))]
    pub tickets: Vec<i32>,
    /// Instead of a wish, or where it cannot be had.
    #[serde(default)]
    pub best: Option<NewBest>,
}

/// The best tickets of a kind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Best)]
pub(crate) struct NewBest {
    /// How many.
    #[schema(minimum = 1, example = 3)]
    pub quantity: i32,
    /// In this section only.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub section: Option<i32>,
    /// In this tier only.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub tier: Option<i32>,
    /// Side by side, or not at all. Without meaning for general admission.
    #[serde(default)]
    pub together: bool,
}

/// A request that has passed all checks against the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Order {
    pub customer: String,
    /// Ascending, each once.
    pub tickets: Vec<TicketNumber>,
    pub best: Option<Best>,
}

impl Order {
    /// Checks a body against the event. The problem names all fields at fault.
    pub(crate) fn check(body: NewReservation, entry: &Entry) -> Result<Self, Problem> {
        let mut errors = Errors::default();
        let customer = body.customer.trim();
        errors.unless(!customer.is_empty(), "customer", "must not be empty");
        errors.unless(
            customer.chars().count() <= CUSTOMER_LENGTH_MAX,
            "customer",
            format!("has more than {CUSTOMER_LENGTH_MAX} characters"),
        );
        let printable = !customer.chars().any(char::is_control);
        errors.unless(printable, "customer", "has control characters");
        let asks = !body.tickets.is_empty() || body.best.is_some();
        errors.unless(asks, "tickets", "name tickets, or ask for the best");
        check_tickets(&body.tickets, entry, &mut errors);
        let best = body.best.map(|best| check_best(&best, entry, &mut errors));
        if !errors.0.is_empty() {
            return Err(Problem::invalid(errors.0));
        }
        let limit = entry.event.terms.tickets_per_reservation;
        let quantity = best.map_or(0, |best| best.quantity);
        if body.tickets.len() > limit as usize || quantity > limit {
            return Err(Problem::because(Kind::LimitExceeded, Reason::TooManyTickets)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .with("limit", limit));
        }
        let mut tickets: Vec<_> = body.tickets.into_iter().map(TicketNumber).collect();
        tickets.sort_unstable();
        Ok(Self { customer: customer.to_owned(), tickets, best })
    }

    /// A hash of the request's content. Spelling, spaces and the order of fields do not count.
    pub(crate) fn fingerprint(&self) -> i64 {
        let canonical = serde_json::to_vec(self).expect("plain data always has a JSON form");
        idempotency::fingerprint(&canonical)
    }
}

/// Refuses before the sale begins. Close to that moment, and if the sale is paused or closed, the
/// worker decides by the database's clock.
pub(crate) fn check_on_sale(entry: &Entry, now: DateTime<Utc>) -> Result<(), Problem> {
    let terms = &entry.event.terms;
    let is_early = terms.on_sale_at - now > CLOCK_MARGIN;
    if terms.status(now) == SaleStatus::Upcoming && is_early {
        return Err(Problem::because(Kind::NotOnSale, Reason::NotOnSale)
            .with("on_sale_at", terms.on_sale_at)
            .with("server_now", now));
    }
    Ok(())
}

#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn unless(
        &mut self,
        right: bool,
        field: impl Into<std::borrow::Cow<'static, str>>,
        detail: impl Into<std::borrow::Cow<'static, str>>,
    ) {
        if !right && self.0.len() < ERRORS_MAX {
            self.0.push(FieldError { field: field.into(), detail: detail.into() });
        }
    }
}

fn check_tickets(tickets: &[i32], entry: &Entry, errors: &mut Errors) {
    let mut seen = std::collections::HashSet::with_capacity(tickets.len());
    for (place, ticket) in tickets.iter().enumerate() {
        let is_known = entry.plan.section_of(TicketNumber(*ticket)).is_some();
        let field = || format!("tickets[{place}]");
        if !is_known {
            errors.unless(false, field(), format!("there is no ticket {ticket} in this event"));
        } else if !seen.insert(*ticket) {
            errors.unless(false, field(), format!("ticket {ticket} is there twice"));
        }
    }
}

fn check_best(best: &NewBest, entry: &Entry, errors: &mut Errors) -> Best {
    let section = best.section.map(SectionNumber);
    let tier = best.tier.map(TierNumber);
    errors.unless(best.quantity >= 1, "best.quantity", "must be at least 1");
    let found = section.and_then(|number| entry.plan.section(number));
    let no_section = "there is no such section in this event";
    errors.unless(section.is_none() || found.is_some(), "best.section", no_section);
    if let Some(tier) = tier {
        let mut sections =
            entry.plan.sections.iter().filter(|s| section.is_none_or(|n| n == s.number));
        let has_tier = sections.any(|section| section.has_tier(tier));
        let is_fair = has_tier || (section.is_some() && found.is_none());
        errors.unless(is_fair, "best.tier", "there is no such tier here");
    }
    Best { quantity: best.quantity, section, tier, together: best.together }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
