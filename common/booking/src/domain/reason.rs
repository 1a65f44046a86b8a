//! Why something was refused or ended: a closed list that clients may switch on.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $detail:literal);+ $(;)?) => {
        /// Why a reservation or a payment was refused or ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $variant),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in JSON, in SQL and in logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// One sentence for a person.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail),+ }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
            }
        }

        impl std::fmt::Display for Reason {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

reasons! {
    /// Some of the wished tickets are held, sold or blocked.
    TicketsUnavailable = "tickets_unavailable",
        "Some of these tickets are held or sold. Others may be free, and held ones may come back.";
    /// Fewer tickets are free than were asked for.
    NotEnoughAvailable = "not_enough_available",
        "Fewer tickets are free than you asked for. Held ones may come back.";
    /// Enough are free, but not side by side.
    NotTogether = "not_together", "There are not that many free seats side by side.";
    /// The event's sale has not begun.
    NotOnSale = "not_on_sale", "The sale has not begun.";
    /// The organiser has paused the sale.
    SalePaused = "sale_paused", "The sale is paused.";
    /// The sale is over.
    SaleClosed = "sale_closed", "The sale is closed.";
    /// No such ticket, section or tier in this event.
    UnknownTicket = "unknown_ticket", "There is no such ticket in this event.";
    /// More tickets in one reservation than the event allows.
    TooManyTickets = "too_many_tickets", "That is more tickets than one reservation may have.";
    /// The customer would have more tickets than the event allows.
    CustomerLimit = "customer_limit",
        "That is more tickets than one customer may have for this event.";
    /// It waited longer than its patience before it was decided.
    TooLate = "too_late",
        "The request waited too long and was dropped. Nothing is held; try again.";
    /// It could not be decided because of a fault of ours; operators find it in the dead letters.
    InternalError = "internal_error",
        "The request could not be decided. Nothing is held; try again.";
    /// The buyer gave it back.
    CancelledByCustomer = "cancelled_by_customer", "Cancelled by the customer.";
    /// The hold was not paid in time.
    Expired = "expired", "The hold has run out.";
    AlreadyConfirmed = "already_confirmed", "The reservation is paid already.";
    PaymentInProgress = "payment_in_progress", "Another payment of this reservation is under way.";
    /// The reservation holds no tickets to pay for.
    NotHeld = "not_held", "The reservation holds no tickets.";
    /// The card's issuer declined.
    CardDeclined = "card_declined", "The card was declined.";
    /// The card's issuer declined because there is not enough money.
    InsufficientFunds = "insufficient_funds", "The card has insufficient funds.";
    /// The gateway had an error; nothing was charged.
    ProcessingError = "processing_error",
        "The payment could not be processed. Nothing was charged; try again.";
    /// The charge landed after the hold was lost and the tickets were gone.
    HoldLost = "hold_lost",
        "The hold was lost before the payment landed and the tickets were gone. The charge was \
         refunded.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_sql_use_one_name() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(reason).expect("plain");
            assert_eq!(json, format!("\"{reason}\""));
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }
}
