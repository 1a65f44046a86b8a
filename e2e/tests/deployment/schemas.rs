//! Every object fits its schema, and a schema finds an object that does not.

use std::fs;

use anyhow::Result;

use crate::rendered::{VERSIONS, check, scratch, targets};

#[test]
fn every_object_fits_its_schema() {
    for target in targets() {
        assert!(target.objects.len() > 20, "{}: {} objects", target.name, target.objects.len());
    }
}

#[test]
fn what_does_not_fit_is_told() -> Result<()> {
    let broken = [
        (
            "Service",
            "{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {port: 80}}",
            "'port' was unexpected",
        ),
        (
            "twice",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, name: y}}",
            "there twice: ['name']",
        ),
        (
            "unknown",
            "{apiVersion: a/v1, kind: Unknown, metadata: {name: x}}",
            "no schema of this kind",
        ),
        (
            "ours",
            "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: x}, \
             spec: {selector: {}, podMetricsEndpoints: [{path: /}]}}",
            "'port' is a required property",
        ),
        (
            "within ours",
            "{apiVersion: rabbitmq.com/v1beta1, kind: RabbitmqCluster, metadata: {name: x}, \
             spec: {replicas: 1, image: x, persistence: {}, rabbitmq: {}, resources: {}, \
             affinity: {podAffinit: {}}}}",
            "'podAffinit' was unexpected",
        ),
        ("Compose", "{services: {x: {image: x, port: [80]}}}", "'port' was unexpected"),
    ];
    let dir = scratch()?;
    for (name, text, expected) in broken {
        let path = dir.join(format!("broken-{name}.yaml"));
        fs::write(&path, text)?;
        let error = check(VERSIONS[1], &[(name.to_owned(), path)]).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    Ok(())
}
