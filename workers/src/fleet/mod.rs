//! What the workers know of one another and hear from operators: who lives, who owns which
//! partition, which pools are paused, and what each has in hand. `presence` and `control`
//! exchange it over the broker.

pub(crate) mod in_hand;
pub(crate) mod orders;
pub(crate) mod ownership;
