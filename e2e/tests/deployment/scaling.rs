//! Each part scales alone, within the limits of the other parts.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use process::settings::Settings;
use serde_json::Value;

use crate::environment::{environment, queues};
use crate::objects::{find, kind, list, name, of_kind, title};
use crate::pods::of_services;
use crate::rendered::{Target, targets};

/// The autoscalers of a target, by the Deployment that they scale, with their maximum number of
/// pods.
fn scalers(target: &Target) -> BTreeMap<&str, (&Value, u64)> {
    let mut scalers = BTreeMap::new();
    let with =
        |kind, most: &'static str| of_kind(&target.objects, kind).map(move |one| (one, most));
    for (scaler, most) in with("HorizontalPodAutoscaler", "maxReplicas")
        .chain(with("ScaledObject", "maxReplicaCount"))
    {
        let scaled = scaler["spec"]["scaleTargetRef"]["name"].as_str().expect("what it scales");
        let most = scaler["spec"][most].as_u64().expect("the most");
        let second = scalers.insert(scaled, (scaler, most));
        assert!(second.is_none(), "{scaled} is scaled twice");
    }
    scalers
}

#[test]
fn each_part_is_scaled_by_one_and_its_number_is_written_nowhere_else() {
    for target in targets() {
        let scalers = scalers(target);
        for scaled in scalers.keys() {
            assert!(find(&target.objects, "Deployment", scaled).is_some(), "{scaled}");
        }
        for (pod, _) in of_services(target) {
            let scaled = scalers.contains_key(name(pod.owner));
            assert_eq!(
                scaled,
                target.name != "overlays/local",
                "{}: {}",
                target.name,
                title(pod.owner)
            );
            // A fixed number would undo the autoscaler's choice at every deployment.
            assert!(pod.owner["spec"]["replicas"].is_null(), "{}", title(pod.owner));
        }
    }
}

#[test]
fn pools_look_at_their_own_queues() -> Result<()> {
    let scaled = targets().iter().filter(|target| target.name != "overlays/local");
    for target in scaled {
        let namespace =
            of_kind(&target.objects, "Namespace").next().map(name).context("a namespace")?;
        for (pod, container) in of_services(target) {
            let queues = queues(&environment(target, container)?)?;
            let scalers = scalers(target);
            let (scaler, most) = scalers[name(pod.owner)];
            if kind(scaler) != "ScaledObject" {
                continue;
            }
            let query =
                scaler["spec"]["triggers"][0]["metadata"]["query"].as_str().context("a query")?;
            let values: Vec<_> = query.split('"').skip(1).step_by(2).collect();
            let [of, pattern] = values[..] else { panic!("{query}") };
            assert_eq!(of, namespace, "{}", title(scaler));
            let taken = queues.iter().filter(|queue| matches(pattern, queue)).count();
            let prefix = match name(pod.owner) {
                "boxoffice-reservations" => "requests.",
                "boxoffice-payments" => "payments.",
                "boxoffice-expiry" => "holds.due",
                other => panic!("{other}"),
            };
            assert_eq!(
                taken,
                queues.iter().filter(|queue| queue.starts_with(prefix)).count(),
                "{pattern}"
            );
            assert!(taken > 0, "{pattern} of {queues:?}");
            if prefix == "requests." {
                assert_eq!(
                    most, taken as u64,
                    "no more workers than partitions can be of use, and no fewer may be possible"
                );
            }
        }
    }
    Ok(())
}

/// Matches the patterns that the queries use: letters, `[.]`, and `[0-9]+` at the end.
fn matches(pattern: &str, name: &str) -> bool {
    let text = pattern.replace("[.]", ".");
    match text.strip_suffix("[0-9]+") {
        Some(prefix) => name
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())),
        None => text == name,
    }
}

#[test]
fn the_database_takes_the_connections_of_all_that_may_run() -> Result<()> {
    for target in targets() {
        let scalers = scalers(target);
        let each = u64::from(Settings::default().database.connections_max);
        // During a rollout each Deployment has one pod more.
        let most = |pod: &Value| scalers.get(name(pod)).map_or(1, |(_, most)| *most) + 1;
        let wanted: u64 = of_services(target).map(|(pod, _)| most(pod.owner) * each).sum();
        let allowed = target.objects.iter().find_map(|object| match kind(object) {
            "Cluster" => object["spec"]["postgresql"]["parameters"]["max_connections"]
                .as_str()
                .map(str::to_owned),
            "StatefulSet" => list(&object["spec"]["template"]["spec"]["containers"][0]["args"])
                .iter()
                .find_map(|argument| {
                    argument.as_str()?.strip_prefix("-cmax_connections=").map(str::to_owned)
                }),
            _ => None,
        });
        let allowed: u64 = allowed.context("max_connections")?.parse()?;
        assert!(wanted + 20 <= allowed, "{}: {wanted} of {allowed}", target.name);
    }
    Ok(())
}

#[test]
fn a_drain_of_nodes_leaves_something_of_each_part() {
    for target in targets().iter().filter(|target| target.name != "overlays/local") {
        for (scaled, (scaler, _)) in scalers(target) {
            let least = scaler["spec"]["minReplicas"]
                .as_u64()
                .or(scaler["spec"]["minReplicaCount"].as_u64());
            assert!(least.is_some_and(|least| least >= 2), "{scaled}");
            let budget = find(&target.objects, "PodDisruptionBudget", scaled).expect("a budget");
            assert_eq!(budget["spec"]["maxUnavailable"], 1, "{scaled}");
        }
    }
}
