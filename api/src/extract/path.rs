//! Ids in paths. An id that was never issued is refused without a read: its tag is wrong.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use booking::ids::{EventId, Kind, PaymentId, ReservationId, TicketNumber};

use crate::problem::Problem;
use crate::state::Shared;

#[derive(Debug, Clone, Copy)]
pub(crate) struct EventPath(pub EventId);

/// `/events/{event}/reservations/{id}`; a front door has issued the id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReservationPath {
    pub event: EventId,
    pub id: ReservationId,
}

/// `/events/{event}/reservations/{id}/payments/{payment}`; a front door has issued both ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaymentPath {
    pub event: EventId,
    pub reservation: ReservationId,
    pub id: PaymentId,
}

/// `/events/{event}/reservations/{id}/tickets/{ticket}/…`
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketPath {
    pub event: EventId,
    pub id: ReservationId,
    pub ticket: TicketNumber,
}

impl ReservationPath {
    pub(crate) fn url(self) -> String {
        format!("/api/v1/events/{}/reservations/{}", self.event, self.id)
    }
}

impl PaymentPath {
    pub(crate) fn url(self) -> String {
        let reservation = ReservationPath { event: self.event, id: self.reservation };
        format!("{}/payments/{}", reservation.url(), self.id)
    }
}

impl FromRequestParts<Shared> for EventPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        Ok(Self(read_event(&read_params(parts, api).await?)?))
    }
}

impl FromRequestParts<Shared> for ReservationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let params = read_params(parts, api).await?;
        let event = read_event(&params)?;
        Ok(Self { event, id: read_issued(&params, "id", event, api)? })
    }
}

impl FromRequestParts<Shared> for PaymentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let params = read_params(parts, api).await?;
        let event = read_event(&params)?;
        Ok(Self {
            event,
            reservation: read_issued(&params, "id", event, api)?,
            id: read_issued(&params, "payment", event, api)?,
        })
    }
}

impl FromRequestParts<Shared> for TicketPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let params = read_params(parts, api).await?;
        let event = read_event(&params)?;
        let ticket = parse_number(param(&params, "ticket"));
        Ok(Self {
            event,
            id: read_issued(&params, "id", event, api)?,
            ticket: ticket
                .map(TicketNumber)
                .ok_or_else(|| Problem::not_found("There is no such ticket."))?,
        })
    }
}

async fn read_params(parts: &mut Parts, api: &Shared) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(|_| Problem::malformed("The path is not UTF-8."))
}

fn param<'a>(params: &'a RawPathParams, name: &str) -> &'a str {
    params.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
}

fn read_event(params: &RawPathParams) -> Result<EventId, Problem> {
    parse_number(param(params, "event"))
        .map(EventId)
        .ok_or_else(|| Problem::not_found("There is no such event."))
}

/// A positive number without sign or leading zeros, so that every resource has one URL.
pub(crate) fn parse_number(text: &str) -> Option<i32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

/// The id in the parameter `name`, hyphenated, if a front door issued it for the event.
fn read_issued<K: Kind + FromStr>(
    params: &RawPathParams,
    name: &str,
    event: EventId,
    api: &Shared,
) -> Result<K, Problem> {
    const HYPHENATED_LENGTH: usize = 36;
    let text = param(params, name);
    let id = (text.len() == HYPHENATED_LENGTH).then(|| text.parse::<K>().ok()).flatten();
    id.filter(|id| api.mint.issued(event, *id))
        .ok_or_else(|| Problem::not_found("This id was never issued for this event."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(parse_number("7"), Some(7));
        for odd in ["", "0", "07", "+7", "-7", "7.0", "99999999999", "seven", "٧"] {
            assert_eq!(parse_number(odd), None, "{odd}");
        }
    }
}
