//! Values that the database stores by name: states, kinds, reasons, currencies. They are sent as
//! text, so that a connection need not ask Postgres for the OIDs of enum types. To read a name that
//! this build does not know is an error.

use booking::domain::{
    CardBehaviour, Currency, PaymentStatus, Reason, ReservationStatus, SectionKind, TicketState,
    WorkerPool,
};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Type};

/// Reads a value by its name. In a statement: `kind::text AS "kind!: Named<SectionKind>"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T> Named<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// A type whose values have names in the database.
pub(crate) trait Name: Sized {
    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! names {
    ($($type:ty = $from_name:path;)+) => {
        $(impl Name for $type {
            fn from_name(name: &str) -> Option<Self> {
                $from_name(name)
            }
        })+
    };
}

names! {
    CardBehaviour = CardBehaviour::parse;
    Currency = parse_currency;
    PaymentStatus = PaymentStatus::parse;
    Reason = Reason::parse;
    ReservationStatus = ReservationStatus::parse;
    SectionKind = parse_section_kind;
    TicketState = TicketState::parse;
    WorkerPool = WorkerPool::parse;
}

fn parse_currency(name: &str) -> Option<Currency> {
    name.parse().ok()
}

fn parse_section_kind(name: &str) -> Option<SectionKind> {
    match name {
        "seated" => Some(SectionKind::Seated),
        "general" => Some(SectionKind::General),
        _ => None,
    }
}

impl<T> Type<Postgres> for Named<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(found)
    }
}

impl<T> PgHasArrayType for Named<T> {
    fn array_type_info() -> PgTypeInfo {
        <String as PgHasArrayType>::array_type_info()
    }

    fn array_compatible(found: &PgTypeInfo) -> bool {
        <String as PgHasArrayType>::array_compatible(found)
    }
}

impl<'r, T: Name> Decode<'r, Postgres> for Named<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let name = <&str as Decode<'r, Postgres>>::decode(value)?;
        let known = T::from_name(name).ok_or_else(|| format!("unknown name {name}"))?;
        Ok(Self(known))
    }
}
