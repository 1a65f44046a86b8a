//! Money as clients see it.

use booking::domain::Money;
use serde::Serialize;
use utoipa::ToSchema;

/// An amount in the currency's minor unit (cents for EUR).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyView {
    /// Minor units.
    #[schema(example = 2500)]
    pub amount: i64,
    /// An ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency.as_str().to_owned() }
    }
}
