//! Compares the broker with the topology, and makes what is missing.

use std::collections::BTreeSet;

use anyhow::Context;
use common::broker::management::Management;
use common::broker::{self, Connection, Fault};
use common::settings::{self, Settings};
use common::topology::{Topology, definitions};
use serde::Serialize;

use super::{Exit, json, line};

/// What to do with the topology.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print it in the format of RabbitMQ's definitions file.
    Export {
        /// The virtual host.
        #[arg(long, default_value = "/")]
        vhost: String,
    },
    /// Declare what is missing. Nothing that is there is changed or removed.
    Apply,
    /// Say how the broker differs; exit code 1 where it does.
    Diff {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Something on the broker that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `missing`, `different`, `forbidden` or `extra`.
    pub(super) kind: &'static str,
    /// Which exchange, queue or binding.
    pub(super) what: String,
    /// More about it; empty where there is no more.
    pub(super) detail: String,
}

/// Does it.
pub(crate) async fn run(settings: &Settings, command: Command) -> anyhow::Result<Exit> {
    let topology = Topology::new(&settings.topology);
    match command {
        Command::Export { vhost } => {
            line(&serde_json::to_string_pretty(&definitions(&topology, &vhost))?);
            Ok(Exit::Done)
        }
        Command::Apply => {
            // Whoever gives this command may declare, whatever the processes may do.
            let may = settings::Broker { declare: true, ..settings.broker.clone() };
            let connection = Connection::open(&may, "topology apply").await?;
            broker::declare(&connection, &topology).await?;
            connection.close().await;
            let (exchanges, queues) = (topology.exchanges().len(), topology.queues().len());
            line(&format!("{exchanges} exchanges and {queues} queues are there"));
            Ok(Exit::Done)
        }
        Command::Diff { json: as_json } => {
            let connection = Connection::open(&settings.broker, "topology diff").await?;
            let differences = differences(settings, &connection, &topology).await?;
            connection.close().await;
            print(&differences, as_json, settings.broker.management_url.is_some());
            Ok(if differences.is_empty() { Exit::Done } else { Exit::Found })
        }
    }
}

fn print(differences: &[Difference], as_json: bool, is_complete: bool) {
    if as_json {
        return json(&differences);
    }
    for Difference { kind, what, detail } in differences {
        line(&format!("{kind:<9} {what}  {detail}"));
    }
    if differences.is_empty() {
        line("the broker has the topology");
    }
    if !is_complete {
        line("(bindings and leftover queues are compared where broker.management_url is set)");
    }
}

/// How the broker differs from the topology.
pub(super) async fn differences(
    settings: &Settings,
    connection: &Connection,
    topology: &Topology,
) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for exchange in topology.exchanges() {
        let found = broker::compare_exchange(connection, &exchange).await?;
        differences.extend(difference(format!("exchange {}", exchange.name), found.err()));
    }
    for (queue, found) in broker::inspect(connection, topology).await? {
        differences.extend(difference(format!("queue {queue}"), found.err()));
    }
    if let Some(management) = Management::new(&settings.broker) {
        differences.extend(more_differences(&management, topology).await?);
    }
    Ok(differences)
}

fn difference(what: String, fault: Option<Fault>) -> Option<Difference> {
    let (kind, detail) = match fault? {
        Fault::Missing => ("missing", String::new()),
        Fault::Differs(words) => ("different", words),
        Fault::Forbidden(words) => ("forbidden", words),
    };
    Some(Difference { kind, what, detail })
}

/// Bindings, and queues that the topology does not name.
async fn more_differences(
    management: &Management,
    topology: &Topology,
) -> anyhow::Result<Vec<Difference>> {
    let failed = |error: String| anyhow::anyhow!("the management API: {error}");
    let queues = management.queues().await.map_err(failed)?;
    let bindings = management.bindings().await.map_err(failed)?;
    let bound: BTreeSet<[&str; 3]> = bindings
        .iter()
        .filter_map(|one| {
            let field = |name: &str| one[name].as_str();
            Some([field("source")?, field("destination")?, field("routing_key")?])
        })
        .collect();
    let wanted = topology.queues();
    let mut differences = Vec::new();
    for queue in &wanted {
        if !bound.contains(&[queue.exchange, &queue.name, &queue.routing_key]) {
            let what = format!("binding {} to {}", queue.exchange, queue.name);
            differences.push(Difference { kind: "missing", what, detail: String::new() });
        }
    }
    for queue in queues.iter().filter(|queue| queue["durable"] == true) {
        let name = queue["name"].as_str().context("a queue without a name")?;
        if !wanted.iter().any(|wanted| wanted.name == name) {
            let what = format!("queue {name}");
            let detail = format!("{} messages are in it", queue["messages"]);
            differences.push(Difference { kind: "extra", what, detail });
        }
    }
    Ok(differences)
}
