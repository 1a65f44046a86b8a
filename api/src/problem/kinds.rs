//! Every kind of problem, in one table. The names are stable: clients switch on them.

use axum::http::StatusCode;

/// What is known of a kind of problem.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The end of its URI.
    pub slug: &'static str,
    /// A few words, the same every time.
    pub title: &'static str,
    /// The status that it usually has.
    pub status: StatusCode,
    /// What happened and what a client can do.
    pub about: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $slug:literal, $status:ident, $title:literal, $about:literal);+ $(;)?) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $kind),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// What is known of it.
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$kind => Row {
                        slug: $slug, title: $title, status: StatusCode::$status, about: $about,
                    }),+
                }
            }
        }
    };
}

kinds! {
    /// 400 or 422.
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY, "The request is not right",
        "400: the request could not be read. 422: it was read and can never be right, such as an unknown ticket or a field too many. `errors` lists the fields at fault. Mend the request; the same again fails again.";
    /// 404.
    NotFound = "not-found", NOT_FOUND, "Nothing is here",
        "There is no such page, event, reservation or payment. An id that was issued is never answered with this.";
    /// 405.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "The header Allow lists the methods that are.";
    /// 413.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The request is too large",
        "The body is longer than `limit` bytes.";
    /// 415.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON",
        "Send Content-Type: application/json.";
    /// 401.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid token is needed",
        "Organisers' requests need Authorization: Bearer with one of the configured tokens.";
    /// 409.
    TicketsUnavailable = "tickets-unavailable", CONFLICT, "The tickets cannot be had now",
        "Nothing is held. `reason`: tickets_unavailable (`tickets` lists those wished that are held or sold), not_enough_available, or not_together. Choose others, or try again later: held tickets may come back.";
    /// 409.
    NotOnSale = "not-on-sale", CONFLICT, "The event is not on sale now",
        "`reason`: not_on_sale (see `on_sale_at`), sale_paused, or sale_closed.";
    /// 409 or 422.
    LimitExceeded = "limit-exceeded", CONFLICT, "More tickets than allowed",
        "`reason`: too_many_tickets (in one reservation, 422) or customer_limit (for one customer, 409). `limit` is the most that the event allows.";
    /// 409.
    TooLate = "too-late", CONFLICT, "The request waited too long",
        "It was dropped before it was decided, because it waited longer than its patience. Nothing is held or charged. Try again, with a new idempotency key.";
    /// 409.
    ReservationEnded = "reservation-ended", CONFLICT, "The reservation has ended",
        "This idempotency key belongs to a reservation that is over: `reservation` is its id, `reason` says how it ended. Try again with a new key.";
    /// 422.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request",
        "The same key with the same body gives the same reservation; this body differs from the first one. Use a new key for a new request.";
    /// 409.
    NotPayable = "not-payable", CONFLICT, "The reservation cannot be paid",
        "Nothing was kept. `reason`: expired, already_confirmed, not_held, payment_in_progress, or hold_lost (charged, and given back in full).";
    /// 402.
    PaymentDeclined = "payment-declined", PAYMENT_REQUIRED, "The payment did not go through",
        "Nothing was charged. `reason`: card_declined, insufficient_funds, or processing_error. While the hold lasts, another attempt can be made.";
    /// 409.
    NotCancellable = "not-cancellable", CONFLICT, "The reservation cannot be cancelled any more",
        "`reason`: already_confirmed, payment_in_progress, expired, or not_held.";
    /// 409.
    NotConfirmed = "not-confirmed", CONFLICT, "The reservation has no tickets yet",
        "Tickets exist once a reservation is paid. `state` is where it stands.";
    /// 429.
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests",
        "Nothing was done. Your address, or the customer, asked more often than is fair. Try again after `retry_after` seconds.";
    /// 408.
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The request did not come in time",
        "The body took too long to come; nothing was done. Try again on a better connection.";
    /// 503.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "It cannot be done now",
        "Try again after `retry_after` seconds. Where `reservation` or `payment` is given, the request may have been queued all the same: look the id up, or repeat it with the same idempotency key.";
    /// 500.
    InternalError = "internal-error", INTERNAL_SERVER_ERROR, "A fault of ours",
        "The request was not carried out. Operators see it under `x-request-id`.";
}

impl Kind {
    /// Its URI, relative to the server.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.row().slug)
    }

    /// The kind of that slug.
    pub fn parse(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.row().slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_and_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.row().slug), Some(*kind));
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(kind.row().slug.chars().all(kebab), "{}", kind.row().slug);
        }
        assert_eq!(Kind::parse("no-such-problem"), None);
    }
}
