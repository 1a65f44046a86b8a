//! The message that brings a dead letter back to where it came from.

use broker::Message as Publication;
use broker::operators::Letter;
use broker::topology::Topology;

/// The message, with headers of its own: what is said of the letter's death stays behind. An error
/// says why it cannot be sent.
pub(super) fn to_publication(topology: &Topology, letter: &Letter) -> Result<Publication, String> {
    let queue = letter.queue.as_deref().ok_or("it does not say where it came from")?;
    let (exchange, key) =
        topology.way_into(queue).ok_or_else(|| format!("there is no queue {queue} now"))?;
    Ok(Publication::durable(exchange, key, letter.body.clone()))
}
