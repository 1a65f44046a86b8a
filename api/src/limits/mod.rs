//! Limits how many requests one address and one customer may send, in a fixed amount of memory.

mod buckets;
mod client;

use buckets::{Allowance, Buckets};
use client::find_client;

use std::net::IpAddr;

use axum::http::HeaderMap;
use process::settings::{self, Network};
use tokio::time::Instant;

use crate::http::random;
use crate::problem::{Kind, Problem};

/// The address that a request's connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

#[derive(Debug)]
pub(crate) struct Limits {
    addresses: Option<Buckets>,
    customers: Option<Buckets>,
    trusted: Vec<Network>,
    began: Instant,
}

impl Limits {
    /// A limit of 0 means no limit.
    pub(crate) fn new(settings: &settings::Limits) -> Self {
        let buckets = |per_minute, burst| {
            let allowance = Allowance { per_minute, burst };
            Buckets::new(allowance, settings.names_max, random() as u64)
        };
        Self {
            addresses: buckets(settings.address_per_minute, settings.address_burst),
            customers: buckets(settings.customer_per_minute, settings.customer_burst),
            trusted: settings.trusted_proxies.clone(),
            began: Instant::now(),
        }
    }

    /// Counts a request against its address; the error is the 429.
    pub(crate) fn count_address(&self, peer: Peer, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(buckets) = &self.addresses else { return Ok(()) };
        let Some(address) = find_client(peer.0, headers, &self.trusted) else { return Ok(()) };
        let taken = buckets.take(&client::name_address(address), self.now_ms());
        taken.map_err(|wait_ms| too_many("Too many requests from this address.", wait_ms))
    }

    /// Counts a request for tickets against its customer; the error is the 429.
    pub(crate) fn count_customer(&self, customer: &str) -> Result<(), Problem> {
        let Some(buckets) = &self.customers else { return Ok(()) };
        let taken = buckets.take(customer.as_bytes(), self.now_ms());
        taken.map_err(|wait_ms| too_many("Too many requests of this customer.", wait_ms))
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

fn too_many(detail: &'static str, wait_ms: u64) -> Problem {
    let seconds = wait_ms.div_ceil(1_000).max(1) as u32;
    Problem::new(Kind::TooManyRequests, detail).retry_after(seconds)
}
