//! What a run needs: private servers, a database and a virtual host, and processes.

mod event;
mod ground;
mod served;
mod service;
mod system;

pub use event::{Event, Venue};
pub use ground::{Database, Ground};
pub use served::Served;
pub use service::Service;
pub use system::{System, SystemOptions, Target};
