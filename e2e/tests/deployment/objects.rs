//! Access to Kubernetes objects.

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) type Labels = BTreeMap<String, String>;

/// Pods of one kind: from a template in the manifests, or created by an operator.
pub(crate) struct Pod<'a> {
    /// The object that creates them.
    pub(crate) owner: &'a Value,
    pub(crate) labels: Labels,
    /// Port numbers by name.
    pub(crate) ports: BTreeMap<String, u64>,
    /// The specification. Null for pods that an operator creates.
    pub(crate) spec: &'a Value,
}

pub(crate) fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Kind and name, for messages.
pub(crate) fn title(object: &Value) -> String {
    format!("{} {}", kind(object), name(object))
}

pub(crate) fn of_kind<'a>(
    objects: &'a [Value],
    wanted: &'a str,
) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| kind(object) == wanted)
}

/// The only object of this kind and name.
pub(crate) fn find<'a>(objects: &'a [Value], wanted: &str, named: &str) -> Option<&'a Value> {
    objects.iter().find(|object| kind(object) == wanted && name(object) == named)
}

/// The elements of a list. Empty if the list is missing.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn labels(value: &Value) -> Labels {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Whether a label selector matches these labels. An empty selector matches all.
pub(crate) fn selects(selector: &Value, of: &Labels) -> bool {
    let matches =
        labels(&selector["matchLabels"]).iter().all(|(key, value)| of.get(key) == Some(value));
    matches
        && list(&selector["matchExpressions"]).iter().all(|expression| {
            let value = expression["key"].as_str().and_then(|key| of.get(key));
            let named = |value: &String| list(&expression["values"]).iter().any(|one| one == value);
            match expression["operator"].as_str() {
                Some("In") => value.is_some_and(named),
                Some("NotIn") => !value.is_some_and(named),
                Some("Exists") => value.is_some(),
                other => panic!("no such operator is known: {other:?}"),
            }
        })
}

pub(crate) fn pods(objects: &[Value]) -> Vec<Pod<'_>> {
    objects.iter().filter_map(pod).collect()
}

/// The pods that a template in the manifests creates.
pub(crate) fn templates(objects: &[Value]) -> impl Iterator<Item = Pod<'_>> {
    pods(objects).into_iter().filter(|pod| !pod.spec.is_null())
}

fn pod(owner: &Value) -> Option<Pod<'_>> {
    let named = |key: &str| Labels::from([(key.to_owned(), name(owner).to_owned())]);
    let ports = |ports: &[(&str, u64)]| {
        ports.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect()
    };
    let made = |labels, ports| Some(Pod { owner, labels, ports, spec: &Value::Null });
    match kind(owner) {
        "Deployment" | "StatefulSet" | "Job" => {
            let template = &owner["spec"]["template"];
            let ports =
                list(&template["spec"]["containers"]).iter().flat_map(|one| list(&one["ports"]));
            let port = |port: &Value| {
                Some((port["name"].as_str()?.to_owned(), port["containerPort"].as_u64()?))
            };
            let labels = labels(&template["metadata"]["labels"]);
            Some(Pod {
                owner,
                labels,
                ports: ports.filter_map(port).collect(),
                spec: &template["spec"],
            })
        }
        // Pods that the operators of Postgres and RabbitMQ create.
        "Cluster" => made(
            named("cnpg.io/cluster"),
            ports(&[("postgresql", 5432), ("metrics", 9187), ("status", 8000)]),
        ),
        "RabbitmqCluster" => made(
            named("app.kubernetes.io/name"),
            ports(&[("amqp", 5672), ("management", 15672), ("prometheus", 15692), ("epmd", 4369)]),
        ),
        _ => None,
    }
}
