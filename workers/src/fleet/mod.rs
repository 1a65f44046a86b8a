//! What workers know of each other and of operators' orders: the live workers, the owner of each
//! partition, the paused pools, and the work in hand.

pub(crate) mod in_hand;
pub(crate) mod orders;
pub(crate) mod ownership;
