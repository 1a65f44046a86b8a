//! The message that brings a dead letter back to the queue that it came from.

use broker::Publication;
use broker::operators::Letter;
use broker::topology::Topology;

/// The message to publish, without the headers that tell why the letter was given up. An error is
/// the reason why it cannot be replayed.
pub(super) fn to_publication(topology: &Topology, letter: &Letter) -> Result<Publication, String> {
    let queue = letter.queue.as_deref().ok_or("it does not say where it came from")?;
    let (exchange, key) =
        topology.way_into(queue).ok_or_else(|| format!("there is no queue {queue} now"))?;
    Ok(Publication::durable(exchange, key, letter.body.clone()))
}
