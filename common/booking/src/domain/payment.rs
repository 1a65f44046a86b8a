//! A payment attempt, and the test cards that the dummy gateway knows.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Currency, Money, PaymentStatus, Reason};
use crate::ids::{EventId, PaymentId, ReservationId};

/// One attempt to pay for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The event of its reservation.
    pub event: EventId,
    /// Minted by the front door. The gateway uses it as idempotency key.
    pub id: PaymentId,
    pub reservation: ReservationId,
    pub status: PaymentStatus,
    /// Minor units.
    pub amount: i64,
    pub currency: Currency,
    /// What the test card does.
    pub card: CardBehaviour,
    /// The card's last four digits: all that is stored of it.
    pub card_last4: String,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// It was charged and must be refunded. Set before the refund is requested from the gateway, so
    /// that a crash in between does not lose the refund.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refund_due: bool,
    /// When the front door accepted it.
    #[serde(with = "ts_milliseconds")]
    pub created_at: DateTime<Utc>,
    /// A hash of the request's body.
    pub fingerprint: i64,
}

impl Payment {
    pub fn money(&self) -> Money {
        Money { amount: self.amount, currency: self.currency }
    }
}

/// What a test card does. The card's number never leaves the front door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardBehaviour {
    /// Charged at once.
    Succeeds,
    /// Declined by the issuer.
    Declined,
    /// Declined because there is not enough money.
    InsufficientFunds,
    /// The gateway fails at the first attempt for a reservation, and charges at the next one.
    ProcessingError,
    /// Charged, but the gateway answers only after 5 s.
    Slow,
    /// Charged, but the gateway's first answer is lost.
    LostAnswer,
}

impl CardBehaviour {
    /// The name used in JSON and in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeds => "succeeds",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ProcessingError => "processing_error",
            Self::Slow => "slow",
            Self::LostAnswer => "lost_answer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Card::TEST_CARDS.iter().map(|(_, card)| *card).find(|card| card.as_str() == text)
    }
}

/// A test card, parsed from its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it does.
    pub behaviour: CardBehaviour,
    pub last4: String,
}

impl Card {
    /// The numbers that are accepted. The first four are those of Stripe's documentation
    /// (docs.stripe.com/testing), the last two are the dummy gateway's own.
    pub const TEST_CARDS: &[(&'static str, CardBehaviour)] = &[
        ("4242424242424242", CardBehaviour::Succeeds),
        ("4000000000000002", CardBehaviour::Declined),
        ("4000000000009995", CardBehaviour::InsufficientFunds),
        ("4000000000000119", CardBehaviour::ProcessingError),
        ("4000000000005000", CardBehaviour::Slow),
        ("4000000000000408", CardBehaviour::LostAnswer),
    ];

    /// The test card of that number; spaces and dashes between digits are ignored.
    pub fn parse(number: &str) -> Option<Self> {
        let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let (known, behaviour) = Self::TEST_CARDS.iter().find(|(known, _)| *known == digits)?;
        Some(Self { behaviour: *behaviour, last4: known[known.len() - 4..].to_owned() })
    }
}
