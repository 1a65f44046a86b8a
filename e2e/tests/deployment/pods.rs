//! How pods run: without privileges, with resource limits and probes, and with enough time to stop.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::environment::environment;
use crate::objects::{Pod, kind, list, templates, title};
use crate::rendered::{Target, targets};

/// The pods of the front door and of the pools, each with its container.
pub(crate) fn of_services(target: &Target) -> impl Iterator<Item = (Pod<'_>, &Value)> {
    let services = templates(&target.objects).filter(|pod| kind(pod.owner) == "Deployment");
    services.map(|pod| {
        let container = &pod.spec["containers"][0];
        (pod, container)
    })
}

#[test]
fn every_pod_may_run_where_pod_security_is_restricted() {
    for target in targets() {
        for pod in templates(&target.objects) {
            let who = format!("{}: {}", target.name, title(pod.owner));
            let context = &pod.spec["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{who}");
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{who}");
            assert!(context["runAsUser"].as_u64().is_some_and(|user| user > 0), "{who}");
            assert_eq!(pod.spec["automountServiceAccountToken"], false, "{who}");
            for denied in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
                assert!(pod.spec[denied].is_null(), "{who}: {denied}");
            }
            for volume in list(&pod.spec["volumes"]) {
                let kinds: BTreeSet<_> =
                    volume.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                let fine =
                    kinds.is_subset(&BTreeSet::from(["name", "secret", "configMap", "emptyDir"]));
                assert!(fine, "{who}: {kinds:?}");
            }
            for container in list(&pod.spec["containers"]) {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{who}");
                assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }), "{who}");
                assert!(context["privileged"].is_null(), "{who}");
            }
        }
    }
}

#[test]
fn every_container_asks_for_what_it_needs_and_has_an_end_of_memory() {
    for target in targets() {
        for pod in templates(&target.objects) {
            for container in list(&pod.spec["containers"]) {
                let resources = &container["resources"];
                for value in [
                    &resources["requests"]["cpu"],
                    &resources["requests"]["memory"],
                    &resources["limits"]["memory"],
                ] {
                    assert!(value.is_string(), "{}: {resources}", title(pod.owner));
                }
                assert!(
                    resources["limits"]["cpu"].is_null(),
                    "{} would be throttled",
                    title(pod.owner)
                );
            }
        }
    }
}

#[test]
fn a_service_is_watched_on_the_port_for_operators() {
    for target in targets() {
        for (pod, container) in of_services(target) {
            let who = title(pod.owner);
            for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
                assert_eq!(
                    container[probe]["httpGet"],
                    json!({ "path": path, "port": "admin" }),
                    "{who}"
                );
            }
            let settings = environment(target, container).expect("its environment");
            let mut listens = vec![if pod.ports.contains_key("http") { "API" } else { "WORKERS" }];
            listens.extend(pod.ports.contains_key("http").then_some("public"));
            for part in listens {
                let (variable, port) = match part {
                    "public" => ("BOXOFFICE__API__LISTEN".to_owned(), "http"),
                    _ => (format!("BOXOFFICE__{part}__ADMIN_LISTEN"), "admin"),
                };
                assert_eq!(settings[&variable], format!("0.0.0.0:{}", pod.ports[port]), "{who}");
            }
        }
    }
}

#[test]
fn a_service_has_more_time_to_stop_than_it_takes() {
    for target in targets() {
        for (pod, container) in of_services(target) {
            let settings = environment(target, container).expect("its environment");
            let part = if pod.ports.contains_key("http") { "API" } else { "WORKERS" };
            let drain: u64 =
                settings[&format!("BOXOFFICE__{part}__DRAIN_MS")].parse().expect("a number");
            let before =
                container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or(0);
            let grace = pod.spec["terminationGracePeriodSeconds"].as_u64().expect("a grace period");
            // A process that was cut off needs a second or two more to end.
            assert!(grace >= before + drain / 1_000 + 5, "{}: {grace} s", title(pod.owner));
            assert_eq!(
                before > 0,
                part == "API",
                "{}: only what is called needs a moment before",
                title(pod.owner)
            );
        }
    }
}
