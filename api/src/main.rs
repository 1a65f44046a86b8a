//! The front door's process.

use std::time::Duration;

use api::app::App;
use common::settings::Settings;
use common::{shutdown, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    telemetry::start(&settings.log)?;
    telemetry::otlp::start(&settings.traces.otlp_url, "api")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        let stop = shutdown::on_signal()?;
        App::build(&settings)?.serve(stop).await
    });
    // A thread that hangs on a server that has gone must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
