//! A virtual host for each test.

use anyhow::{Context, Result};
use broker::Connection;
use broker::operators::depth;
use process::settings;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::database::unique;

#[derive(Debug)]
pub struct Vhost {
    /// The AMQP URL.
    pub url: String,
    pub name: String,
    management: String,
    connection: Mutex<Option<Connection>>,
}

impl Vhost {
    /// Creates a virtual host on the broker with this AMQP URL and this management URL.
    pub async fn create(amqp: &str, management: &str) -> Result<Self> {
        let name = unique("test");
        let (base, _) = amqp.rsplit_once('/').unwrap_or((amqp, ""));
        let vhost = Self {
            url: format!("{base}/{name}"),
            name,
            management: management.to_owned(),
            connection: Mutex::default(),
        };
        vhost.ask(reqwest::Method::PUT, "vhosts").await?;
        Ok(vhost)
    }

    /// The management API, as the setting names it.
    pub fn management_url(&self) -> String {
        self.management_url_of("guest", "guest")
    }

    /// The management API with the login of a user.
    pub fn management_url_of(&self, user: &str, password: &str) -> String {
        self.management.replacen("://", &format!("://{user}:{password}@"), 1)
    }

    /// Settings for a connection of the test itself.
    pub fn settings(&self) -> settings::Broker {
        settings::Broker { url: self.url.as_str().into(), ..settings::Broker::default() }
    }

    /// How many messages are ready in a queue. Messages not acked are not counted.
    pub async fn waiting(&self, queue: &str) -> Result<u32> {
        let mut kept = self.connection.lock().await;
        let connection = match kept.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => Connection::open(&self.settings(), "a test").await?,
        };
        let depth = depth(&connection, queue).await?;
        *kept = Some(connection);
        Ok(depth.with_context(|| format!("there is no queue {queue}"))?.messages)
    }

    /// All objects of one kind (`queues`, `exchanges`, `bindings`), in the broker's own form.
    pub async fn list(&self, kind: &str) -> Result<Vec<Value>> {
        Ok(self.ask(reqwest::Method::GET, kind).await?.json().await?)
    }

    /// Removes all messages that are ready in a queue.
    pub async fn purge(&self, queue: &str) -> Result<()> {
        self.delete(&format!("queues/{}/{queue}/contents", self.name)).await
    }

    /// Creates a user of the broker with these tags and these rights, each a pattern of names.
    /// Returns the URL for that user.
    pub async fn user(
        &self,
        name: &str,
        password: &str,
        tags: &str,
        [configure, write, read]: [&str; 3],
    ) -> Result<String> {
        let user = json!({"password": password, "tags": tags});
        self.put(&format!("users/{name}"), &user).await?;
        let rights = json!({"configure": configure, "write": write, "read": read});
        self.put(&format!("permissions/{}/{name}", self.name), &rights).await?;
        Ok(self.url.replacen("guest:guest", &format!("{name}:{password}"), 1))
    }

    pub async fn remove_user(&self, name: &str) -> Result<()> {
        self.delete(&format!("users/{name}")).await
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let url = format!("{}/api/{path}", self.management);
        let request = reqwest::Client::new().delete(url).basic_auth("guest", Some("guest"));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    async fn put(&self, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}/api/{path}", self.management);
        let request = reqwest::Client::new().put(url).basic_auth("guest", Some("guest"));
        request.json(body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Removes the virtual host and everything in it.
    pub async fn drop(self) -> Result<()> {
        self.ask(reqwest::Method::DELETE, "vhosts").await?;
        Ok(())
    }

    async fn ask(&self, method: reqwest::Method, what: &str) -> Result<reqwest::Response> {
        let url = format!("{}/api/{what}/{}", self.management, self.name);
        let request =
            reqwest::Client::new().request(method, url).basic_auth("guest", Some("guest"));
        Ok(request.send().await?.error_for_status()?)
    }
}
