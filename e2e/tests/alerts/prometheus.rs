//! A Prometheus for the test, with the alerts of `ops/` and shorter times.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Service, Stack, eventually};
use serde_json::{Value, json};
use testbed::process::{Process, Signal};

/// Shorter times and lower bounds, so that a test does not wait for minutes.
const IMPATIENT: [(&str, &str); 10] = [
    ("for: 1m", "for: 0s"),
    ("for: 2m", "for: 0s"),
    ("for: 15m", "for: 0s"),
    ("[2m]", "[6s]"),
    ("[5m]", "[6s]"),
    ("[10m]", "[6s]"),
    ("seconds) > 5", "seconds) > 1"),
    (") > 5", ") > 0.5"),
    ("))) > 2", "))) > 0.5"),
    ("> 1800", "> 2"),
];

pub(crate) struct Prometheus {
    process: Process,
    dir: PathBuf,
    url: String,
    client: reqwest::Client,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes nothing yet.
    pub(crate) async fn start() -> Result<Self> {
        let name = format!("prometheus-{}", uuid::Uuid::new_v4().simple());
        let dir = testbed::checkout::target().join("test").join(name);
        fs::create_dir_all(&dir)?;
        let mut rules = fs::read_to_string(testbed::checkout::root().join(super::rules::ALERTS))?;
        for (usual, impatient) in IMPATIENT {
            anyhow::ensure!(rules.contains(usual), "no alert has {usual}");
            rules = rules.replace(usual, impatient);
        }
        fs::write(dir.join("alerts.yml"), rules)?;
        fs::write(dir.join("targets.json"), "[]")?;
        fs::write(dir.join("prometheus.yml"), CONFIG)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("prometheus");
        command.current_dir(&dir).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(dir.join("log"))?);
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let process = Process::spawn(&mut command, Signal::KILL)
            .context("prometheus is not installed: cargo xtask test installs it")?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let prometheus = Self { process, dir, url: format!("http://127.0.0.1:{port}"), client };
        let ready = || async { prometheus.ask("query?query=1").await.is_ok() };
        eventually("Prometheus", ready).await;
        Ok(prometheus)
    }

    /// Scrapes the current processes of this stack, and no others.
    pub(crate) async fn follow(&self, stack: &Stack) -> Result<()> {
        let mut targets = Vec::new();
        let address = async |service: &Service| -> Result<String> {
            let line = service.message("listening").await?;
            Ok(line["admin"].as_str().context("an address")?.to_owned())
        };
        if let Some(service) = &stack.api {
            let target = address(service).await?;
            targets.push(json!({"targets": [target], "labels": {"job": "api"}}));
        }
        for service in &stack.workers {
            let target = address(service).await?;
            targets.push(json!({"targets": [target], "labels": {"job": "workers"}}));
        }
        let new = self.dir.join("new.json");
        let file = self.dir.join("targets.json");
        fs::write(&new, Value::from(targets.clone()).to_string())?;
        fs::rename(new, file)?;
        let all_up = || async { self.count("sum(up)").await == Some(targets.len()) };
        eventually("all processes are scraped", all_up).await;
        Ok(())
    }

    /// Waits until an alert of this name fires.
    pub(crate) async fn fires(&self, alert: &str) {
        eventually(&format!("{alert} fires"), || async {
            self.firing().await.is_ok_and(|firing| firing.iter().any(|one| one == alert))
        })
        .await;
    }

    /// Waits until no alert of this name is left.
    pub(crate) async fn clears(&self, alert: &str) {
        eventually(&format!("{alert} clears"), || async {
            self.firing().await.is_ok_and(|firing| firing.iter().all(|one| one != alert))
        })
        .await;
    }

    /// Stops it, and removes its files.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.process.stop(Signal::KILL, Duration::from_secs(5))?;
        Ok(fs::remove_dir_all(&self.dir)?)
    }

    async fn firing(&self) -> Result<Vec<String>> {
        let answer = self.ask("alerts").await?;
        let alerts = answer["data"]["alerts"].as_array().context("alerts")?;
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().map(str::to_owned);
        Ok(alerts.iter().filter(|alert| alert["state"] == "firing").filter_map(name).collect())
    }

    async fn count(&self, query: &str) -> Option<usize> {
        let answer = self.ask(&format!("query?query={query}")).await.ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    async fn ask(&self, path: &str) -> Result<Value> {
        let answer = self.client.get(format!("{}/api/v1/{path}", self.url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

const CONFIG: &str = "\
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: boxoffice
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
";
