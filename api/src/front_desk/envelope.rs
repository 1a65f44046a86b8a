//! Puts requests of one partition into an envelope and publishes it.

use std::sync::Arc;

use booking::messages::Envelope;
use booking::trace::Trace;
use broker::{Publication, PublishError, Publisher};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::meter::EnvelopeMeter;
use super::waiting_queue::SendEnvelope;
use crate::outcomes::QueueLags;

/// Publishes the envelopes of one partition, and counts them.
pub(super) struct EnvelopeSender<T> {
    pub(super) exchange: &'static str,
    pub(super) routing_key: String,
    pub(super) queue: Arc<str>,
    pub(super) publisher: Publisher,
    pub(super) lags: Arc<QueueLags>,
    pub(super) meter: EnvelopeMeter,
    pub(super) accepted_at: fn(&T) -> DateTime<Utc>,
}

impl<T: Serialize + Send + 'static> SendEnvelope<Traced<T>> for EnvelopeSender<T> {
    async fn send_envelope(&self, traced: Vec<Traced<T>>) -> Result<(), PublishError> {
        let traces = (0..).zip(&traced).filter_map(|(at, one)| Some((at, one.trace?))).collect();
        let requests: Vec<T> = traced.into_iter().map(|one| one.request).collect();
        let count = requests.len();
        let oldest = requests.iter().map(self.accepted_at).min();
        let body = Envelope::traced(requests, traces).encode();
        let message = Publication::durable(self.exchange, self.routing_key.clone(), body);
        let confirmed = self.publisher.publish(message).await;
        self.meter.count_envelope(count, confirmed.is_ok());
        confirmed?;
        if let Some(accepted_at) = oldest {
            self.lags.note_sent(&self.queue, accepted_at);
        }
        Ok(())
    }
}

/// A request, with its trace if the client sent one.
#[derive(Debug)]
pub(super) struct Traced<T> {
    request: T,
    trace: Option<Trace>,
}

impl<T> Traced<T> {
    /// With the trace of the current task.
    pub(super) fn current(request: T) -> Self {
        Self { request, trace: process::telemetry::current_trace() }
    }
}
