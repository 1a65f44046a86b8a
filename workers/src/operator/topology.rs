//! Compares the broker with the topology, and declares what is missing.

use std::collections::BTreeSet;

use anyhow::Context;
use broker::operators::Management;
use broker::operators::Seen;
use broker::topology::{Topology, definitions};
use broker::{Connection, Fault};
use process::settings::{self, Settings};
use serde::Serialize;

use super::exit::Exit;
use super::print::{json, line};

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

/// A difference between the broker and the topology.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `missing`, `different`, `forbidden` or `extra`.
    pub(super) kind: &'static str,
    /// The exchange, queue or binding.
    pub(super) what: String,
    /// Details; empty if there are none.
    pub(super) detail: String,
    pub(super) advice: &'static str,
}

pub(crate) async fn run(settings: &Settings, command: Command) -> anyhow::Result<Exit> {
    let topology = Topology::new(&settings.topology);
    match command {
        Command::Export { vhost } => {
            line(&serde_json::to_string_pretty(&definitions(&topology, &vhost))?);
            Ok(Exit::Done)
        }
        Command::Apply => {
            // `broker.declare` may be false for processes; declaring is the task of this command.
            let may = settings::Broker { declare: true, ..settings.broker.clone() };
            let connection = Connection::open(&may, "topology apply").await?;
            let differs = |found: &Difference| found.kind == "different";
            let mut clashes = declared_differences(&connection, &topology).await?;
            clashes.retain(differs);
            if !clashes.is_empty() {
                print(&clashes);
                line("nothing was changed");
                return Ok(Exit::Found);
            }
            broker::declare(&connection, &topology).await?;
            connection.close().await;
            let exchanges = topology.exchanges().len();
            let queues = topology.queues().len();
            line(&format!("{exchanges} exchanges and {queues} queues are there"));
            Ok(Exit::Done)
        }
        Command::Diff { json: as_json } => {
            let connection = Connection::open(&settings.broker, "topology diff").await?;
            let differences = differences(settings, &connection, &topology).await?;
            connection.close().await;
            if as_json {
                json(&differences);
            } else {
                print(&differences);
                if differences.is_empty() {
                    line("the broker has the topology");
                }
                if settings.broker.management_url.is_none() {
                    line(
                        "(bindings and leftover queues are compared where \
                         broker.management_url is set)",
                    );
                }
            }
            Ok(if differences.is_empty() { Exit::Done } else { Exit::Found })
        }
    }
}

/// Prints each difference, and the advice for each kind only once.
fn print(differences: &[Difference]) {
    for Difference { kind, what, detail, .. } in differences {
        line(&format!("{kind:<9} {what}  {detail}"));
    }
    let advice: BTreeSet<_> = differences.iter().map(|found| (found.kind, found.advice)).collect();
    for (kind, advice) in advice {
        line(&format!("{kind} -> {advice}"));
    }
}

/// All differences between the broker and the topology.
pub(super) async fn differences(
    settings: &Settings,
    connection: &Connection,
    topology: &Topology,
) -> anyhow::Result<Vec<Difference>> {
    let mut differences = declared_differences(connection, topology).await?;
    if let Some(management) = Management::new(&settings.broker) {
        differences.extend(more_differences(&management, topology).await?);
    }
    Ok(differences)
}

/// Differences of exchanges and queues, found over AMQP.
async fn declared_differences(
    connection: &Connection,
    topology: &Topology,
) -> anyhow::Result<Vec<Difference>> {
    let mut faults = Vec::new();
    for exchange in topology.exchanges() {
        let fault = broker::operators::compare_exchange(connection, &exchange).await?;
        faults.extend(fault.map(|fault| (format!("exchange {}", exchange.name), fault)));
    }
    for Seen { queue, fault, .. } in broker::operators::inspect(connection, topology).await? {
        faults.extend(fault.map(|fault| (format!("queue {queue}"), fault)));
    }
    Ok(in_words(faults))
}

/// One difference for each fault. All faults from a missing right become one, because the same
/// right would fix them all.
fn in_words(faults: Vec<(String, Fault)>) -> Vec<Difference> {
    let (forbidden, others): (Vec<_>, Vec<_>) =
        faults.into_iter().partition(|(_, fault)| matches!(fault, Fault::Forbidden(_)));
    let mut differences: Vec<_> =
        others.into_iter().map(|(what, fault)| difference(what, &fault)).collect();
    if let Some((first, fault)) = forbidden.first() {
        let number = forbidden.len();
        let what =
            if number == 1 { first.clone() } else { format!("{first} and {} more", number - 1) };
        differences.push(difference(what, fault));
    }
    differences
}

fn difference(what: String, fault: &Fault) -> Difference {
    let (kind, detail) = match fault {
        Fault::Missing => ("missing", String::new()),
        Fault::Differs(words) => ("different", words.clone()),
        Fault::Forbidden(_) => {
            ("forbidden", "(there, but not compared: this user may not)".to_owned())
        }
    };
    Difference { kind, what, detail, advice: fault.advice() }
}

/// Differences that only the management API shows: missing bindings, and queues that are not part
/// of the topology.
async fn more_differences(
    management: &Management,
    topology: &Topology,
) -> anyhow::Result<Vec<Difference>> {
    let failed = |error: String| anyhow::anyhow!("the management API: {error}");
    let queues = management.queues().await.map_err(failed)?;
    let bindings = management.bindings().await.map_err(failed)?;
    let bound: BTreeSet<[&str; 3]> = bindings.iter().filter_map(ends_of).collect();
    let wanted = topology.queues();
    let mut differences = Vec::new();
    for queue in &wanted {
        if !bound.contains(&[queue.exchange, &queue.name, &queue.routing_key]) {
            let what = format!("binding {} to {}", queue.exchange, queue.name);
            differences.push(difference(what, &Fault::Missing));
        }
    }
    for queue in queues.iter().filter(|queue| queue["durable"] == true) {
        let name = queue["name"].as_str().context("a queue without a name")?;
        if !wanted.iter().any(|wanted| wanted.name == name) {
            let what = format!("queue {name}");
            let detail = format!("{} messages are in it", queue["messages"]);
            let advice = "delete it once it is empty";
            differences.push(Difference { kind: "extra", what, detail, advice });
        }
    }
    Ok(differences)
}

/// What a binding leads from and to, and its key.
fn ends_of(binding: &serde_json::Value) -> Option<[&str; 3]> {
    let field = |name: &str| binding[name].as_str();
    Some([field("source")?, field("destination")?, field("routing_key")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_right_would_mend_is_said_once() {
        let refused = |queue: &str| (queue.to_owned(), Fault::Forbidden("access".to_owned()));
        let missing = ("queue b".to_owned(), Fault::Missing);
        let differences = in_words(vec![refused("queue a"), missing, refused("queue c")]);
        let said: Vec<_> = differences.iter().map(|one| (one.kind, one.what.as_str())).collect();
        assert_eq!(said, [("missing", "queue b"), ("forbidden", "queue a and 1 more")]);
    }
}
