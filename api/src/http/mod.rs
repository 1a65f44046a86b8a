//! Small parts of HTTP that do not depend on the rest of the front door.

mod counted;
pub(crate) mod etag;
pub(crate) mod event_stream;
pub(crate) mod headers;
mod money;
pub(crate) mod query;
mod random;

pub(crate) use counted::Counted;
pub(crate) use money::MoneyView;
pub(crate) use random::random;
