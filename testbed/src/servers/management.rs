//! The few requests to RabbitMQ's management API.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::Agent;

/// `guest:guest` as HTTP basic authentication.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

pub(super) struct Management {
    agent: Agent,
    url: String,
}

impl Management {
    pub(super) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self { agent: config.into(), url: url.trim_end_matches('/').to_owned() }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn answers(&self) -> bool {
        let answer = self
            .agent
            .get(format!("{}/api/whoami", self.url))
            .header("authorization", GUEST)
            .call();
        answer.is_ok_and(|response| response.status().is_success())
    }

    pub(super) fn add_vhost(&self, name: &str) -> Result<()> {
        let vhost = encoded(name);
        self.put(&format!("vhosts/{vhost}"), "{}")?;
        let everything = r#"{"configure":".*","write":".*","read":".*"}"#;
        self.put(&format!("permissions/{vhost}/guest"), everything)
    }

    pub(super) fn delete_vhost(&self, name: &str) -> Result<()> {
        let url = format!("{}/api/vhosts/{}", self.url, encoded(name));
        let response = self.agent.delete(&url).header("authorization", GUEST).call();
        let status = response.with_context(|| format!("DELETE {url}"))?.status();
        ensure!(status.is_success() || status == 404, "DELETE {url}: {status}");
        Ok(())
    }

    /// For each queue with a leader, the node that leads it.
    pub(super) fn leaders(&self) -> Result<Vec<String>> {
        let url = format!("{}/api/queues?columns=leader", self.url);
        let response = self.agent.get(&url).header("authorization", GUEST).call();
        let text = response.with_context(|| format!("GET {url}"))?.body_mut().read_to_string()?;
        let queues: Vec<serde_json::Value> = serde_json::from_str(&text)?;
        Ok(queues.iter().filter_map(|queue| Some(queue["leader"].as_str()?.to_owned())).collect())
    }

    fn put(&self, path: &str, json: &str) -> Result<()> {
        let url = format!("{}/api/{path}", self.url);
        let request = self.agent.put(&url).header("authorization", GUEST);
        let response = request.content_type("application/json").send(json);
        let status = response.with_context(|| format!("PUT {url}"))?.status();
        ensure!(status.is_success(), "PUT {url}: {status}");
        Ok(())
    }
}

/// A name, encoded as one segment of a path.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}
