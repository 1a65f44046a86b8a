//! The worker pools, all in one binary; operators choose a process's pools and scale each pool
//! separately. `pools/reservations` decides reserve and cancel requests, `pools/payments` charges
//! reservations, `pools/expiry` frees holds that are due.

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
