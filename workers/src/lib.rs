//! The worker pools. Each is a role of one binary, so that operators scale them apart:
//! `pools/reservations` decides requests for tickets, `pools/payments` has them paid,
//! `pools/expiry` frees holds that are due.

pub use context::Context;
pub use fleet::orders::Orders;
pub use operator::Cli;
pub use pools::payments::{GatewayError, PaymentGateway};

mod admin_port;
mod context;
mod control;
mod failed_queues;
mod fleet;
mod intake;
mod metrics;
mod operator;
mod pool;
mod pools;
mod presence;
mod run;
mod source;
mod step;
mod subscriber;
