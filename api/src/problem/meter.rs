//! Counts problems by kind.

use std::sync::LazyLock;

use process::telemetry::metrics::{Counter, counter};
use process::telemetry::names;

use super::kinds::Kind;

static PROBLEMS: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |kind: &Kind| counter(names::PROBLEMS_TOTAL, &[("type", kind.row().slug)]);
    Kind::ALL.iter().map(one).collect()
});

pub(crate) fn register() {
    LazyLock::force(&PROBLEMS);
}

pub(super) fn count(kind: Kind) {
    PROBLEMS[kind as usize].inc();
}
