//! What only the broker's management API can show. It is optional: everything works without it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lapin::uri::AMQPUri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::Agent;

use process::settings::{Broker, Secret};

const TIMEOUT: Duration = Duration::from_secs(5);

/// A client of the management API, for one virtual host.
#[derive(Debug, Clone)]
pub struct Management {
    url: Secret,
    vhost: String,
}

impl Management {
    /// None if the settings do not name the API.
    pub fn new(settings: &Broker) -> Option<Self> {
        let url = settings.management_url.clone()?;
        let uri: AMQPUri = settings.url.expose().parse().ok()?;
        let vhost = utf8_percent_encode(&uri.vhost, NON_ALPHANUMERIC).to_string();
        Some(Self { url, vhost })
    }

    /// The broker's version, and its clock, in whole seconds.
    pub async fn overview(&self) -> Result<(String, Option<DateTime<Utc>>), String> {
        let (body, date) = self.get("/api/overview".to_owned()).await?;
        let version = body["rabbitmq_version"].as_str().unwrap_or("unknown").to_owned();
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
        Ok((version, date.map(|date| date.to_utc())))
    }

    /// Every queue of the virtual host, in the API's own form.
    pub async fn queues(&self) -> Result<Vec<Value>, String> {
        self.list("queues").await
    }

    /// Every binding of the virtual host, in the API's own form.
    pub async fn bindings(&self) -> Result<Vec<Value>, String> {
        self.list("bindings").await
    }

    async fn list(&self, kind: &str) -> Result<Vec<Value>, String> {
        match self.get(format!("/api/{kind}/{}", self.vhost)).await?.0 {
            Value::Array(list) => Ok(list),
            other => Err(format!("no list of {kind}: {other}")),
        }
    }

    async fn get(&self, path: String) -> Result<(Value, Option<String>), String> {
        let url = format!("{}{path}", self.url.expose().trim_end_matches('/'));
        let ask = move || {
            let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).proxy(None).build();
            let agent: Agent = config.into();
            let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
            let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
            let date = date.map(str::to_owned);
            let body = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
            let body = serde_json::from_str(&body).map_err(|error| error.to_string())?;
            Ok((body, date))
        };
        tokio::task::spawn_blocking(ask).await.map_err(|error| error.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_virtual_host_is_one_segment_of_the_path() {
        let settings =
            Broker { management_url: Some("http://127.0.0.1:15672".into()), ..Broker::default() };
        let management = Management::new(&settings).expect("it is set");
        assert_eq!(management.vhost, "%2F");
        assert!(Management::new(&Broker::default()).is_none());
    }
}
