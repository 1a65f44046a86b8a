//! `k8s/apply` applies objects in an order that keeps a running system available.

use std::process::Command;

use anyhow::Result;
use testbed::checkout;

use crate::objects::{name, of_kind};
use crate::rendered::{LAYERS, folders, targets};

#[test]
fn servers_come_before_the_schema_and_the_schema_before_the_processes() -> Result<()> {
    for folder in folders()? {
        let script = checkout::root().join("k8s/apply");
        let output = Command::new(&script).arg(&folder).env("KUBECTL", "echo kubectl").output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout)?;
        let position = |text: &str| {
            printed.find(text).unwrap_or_else(|| panic!("{folder}: {text}: {printed}"))
        };
        let applied = LAYERS.map(|layer| {
            position(&format!(
                "apply -k {}",
                checkout::root().join("k8s").join(&folder).join(layer).display()
            ))
        });
        assert!(applied.is_sorted(), "{printed}");

        let target = targets().iter().find(|target| target.name == folder).expect("rendered");
        let namespace =
            of_kind(&target.objects, "Namespace").next().map(name).expect("a namespace");
        for job in of_kind(&target.objects, "Job").map(name) {
            // A Job cannot be changed. So the one of the last release is deleted, and the new one
            // must finish before the next step.
            assert!(
                position("delete job boxoffice-migrate boxoffice-topology") < applied[1],
                "{printed}"
            );
            let done = position(&format!("job/{job}"));
            assert!(applied[1] < done && done < applied[2], "{printed}");
        }
        for deployment in of_kind(&target.objects, "Deployment").map(name) {
            assert!(
                applied[2]
                    < position(&format!("-n {namespace} rollout status deployment/{deployment}")),
                "{printed}"
            );
        }
        let pools = position("component!=front-door");
        assert!(pools < position("rollout status deployment/boxoffice-api"), "{printed}");
    }
    Ok(())
}

#[test]
fn a_target_that_is_not_there_is_refused() -> Result<()> {
    let script = checkout::root().join("k8s/apply");
    let output =
        Command::new(&script).arg("overlays/none").env("KUBECTL", "echo kubectl").output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    Ok(())
}
