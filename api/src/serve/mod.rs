//! The HTTP server: connections, middleware, and the built page.

mod meter;
mod middleware;
mod open_files;
mod page;
mod peer_silence;
mod server;
mod traced;

pub use server::{Answer, Options, serve};

pub(crate) use meter::register as register_metrics;
pub(crate) use middleware::Middleware;
pub(crate) use open_files::connections_max;
pub(crate) use page::Page;
