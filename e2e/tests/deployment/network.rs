//! Network policies: every connection that is needed is allowed on both sides; others are not.

use serde_json::Value;

use crate::objects::{Pod, kind, list, name, of_kind, pods, selects, title};
use crate::rendered::{Target, targets};

/// Whether a peer in a policy selects pods of this namespace with these labels.
fn is_peer(peer: &Value, pod: &Pod<'_>) -> bool {
    peer.get("namespaceSelector").is_none() && selects(&peer["podSelector"], &pod.labels)
}

fn takes_port(rule: &Value, pod: &Pod<'_>, port: u64) -> bool {
    let ports = list(&rule["ports"]);
    ports.is_empty()
        || ports.iter().any(|one| {
            let wanted = one["port"]
                .as_str()
                .and_then(|named| pod.ports.get(named).copied())
                .or(one["port"].as_u64());
            wanted == Some(port)
        })
}

/// Whether policies let a pod call a port of another pod.
fn may_call(target: &Target, from: &Pod<'_>, to: &Pod<'_>, port: u64) -> bool {
    let policies = |pod: &Pod<'_>, way: &str| -> Vec<&Value> {
        let of_way =
            |policy: &&Value| list(&policy["spec"]["policyTypes"]).iter().any(|kind| kind == way);
        let of_pod = |policy: &&Value| selects(&policy["spec"]["podSelector"], &pod.labels);
        of_kind(&target.objects, "NetworkPolicy").filter(of_way).filter(of_pod).collect()
    };
    let allowed = |policies: &[&Value], rules: &str, peers: &str, peer: &Pod<'_>| {
        policies.iter().flat_map(|policy| list(&policy["spec"][rules])).any(|rule| {
            let any = rule.get(peers).is_none();
            (any || list(&rule[peers]).iter().any(|one| is_peer(one, peer)))
                && takes_port(rule, to, port)
        })
    };
    let out = policies(from, "Egress");
    let into = policies(to, "Ingress");
    // A pod that no policy selects may connect to anything.
    (out.is_empty() || allowed(&out, "egress", "to", to))
        && (into.is_empty() || allowed(&into, "ingress", "from", from))
}

#[test]
fn processes_reach_the_servers_and_nothing_else_reaches_them() {
    for target in targets() {
        let pods = pods(&target.objects);
        let server = |cluster: &str| {
            pods.iter()
                .find(|pod| name(pod.owner) == cluster && kind(pod.owner) != "Service")
                .expect("a server")
        };
        let postgres = server("boxoffice-postgres");
        let rabbitmq = server("boxoffice-rabbitmq");
        let ours = |pod: &&Pod<'_>| matches!(kind(pod.owner), "Deployment" | "Job");
        for pod in pods.iter().filter(ours) {
            assert!(may_call(target, pod, postgres, 5432), "{}: Postgres", title(pod.owner));
            assert!(may_call(target, pod, rabbitmq, 5672), "{}: RabbitMQ", title(pod.owner));
            assert!(!may_call(target, pod, rabbitmq, 15672), "{}: management", title(pod.owner));
            for other in pods.iter().filter(ours) {
                for port in [9080, 9081] {
                    assert!(
                        !may_call(target, pod, other, port),
                        "{} calls {}",
                        title(pod.owner),
                        title(other.owner)
                    );
                }
            }
        }
        let front_door =
            pods.iter().find(|pod| name(pod.owner) == "boxoffice-api").expect("a front door");
        let open = |pod: &Pod<'_>, port| {
            let policies = of_kind(&target.objects, "NetworkPolicy");
            policies.filter(|policy| selects(&policy["spec"]["podSelector"], &pod.labels)).any(
                |policy| {
                    list(&policy["spec"]["ingress"])
                        .iter()
                        .any(|rule| rule.get("from").is_none() && takes_port(rule, pod, port))
                },
            )
        };
        assert!(open(front_door, 8080), "{}: anyone may buy", target.name);
        for pod in &pods {
            let closed =
                pod.ports.values().filter(|port| **port != 8080).all(|port| !open(pod, *port));
            assert!(closed, "{}: open to anyone", title(pod.owner));
        }
    }
}
