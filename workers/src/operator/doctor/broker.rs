//! Checks of RabbitMQ: connection, rights, topology, and whether workers answer.

use booking::domain::WorkerPool;
use broker::Connection;
use broker::operators::Management;
use broker::operators::{depth, greet};
use broker::topology::{DEAD_LETTERS, Topology};
use process::settings::Settings;

use super::{Findings, now};
use crate::operator::topology::{Difference, differences};
use crate::operator::workers::Workers;

const VERSION_MIN: (u32, u32) = (3, 10);
/// The management API gives the time in whole seconds.
const DATE_RESOLUTION_MS: i64 = 1_000;

pub(super) async fn check(settings: &Settings, findings: &mut Findings) {
    match greet(&settings.broker).await {
        Ok(Some(greeting)) => version(&greeting.product, &greeting.version, findings),
        Ok(None) => {}
        Err(error) => {
            let advice = "start it, let this machine reach it, or correct broker.url; until it is \
                          there the front door answers 503";
            return findings.fail("broker", format!("cannot connect: {error}"), advice);
        }
    }
    management(settings, findings).await;
    let connection = match Connection::open(&settings.broker, "doctor").await {
        Ok(connection) => connection,
        Err(error) => {
            let advice = "correct the user, the password and the virtual host in broker.url, and \
                          see that the user may use that virtual host";
            return findings.fail("broker", error.to_string(), advice);
        }
    };
    if connection.is_blocked() {
        let advice = "give it memory or disk: see rabbitmq-diagnostics alarms";
        findings.fail("broker", "it blocks publishers", advice);
    }
    topology(settings, &connection, findings).await;
    queues(settings, &connection, findings).await;
    connection.close().await;
    fleet(settings, findings).await;
}

fn version(product: &str, version: &str, findings: &mut Findings) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = format!("{product} {version}");
    if product == "RabbitMQ" && number < VERSION_MIN {
        findings.fail("broker", found, "3.10 or newer is needed");
    } else {
        findings.ok("broker", found);
    }
}

async fn management(settings: &Settings, findings: &mut Findings) {
    let Some(management) = Management::new(&settings.broker) else { return };
    let before = now();
    match management.overview().await {
        Ok((_, Some(theirs))) => {
            findings.clock("broker", theirs, before, now(), DATE_RESOLUTION_MS);
        }
        Ok((_, None)) => findings.ok("management", "it answers"),
        Err(error) => {
            let advice =
                "correct broker.management_url, or leave it out: only details depend on it";
            findings.warn("management", error, advice);
        }
    }
}

async fn topology(settings: &Settings, connection: &Connection, findings: &mut Findings) {
    let topology = Topology::new(&settings.topology);
    let differences = match differences(settings, connection, &topology).await {
        Ok(differences) => differences,
        Err(error) => {
            let advice = "see the broker's log, and run: workers topology diff";
            return findings.fail("topology", format!("{error:#}"), advice);
        }
    };
    if differences.is_empty() {
        findings.ok("topology", "the broker has it");
    }
    for Difference { kind, what, detail, advice } in differences {
        let found = format!("{kind}: {what} {detail}");
        if ["missing", "different"].contains(&kind) {
            findings.fail("topology", found, advice);
        } else {
            findings.warn("topology", found, advice);
        }
    }
}

async fn queues(settings: &Settings, connection: &Connection, findings: &mut Findings) {
    let topology = Topology::new(&settings.topology);
    for queue in WorkerPool::ALL.iter().flat_map(|pool| topology.queues_of(*pool)) {
        if let Ok(Some(depth)) = depth(connection, &queue).await
            && depth.consumers == 0
            && depth.messages > 0
        {
            let found =
                format!("{} messages wait in {queue} and nobody consumes it", depth.messages);
            findings.fail("queues", found, "start a worker of its pool, or let the pool go on");
        }
    }
    match depth(connection, DEAD_LETTERS).await {
        Ok(Some(depth)) if depth.messages > 0 => {
            let found = format!("{} dead letters", depth.messages);
            let advice = "look: workers dead-letters list; then replay or discard them";
            findings.warn("dead letters", found, advice);
        }
        Ok(Some(_)) => findings.ok("dead letters", "none"),
        Ok(None) | Err(_) => {}
    }
}

/// Asks the workers for reports. This also proves the permissions, because a service needs the same
/// ones: to make, write and read a queue.
async fn fleet(settings: &Settings, findings: &mut Findings) {
    let reports = async { Workers::open(settings).await?.reports().await };
    let reports = match reports.await {
        Ok(reports) => reports,
        Err(error) => {
            let advice = "use a user with the rights of boxoffice-operator in \
                          rabbitmq/permissions.json, and see: rabbitmqctl list_permissions";
            return findings.fail("permissions", format!("{error:#}"), advice);
        }
    };
    findings.ok("permissions", "a queue can be made, written and read");
    for pool in WorkerPool::ALL {
        let workers = reports.iter().filter(|report| report.pool == *pool).count();
        if workers == 0 {
            let advice = format!("start one: workers {pool}");
            findings.warn("workers", format!("no worker of {pool} answers"), advice);
        } else {
            findings.ok("workers", format!("{workers} of {pool}"));
        }
    }
}
