//! The topology as RabbitMQ's definitions file.

use serde_json::json;

use super::Topology;

/// Renders the topology for this virtual host, in the format that RabbitMQ imports.
pub fn definitions(topology: &Topology, vhost: &str) -> serde_json::Value {
    let exchanges: Vec<_> = topology
        .exchanges()
        .iter()
        .map(|exchange| {
            json!({"name": exchange.name, "vhost": vhost, "type": exchange.kind, "durable": true,
                   "auto_delete": false, "internal": false, "arguments": {}})
        })
        .collect();
    let queues = topology.queues();
    let bindings: Vec<_> = queues
        .iter()
        .map(|queue| {
            json!({"source": queue.exchange, "vhost": vhost, "destination": queue.name,
                   "destination_type": "queue", "routing_key": queue.routing_key, "arguments": {}})
        })
        .collect();
    let queues: Vec<_> = queues
        .iter()
        .map(|queue| {
            let arguments: serde_json::Map<_, _> = queue
                .arguments
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            json!({"name": queue.name, "vhost": vhost, "durable": true, "auto_delete": false,
                   "arguments": arguments})
        })
        .collect();
    json!({"vhosts": [{"name": vhost}], "exchanges": exchanges, "queues": queues,
           "bindings": bindings})
}

#[cfg(test)]
mod tests {
    use super::*;
    use process::settings;

    #[test]
    fn the_committed_definitions_are_this_topology() {
        let topology = Topology::new(&settings::Topology::default());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rabbitmq/definitions.json");
        let committed = std::fs::read_to_string(path).expect("rabbitmq/definitions.json");
        let committed: serde_json::Value = serde_json::from_str(&committed).expect("JSON");
        assert_eq!(
            committed,
            definitions(&topology, "/"),
            "write it anew: cargo run -p workers -- topology export > rabbitmq/definitions.json"
        );
    }
}
