//! Every kind of problem, in one table. The slugs are stable: clients switch on them.

use axum::http::StatusCode;

#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The last part of the kind's URI.
    pub slug: &'static str,
    /// The same text for every problem of the kind.
    pub title: &'static str,
    /// The status, unless the problem sets another one.
    pub status: StatusCode,
    /// The text of the problem's page: what happened and what a client can do.
    pub about: &'static str,
}

macro_rules! kinds {
    ($(
        $kind:ident = $slug:literal, $status:ident, $title:literal, $about:literal
    );+ $(;)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];
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
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY, "The request is not valid",
        "400: the request could not be parsed. 422: it was parsed, but it can never succeed, \
         for example because of an unknown ticket or an extra field. `errors` lists the invalid \
         fields. Correct the request; the same request fails again.";
    NotFound = "not-found", NOT_FOUND, "Not found",
        "There is no such page, event, reservation or payment. An id that this \
         service has issued never gets this answer.";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "The header Allow lists the allowed methods.";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The request is too large",
        "The body is longer than `limit` bytes.";
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "The body must be JSON",
        "Send Content-Type: application/json.";
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid token is needed",
        "Requests of organisers need Authorization: Bearer with one of the configured tokens.";
    TicketsUnavailable = "tickets-unavailable", CONFLICT, "The tickets are not available now",
        "Nothing is held. `reason` is tickets_unavailable (`tickets` lists the requested \
         tickets that are held or sold), not_enough_available, or not_together. Choose other \
         tickets, or try again later: held tickets may become free again.";
    NotOnSale = "not-on-sale", CONFLICT, "The event is not on sale now",
        "`reason` is not_on_sale (see `on_sale_at`), sale_paused, or sale_closed.";
    LimitExceeded = "limit-exceeded", CONFLICT, "More tickets than allowed",
        "`reason` is too_many_tickets (in one reservation, 422) or customer_limit (for one \
         customer, 409). `limit` is the largest number that the event allows.";
    TooLate = "too-late", CONFLICT, "The request waited too long",
        "The request was older than its patience when its turn came, so it was dropped without \
         a decision. Nothing is held or charged. Try again, with a new idempotency key.";
    ReservationEnded = "reservation-ended", CONFLICT, "The reservation has ended",
        "This idempotency key belongs to a reservation that has ended: `reservation` is its id, \
         and `reason` says how it ended. Try again with a new key.";
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another request",
        "The same key with the same body gives the same reservation. The body of this request \
         differs from the first one. Use a new key for a new request.";
    NotPayable = "not-payable", CONFLICT, "The reservation cannot be paid",
        "No money was kept. `reason` is expired, already_confirmed, not_held, \
         payment_in_progress, or hold_lost (the charge was refunded in full).";
    PaymentDeclined = "payment-declined", PAYMENT_REQUIRED, "The payment failed",
        "Nothing was charged. `reason` is card_declined, insufficient_funds, or \
         processing_error. You can try again while the hold lasts.";
    NotCancellable = "not-cancellable", CONFLICT, "The reservation can no longer be cancelled",
        "`reason` is already_confirmed, payment_in_progress, expired, or not_held.";
    NotConfirmed = "not-confirmed", CONFLICT, "The reservation has no tickets yet",
        "A reservation has tickets once it is paid. `state` is its present state.";
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests",
        "Nothing was done. Your address or this customer sent more requests than the limit \
         allows. Try again after `retry_after` seconds.";
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The request did not arrive in time",
        "The body took too long to arrive, and nothing was done. Try again on a better \
         connection.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The service is not available now",
        "Try again after `retry_after` seconds. If `reservation` or `payment` is given, the \
         request may have been queued nevertheless: read it by its id, or repeat the request \
         with the same idempotency key.";
    InternalError = "internal-error", INTERNAL_SERVER_ERROR, "Internal error",
        "The request was not carried out because of an error in this service. Operators find it \
         in the logs under `x-request-id`.";
}

impl Kind {
    /// The URI, relative to the server.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.row().slug)
    }

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
