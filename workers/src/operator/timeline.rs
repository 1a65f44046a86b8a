//! What happened to one reservation, for support.

use std::fmt::Write as _;

use anyhow::Context as _;
use booking::ids::{EventId, ReservationId, TicketNumber};
use chrono::{DateTime, SecondsFormat, Utc};
use process::settings::Settings;
use store::pool;
use store::timeline::{self, Change, Subject, Timeline};

/// Renders the timeline of a reservation as text or as JSON.
pub(crate) async fn told(
    settings: &Settings,
    event: EventId,
    id: ReservationId,
    json: bool,
) -> anyhow::Result<String> {
    let pool = pool::open(&settings.database, "timeline")?;
    let timeline = timeline::of(&mut *pool.acquire().await?, event, id).await?;
    let timeline = timeline.with_context(|| {
        format!("event {event} has no decided reservation {id}: it may wait in its queue still")
    })?;
    if json { Ok(serde_json::to_string_pretty(&as_json(&timeline))?) } else { Ok(text(&timeline)) }
}

fn as_json(timeline: &Timeline) -> serde_json::Value {
    let now = &timeline.reservation;
    serde_json::json!({
        "event": now.event,
        "reservation": now.id,
        "status": now.status,
        "revision": now.revision,
        "customer": now.customer,
        "tickets": now.tickets,
        "accepted_at": stamp(now.created_at),
        "changes": timeline.changes,
    })
}

fn text(timeline: &Timeline) -> String {
    let now = &timeline.reservation;
    let customer = now.customer.as_deref().unwrap_or("nobody yet");
    let mut text = format!(
        "reservation {} of event {}: {}, {}, for {customer}\n\
         {}  accepted, by the front door's clock",
        now.id,
        now.event,
        now.status,
        tickets(&now.tickets),
        stamp(now.created_at),
    );
    for change in &timeline.changes {
        let _ = write!(text, "\n{}  {}", stamp(change.at), line(change));
    }
    text
}

fn line(change: &Change) -> String {
    let mut line = match &change.subject {
        Subject::Reservation { from, to, expires_at, tickets: numbers, taken_over_by, .. } => {
            let from = from.map_or("pending", |from| from.as_str());
            let mut line = format!("{from} -> {to}, {}", tickets(numbers));
            if let (Some(at), false) = (expires_at, to.is_final()) {
                let _ = write!(line, " until {}", stamp(*at));
            }
            if let Some(winner) = taken_over_by {
                let _ = write!(line, ", taken over by {winner}");
            }
            line
        }
        Subject::Payment { payment, from, to, refund_due, .. } => {
            let from = from.map_or("accepted", |from| from.as_str());
            let due = if *refund_due { ", a refund is due" } else { "" };
            format!("payment {payment}: {from} -> {to}{due}")
        }
    };
    if let Some(reason) = change.reason {
        let _ = write!(line, ", {reason}");
    }
    let _ = write!(line, " [{}]", change.queue);
    line
}

fn tickets(numbers: &[TicketNumber]) -> String {
    match numbers {
        [] => "no tickets".to_owned(),
        [one] => format!("ticket {one}"),
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            format!("tickets {}", many.join(" "))
        }
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
