//! What Postgres and RabbitMQ can do alone on this machine.

use std::time::Duration;

use anyhow::Result;

use super::kit::Kit;
use crate::limits::{Length, Limit, broker, postgres};
use crate::report::{Figure, Report};

pub async fn limits(kit: &Kit, length: Duration) -> Result<Report> {
    let found = measure(kit, length).await?;
    kit.report("limits", Vec::new(), figures(&found)).await
}

/// Measures all limits, each for this long.
pub(super) async fn measure(kit: &Kit, length: Duration) -> Result<Vec<Limit>> {
    let mut found = postgres(&kit.ground, Length(length)).await?;
    found.extend(broker(&kit.ground, Length(length)).await?);
    Ok(found)
}

pub(super) fn figures(limits: &[Limit]) -> Vec<Figure> {
    let figure = |limit: &Limit| {
        let each = format!("{} ({:.0}/s)", limit.what, limit.per_s);
        Figure::new(each, limit.requests_per_s, "requests/s")
    };
    limits.iter().map(figure).collect()
}
