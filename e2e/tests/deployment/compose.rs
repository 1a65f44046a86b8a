//! `docker-compose.yml`: services that should scale can, every address exists, and `cargo xtask
//! dev` finds what it needs.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testbed::checkout;

use crate::dockerfile::{pinned, stages};
use crate::environment::{Environment, has_command, queues};
use crate::objects::list;
use crate::rendered::{VERSIONS, check, targets};

const SCALED: [&str; 4] = ["api", "reservations", "payments", "expiry"];

fn file() -> Result<Value> {
    let path = checkout::root().join("docker-compose.yml");
    let mut checked = check(VERSIONS[1], &[("compose".to_owned(), path)])?;
    let file =
        checked.remove("compose").and_then(|mut files| files.pop()).context("one document")?;
    interpolated(&file)
}

/// The file with the defaults of all variables, as for somebody who sets none.
fn interpolated(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::String(defaults(text)?),
        Value::Array(list) => Value::Array(list.iter().map(interpolated).collect::<Result<_>>()?),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| Ok((key.clone(), interpolated(value)?)))
                .collect::<Result<_>>()?,
        ),
        other => other.clone(),
    })
}

fn defaults(text: &str) -> Result<String> {
    let Some((before, rest)) = text.split_once("${") else { return Ok(text.to_owned()) };
    let (variable, after) = rest.split_once('}').context("a closing brace")?;
    // A variable without a default would stop `cargo xtask dev`, which starts only the servers.
    let (_, default) =
        variable.split_once(":-").with_context(|| format!("{variable} has no default"))?;
    Ok(format!("{before}{default}{}", defaults(after)?))
}

fn services(file: &Value) -> BTreeMap<&str, &Value> {
    file["services"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, service)| (name.as_str(), service))
        .collect()
}

/// The environment of a service. A name without a value is taken from the caller's environment.
fn environment(service: &Value) -> Environment {
    let set = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    service["environment"].as_object().into_iter().flatten().filter_map(set).collect()
}

fn seconds(service: &Value) -> Result<u64> {
    let text = service["stop_grace_period"].as_str().context("stop_grace_period")?;
    Ok(text.strip_suffix('s').context("seconds")?.parse()?)
}

#[test]
fn what_is_scaled_has_no_name_and_no_port_of_the_machine_and_time_to_stop() -> Result<()> {
    let file = file()?;
    let services = services(&file);
    let settings = process::settings::Settings::default();
    for name in SCALED {
        let service = services[name];
        for once in ["container_name", "ports", "hostname", "deploy"] {
            assert!(service[once].is_null(), "{name}: {once}");
        }
        let drain = if name == "api" { settings.api.drain_ms } else { settings.workers.drain_ms };
        assert!(seconds(service)? >= drain / 1_000 + 5, "{name}");
        assert_eq!(service["healthcheck"]["test"][2], "healthcheck", "{name}");
        for (needed, condition) in
            [("migrate", "service_completed_successfully"), ("rabbitmq", "service_healthy")]
        {
            assert_eq!(service["depends_on"][needed]["condition"], condition, "{name}");
        }
    }
    Ok(())
}

#[test]
fn processes_of_ours_are_built_here_and_given_settings_and_commands_that_exist() -> Result<()> {
    let file = file()?;
    let stages = stages()?;
    let mut seen = 0;
    for (name, service) in services(&file) {
        let Some(target) = service["build"]["target"].as_str() else { continue };
        seen += 1;
        assert!(stages.iter().any(|stage| stage.name == target), "{name}: {target}");
        queues(&environment(service)).with_context(|| name.to_owned())?;
        let arguments: Vec<_> =
            list(&service["command"]).iter().filter_map(Value::as_str).collect();
        if target == "workers" {
            has_command("workers", &arguments)?;
        }
        let test: Vec<_> =
            list(&service["healthcheck"]["test"]).iter().filter_map(Value::as_str).collect();
        if let [_, program, command @ ..] = &test[..] {
            assert_eq!(*program, format!("/usr/local/bin/{target}"), "{name}");
            has_command(target, command)?;
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
    }
    assert_eq!(seen, SCALED.len() + 2);
    Ok(())
}

#[test]
fn hosts_are_services_and_mounted_files_are_there() -> Result<()> {
    let file = file()?;
    let services = services(&file);
    for (name, service) in &services {
        for (variable, url) in environment(service) {
            if let Some((_, rest)) = url.split_once("://") {
                let host = rest
                    .rsplit('@')
                    .next()
                    .and_then(|rest| rest.split([':', '/']).next())
                    .unwrap_or_default();
                assert!(services.contains_key(host), "{name}: {variable}: {host}");
            }
        }
        for volume in list(&service["volumes"]).iter().filter_map(Value::as_str) {
            let source = volume.split(':').next().unwrap_or_default();
            let there = match source.strip_prefix("./") {
                Some(path) => checkout::root().join(path).exists(),
                None => file["volumes"].get(source).is_some(),
            };
            assert!(there, "{name}: {volume}");
        }
        for port in list(&service["ports"]).iter().filter_map(Value::as_str) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port} is open to the network");
        }
    }
    Ok(())
}

#[test]
fn dev_finds_the_servers_that_it_looks_for() -> Result<()> {
    let file = file()?;
    let services = services(&file);
    let postgres = services["postgres"];
    let rabbitmq = services["rabbitmq"];
    for (variable, value) in environment(postgres) {
        assert_eq!(value, "boxoffice", "{variable}");
    }
    for (variable, value) in environment(rabbitmq) {
        assert_eq!(value, "boxoffice", "{variable}");
    }
    for (service, port) in [(postgres, "5432"), (rabbitmq, "5672")] {
        let published = list(&service["ports"]).iter().filter_map(Value::as_str);
        assert!(published.filter(|one| one.ends_with(&format!(":{port}"))).count() == 1, "{port}");
        assert!(service["healthcheck"]["test"].is_array(), "up --wait waits for health");
    }
    Ok(())
}

#[test]
fn every_image_is_pinned_and_the_servers_are_the_same_everywhere() -> Result<()> {
    let file = file()?;
    let services = services(&file);
    for (name, service) in &services {
        let image = service["image"].as_str().context("an image")?;
        assert!(pinned(image) || service["build"].is_object(), "{name}: {image}");
    }
    let version = |image: &str| {
        image.rsplit_once(':').map(|(_, tag)| tag.split('-').next().unwrap_or_default().to_owned())
    };
    for (name, compose) in [("postgres", services["postgres"]), ("rabbitmq", services["rabbitmq"])]
    {
        let compose = version(compose["image"].as_str().unwrap_or_default());
        for target in targets() {
            let text = serde_json::to_string(&target.objects)?;
            let images = text.split('"').filter(|text| {
                text.contains(&format!("{name}:")) || text.contains(&format!("{name}ql:"))
            });
            let versions: Vec<_> =
                images.filter(|text| !text.contains("://")).map(version).collect();
            assert!(
                !versions.is_empty() && versions.iter().all(|one| *one == compose),
                "{}: {versions:?}",
                target.name
            );
        }
    }
    Ok(())
}

#[test]
fn docker_compose_itself_takes_it_where_it_is_installed() -> Result<()> {
    let mut version = Command::new("docker");
    version.args(["compose", "version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let mut config = Command::new("docker");
    config.args(["compose", "--profile", "*", "config", "--quiet"]).current_dir(checkout::root());
    let output = config.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
