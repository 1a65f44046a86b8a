//! A buyer: an HTTP client without state.

use anyhow::Result;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// The front door's response to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// By lower-case name.
    pub headers: reqwest::header::HeaderMap,
    /// Null if the body is not JSON.
    pub body: Value,
}

impl Answer {
    /// A header as text. Empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id of the reservation or payment in the body.
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// The `status` in the body.
    pub fn state(&self) -> &str {
        self.body["status"].as_str().unwrap_or_default()
    }
}

/// A client of one front door. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Buyer {
    client: Client,
    base: String,
}

impl Buyer {
    pub fn new(address: &str) -> Result<Self> {
        let client = Client::builder().timeout(crate::PATIENCE * 2).tcp_nodelay(true).build()?;
        Ok(Self { client, base: format!("http://{address}") })
    }

    /// A client that uses HTTP/2, as a proxy does: all requests share one connection.
    pub fn over_http2(&self) -> Result<Self> {
        let client =
            Client::builder().timeout(crate::PATIENCE * 2).http2_prior_knowledge().build()?;
        Ok(Self { client, base: self.base.clone() })
    }

    /// The front door's URL, without a path.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends any request, with these headers.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request.send().await?).await
    }

    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, &[], None).await
    }

    /// Requests tickets of event 1, and waits up to 20 s for the outcome.
    pub async fn reserve(&self, customer: &str, tickets: &[i32]) -> Result<Answer> {
        let body = json!({"customer": customer, "tickets": tickets});
        self.post_reservation(body, &[("prefer", "wait=20")]).await
    }

    /// Requests tickets of event 1, with any body and headers.
    pub async fn post_reservation(&self, body: Value, headers: &[(&str, &str)]) -> Result<Answer> {
        self.ask(Method::POST, "/api/v1/events/1/reservations", headers, Some(body)).await
    }

    /// The current state of a reservation of event 1.
    pub async fn reservation(&self, id: &str) -> Result<Answer> {
        self.get(&format!("/api/v1/events/1/reservations/{id}")).await
    }

    /// Waits until a reservation of event 1 has one of these states.
    pub async fn until(&self, id: &str, states: &[&str]) -> Result<Answer> {
        let deadline = tokio::time::Instant::now() + crate::PATIENCE;
        let path = format!("/api/v1/events/1/reservations/{id}");
        loop {
            let answer = self.get(&path).await?;
            if states.contains(&answer.state()) {
                return Ok(answer);
            }
            anyhow::ensure!(tokio::time::Instant::now() < deadline, "still {}", answer.body);
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
    }

    /// Cancels a reservation of event 1, and waits for the outcome.
    pub async fn cancel(&self, id: &str) -> Result<Answer> {
        let path = format!("/api/v1/events/1/reservations/{id}");
        self.ask(Method::DELETE, &path, &[("prefer", "wait=20")], None).await
    }

    /// Pays for a reservation of event 1, and waits for the outcome.
    pub async fn pay(&self, id: &str, card: &str) -> Result<Answer> {
        let path = format!("/api/v1/events/1/reservations/{id}/payments");
        let body = Some(json!({"card": card}));
        self.ask(Method::POST, &path, &[("prefer", "wait=20")], body).await
    }
}

async fn answer(response: Response) -> Result<Answer> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = response.bytes().await?;
    Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}
