//! The shape of a problem, for the OpenAPI document.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// A problem (RFC 9457). Which of the optional members are there depends on the type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A stable path, such as `/problems/tickets-unavailable`; it leads to an explanation.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words, the same for every problem of the type.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// Why, from a closed list.
    pub reason: Option<String>,
    /// Fields at fault.
    pub errors: Option<Vec<FieldError>>,
    /// The wished tickets that cannot be had.
    pub tickets: Option<Vec<i32>>,
    /// The most that is allowed.
    pub limit: Option<i64>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// The reservation that it is about.
    pub reservation: Option<String>,
    /// The payment that it is about.
    pub payment: Option<String>,
    /// The state of what it is about.
    pub state: Option<String>,
    /// When the sale begins.
    pub on_sale_at: Option<String>,
    /// The last four digits of the card.
    pub card_last4: Option<String>,
}

/// A field that is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which, such as `tickets[2]`; `body` for the whole.
    #[schema(value_type = String)]
    pub field: Cow<'static, str>,
    /// What is wrong with it.
    #[schema(value_type = String)]
    pub detail: Cow<'static, str>,
}
