//! What the workers know of one another and hear from operators: who lives, who owns which
//! partition, which pools are paused, and what each has in hand.

pub(crate) mod control;
pub(crate) mod in_hand;
pub(crate) mod orders;
pub(crate) mod ownership;
pub(crate) mod presence;
