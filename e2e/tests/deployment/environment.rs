//! The environment of processes: every setting, every host and every command exists.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::objects::{find, kind, list, name, templates, title};
use crate::rendered::{Target, targets};

/// Variables by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// Runs a binary of this checkout in this environment and no other.
fn run(binary: &str, arguments: &[&str], environment: &Environment) -> Result<Output> {
    let path = testbed::checkout::target().join("debug").join(binary);
    ensure!(path.exists(), "{} is not built: cargo xtask test", path.display());
    Ok(Command::new(path).args(arguments).env_clear().envs(environment).output()?)
}

/// The queues that a process with these settings declares. An error if it refuses a setting.
pub(crate) fn queues(environment: &Environment) -> Result<Vec<String>> {
    const OTHERS: [&str; 6] = [
        "DATABASE_URL",
        "AMQP_URL",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "RABBITMQ_USER",
        "RABBITMQ_PASSWORD",
    ];
    // A process refuses only unknown names that begin as ours do, so others are checked here.
    for variable in environment.keys() {
        ensure!(
            variable.starts_with("BOXOFFICE__") || OTHERS.contains(&variable.as_str()),
            "{variable}"
        );
    }
    let output = run("workers", &["topology", "export"], environment)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let definitions: Value = serde_json::from_slice(&output.stdout)?;
    Ok(list(&definitions["queues"]).iter().map(|queue| name_of(queue).to_owned()).collect())
}

fn name_of(queue: &Value) -> &str {
    queue["name"].as_str().unwrap_or_default()
}

/// The environment of a container. Values from secrets that are not in the manifests are made up.
pub(crate) fn environment(target: &Target, container: &Value) -> Result<Environment> {
    let mut environment = Environment::new();
    for source in list(&container["envFrom"]) {
        let named = source["configMapRef"]["name"].as_str().unwrap_or_default();
        let map = find(&target.objects, "ConfigMap", named).with_context(|| named.to_owned())?;
        for (key, value) in map["data"].as_object().context("its data")? {
            environment.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    // A variable can use only those listed before it.
    let mut listed = Environment::new();
    for variable in list(&container["env"]) {
        let named = variable["name"].as_str().context("a name")?.to_owned();
        let value = variable["value"]
            .as_str()
            .map_or_else(|| Ok("from-a-secret".to_owned()), |text| expand(text, &listed));
        listed.insert(named.clone(), value.with_context(|| named)?);
    }
    environment.extend(listed);
    Ok(environment)
}

fn expand(text: &str, known: &Environment) -> Result<String> {
    let Some((before, rest)) = text.split_once("$(") else { return Ok(text.to_owned()) };
    let (named, after) = rest.split_once(')').context("a closing bracket")?;
    let value =
        known.get(named).with_context(|| format!("{named} is not set before it is used"))?;
    Ok(format!("{before}{value}{}", expand(after, known)?))
}

#[test]
fn every_setting_exists_and_can_be_read() {
    for target in targets() {
        let ours = |image: &Value| image.as_str().is_some_and(|image| image.contains("boxoffice-"));
        for pod in templates(&target.objects) {
            for container in
                list(&pod.spec["containers"]).iter().filter(|container| ours(&container["image"]))
            {
                let who = format!("{}: {}", target.name, title(pod.owner));
                let environment = environment(target, container)
                    .unwrap_or_else(|error| panic!("{who}: {error:#}"));
                let queues =
                    queues(&environment).unwrap_or_else(|error| panic!("{who}: {error:#}"));
                assert!(queues.len() > 8, "{who}: {queues:?}");
                for (variable, port) in [("DATABASE_URL", 5432), ("AMQP_URL", 5672)] {
                    let url = &environment[variable];
                    let host = url.split(['@', '/', '?']).nth(3).unwrap_or_default();
                    assert!(hosts(target).contains(&host.to_owned()), "{who}: {host} of {url}");
                    assert!(host.ends_with(&format!(":{port}")), "{who}: {url}");
                }
            }
        }
    }
}

/// The host names that exist: services in the manifests, and services that the operators create.
fn hosts(target: &Target) -> Vec<String> {
    let of_service = |service: &Value| {
        let ports: Vec<_> = list(&service["spec"]["ports"])
            .iter()
            .map(|port| format!("{}:{}", name(service), port["port"]))
            .collect();
        ports
    };
    let of = |object: &Value| match kind(object) {
        "Service" => of_service(object),
        "Cluster" => vec![format!("{}-rw:5432", name(object))],
        "RabbitmqCluster" => vec![format!("{}:5672", name(object))],
        _ => Vec::new(),
    };
    target.objects.iter().flat_map(of).collect()
}

#[test]
fn a_setting_that_does_not_exist_is_refused() {
    let environment = |variable: &str| Environment::from([(variable.to_owned(), "1".to_owned())]);
    assert!(queues(&environment("BOXOFFICE__API__DRAIN_MSS")).is_err());
    assert!(queues(&environment("BOXOFFICE_API_DRAIN_MS")).is_err());
    assert!(queues(&environment("BOXOFFICE__API__DRAIN_MS")).is_ok());
}

/// Whether one of our programs has this command.
pub(crate) fn has_command(binary: &str, arguments: &[&str]) -> Result<()> {
    let output = run(binary, &[arguments, &["--help"]].concat(), &Environment::new())?;
    ensure!(
        output.status.success(),
        "{binary} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[test]
fn pods_run_commands_that_exist() -> Result<()> {
    for target in targets() {
        for pod in templates(&target.objects) {
            for container in list(&pod.spec["containers"]) {
                let image = container["image"].as_str().unwrap_or_default();
                let arguments: Vec<_> =
                    list(&container["args"]).iter().filter_map(Value::as_str).collect();
                if image.contains("boxoffice-workers") {
                    has_command("workers", &arguments).with_context(|| title(pod.owner))?;
                    assert!(!arguments.is_empty(), "{}", title(pod.owner));
                }
            }
        }
    }
    assert!(has_command("workers", &["no-such-command"]).is_err());
    Ok(())
}
