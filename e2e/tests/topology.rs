//! The broker has exactly what the topology says, with the same arguments.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use broker::topology::{Topology, definitions};
use e2e::{Options, Stack, plans};
use serde_json::Value;

/// Durable objects by name, with the fields that are compared.
fn by_name(list: &[Value], compared: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let named = |one: &&Value| {
        let name = one["name"].as_str().unwrap_or_default();
        one["durable"] == true && !name.is_empty() && !name.starts_with("amq.")
    };
    let pair = |one: &Value| {
        let values = compared.iter().map(|field| one[*field].clone()).collect();
        (one["name"].as_str().unwrap_or_default().to_owned(), values)
    };
    list.iter().filter(named).map(pair).collect()
}

fn bindings(list: &[Value]) -> BTreeSet<[String; 3]> {
    let ours = |one: &&Value| {
        let to = one["destination"].as_str().unwrap_or_default();
        !one["source"].as_str().unwrap_or_default().is_empty()
            && !to.starts_with("outcomes.")
            && !to.starts_with("presence.")
            && !to.starts_with("control.")
    };
    let key =
        |one: &Value| ["source", "destination", "routing_key"].map(|field| one[field].to_string());
    list.iter().filter(ours).map(key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_services_declare_what_the_definitions_file_says() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let wanted = definitions(&Topology::new(&stack.topology_settings()), "any");
    let list = |kind: &str| wanted[kind].as_array().cloned().unwrap_or_default();
    let queue = ["durable", "auto_delete", "arguments"];
    let declared = by_name(&stack.vhost.list("queues").await?, &queue);
    assert_eq!(declared, by_name(&list("queues"), &queue));
    let exchange = ["type", "durable", "auto_delete"];
    let declared = by_name(&stack.vhost.list("exchanges").await?, &exchange);
    assert_eq!(declared, by_name(&list("exchanges"), &exchange));
    assert_eq!(bindings(&stack.vhost.list("bindings").await?), bindings(&list("bindings")));
    stack.finish().await
}
