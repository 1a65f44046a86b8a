//! Every object that another object names exists.

use serde_json::Value;

use crate::objects::{
    Pod, find, kind, labels, list, name, of_kind, pods, selects, templates, title,
};
use crate::rendered::targets;

/// Secrets, with their keys, that operators create, or people before the first deployment
/// (docs/deploying.md).
const SECRETS_FROM_ELSEWHERE: [(&str, &[&str]); 5] = [
    ("boxoffice", &["secret", "organiser-tokens"]),
    ("boxoffice-backups", &["access-key-id", "secret-access-key"]),
    ("boxoffice-postgres-app", &["username", "password"]),
    ("boxoffice-postgres-ca", &["ca.crt"]),
    ("boxoffice-rabbitmq-default-user", &["username", "password"]),
];

#[test]
fn selectors_take_the_pods_that_they_are_meant_for() {
    for target in targets() {
        let pods = pods(&target.objects);
        let taken = |selector: &Value| pods.iter().any(|pod| selects(selector, &pod.labels));
        for object in &target.objects {
            let spec = &object["spec"];
            match kind(object) {
                "Deployment" | "StatefulSet" => {
                    let own = labels(&spec["template"]["metadata"]["labels"]);
                    assert!(selects(&spec["selector"], &own), "{}", title(object));
                    let others = pods.iter().filter(|pod| pod.owner != object);
                    for other in others {
                        assert!(
                            !selects(&spec["selector"], &other.labels),
                            "{} takes {}",
                            title(object),
                            title(other.owner)
                        );
                    }
                    for constraint in list(&spec["template"]["spec"]["topologySpreadConstraints"]) {
                        assert!(
                            selects(&constraint["labelSelector"], &own),
                            "{} spreads others",
                            title(object)
                        );
                    }
                }
                "PodDisruptionBudget" | "PodMonitor" => {
                    assert!(taken(&spec["selector"]), "{} takes no pod", title(object));
                }
                "NetworkPolicy" => {
                    assert!(taken(&spec["podSelector"]), "{} takes no pod", title(object));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn services_and_monitors_reach_ports_that_their_pods_have() {
    for target in targets() {
        let pods = pods(&target.objects);
        for service in of_kind(&target.objects, "Service") {
            let wanted = labels(&service["spec"]["selector"]);
            let fits = |pod: &&Pod<'_>| {
                wanted.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
            };
            let taken: Vec<_> = pods.iter().filter(fits).collect();
            assert_eq!(taken.len(), 1, "{} takes pods of one kind", title(service));
            for port in list(&service["spec"]["ports"]) {
                let port = port["targetPort"].as_str().expect("a port by name");
                assert!(taken[0].ports.contains_key(port), "{}: {port}", title(service));
            }
        }
        for monitor in of_kind(&target.objects, "PodMonitor") {
            for pod in pods.iter().filter(|pod| selects(&monitor["spec"]["selector"], &pod.labels))
            {
                for endpoint in list(&monitor["spec"]["podMetricsEndpoints"]) {
                    let port = endpoint["port"].as_str().unwrap_or_default();
                    assert!(
                        pod.ports.contains_key(port),
                        "{}: {port} of {}",
                        title(monitor),
                        title(pod.owner)
                    );
                }
            }
        }
    }
}

#[test]
fn pods_name_settings_secrets_volumes_and_accounts_that_are_there() {
    for target in targets() {
        for pod in templates(&target.objects) {
            let account = pod.spec["serviceAccountName"].as_str();
            let known = account
                .is_none_or(|account| find(&target.objects, "ServiceAccount", account).is_some());
            assert!(known, "{}: {account:?}", title(pod.owner));
            for volume in list(&pod.spec["volumes"]) {
                let items = list(&volume["secret"]["items"])
                    .iter()
                    .chain(list(&volume["configMap"]["items"]));
                let keys: Vec<_> = items.filter_map(|item| item["key"].as_str()).collect();
                for (kind, source) in [
                    ("Secret", &volume["secret"]["secretName"]),
                    ("ConfigMap", &volume["configMap"]["name"]),
                ] {
                    if let Some(named) = source.as_str() {
                        assert!(
                            has(&target.objects, kind, named, &keys),
                            "{}: {kind} {named}",
                            title(pod.owner)
                        );
                    }
                }
            }
            for container in list(&pod.spec["containers"]) {
                container_names_what_is_there(&target.objects, &pod, container);
            }
        }
    }
}

fn container_names_what_is_there(objects: &[Value], pod: &Pod<'_>, container: &Value) {
    let who = title(pod.owner);
    for source in list(&container["envFrom"]) {
        let named = source["configMapRef"]["name"].as_str().unwrap_or_default();
        assert!(has(objects, "ConfigMap", named, &[]), "{who}: ConfigMap {named}");
    }
    for variable in list(&container["env"]) {
        let from = &variable["valueFrom"]["secretKeyRef"];
        if let (Some(named), Some(key)) = (from["name"].as_str(), from["key"].as_str()) {
            assert!(has(objects, "Secret", named, &[key]), "{who}: {key} of Secret {named}");
        }
    }
    let claims = list(&pod.owner["spec"]["volumeClaimTemplates"]).iter().map(name);
    let volumes: Vec<_> = list(&pod.spec["volumes"])
        .iter()
        .filter_map(|volume| volume["name"].as_str())
        .chain(claims)
        .collect();
    for mount in list(&container["volumeMounts"]) {
        let named = mount["name"].as_str().unwrap_or_default();
        assert!(volumes.contains(&named), "{who}: volume {named}");
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for way in ["httpGet", "tcpSocket"] {
            if let Some(port) = container[probe][way]["port"].as_str() {
                assert!(pod.ports.contains_key(port), "{who}: {probe} asks port {port}");
            }
        }
    }
}

/// Whether a ConfigMap or Secret with these keys exists.
fn has(objects: &[Value], kind: &str, named: &str, keys: &[&str]) -> bool {
    if let Some(object) = find(objects, kind, named) {
        let holds = |key: &&str| {
            ["data", "stringData"].iter().any(|part| object[*part].get(*key).is_some())
        };
        return keys.iter().all(holds);
    }
    let elsewhere = SECRETS_FROM_ELSEWHERE.iter().find(|(secret, _)| *secret == named);
    kind == "Secret" && elsewhere.is_some_and(|(_, has)| keys.iter().all(|key| has.contains(key)))
}

#[test]
fn routes_lead_to_ports_of_services() {
    for target in targets() {
        for route in of_kind(&target.objects, "HTTPRoute") {
            for backend in
                list(&route["spec"]["rules"]).iter().flat_map(|rule| list(&rule["backendRefs"]))
            {
                let service =
                    find(&target.objects, "Service", backend["name"].as_str().unwrap_or_default());
                let ports =
                    service.map(|service| list(&service["spec"]["ports"])).unwrap_or_default();
                assert!(
                    ports.iter().any(|port| port["port"] == backend["port"]),
                    "{}: {backend}",
                    title(route)
                );
            }
        }
    }
}

#[test]
fn all_of_a_target_is_in_one_namespace() {
    const OF_THE_CLUSTER: [&str; 1] = ["Namespace"];
    for target in targets() {
        let namespace =
            of_kind(&target.objects, "Namespace").next().map(name).expect("a namespace");
        for object in target.objects.iter().filter(|object| !OF_THE_CLUSTER.contains(&kind(object)))
        {
            assert_eq!(
                object["metadata"]["namespace"],
                namespace,
                "{}: {}",
                target.name,
                title(object)
            );
        }
    }
}
