//! The front door's process.

use api::app::App;
use common::settings::Settings;
use common::{shutdown, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    telemetry::start(&settings.log)?;
    let stop = shutdown::on_signal()?;
    App::build(&settings)?.serve(stop).await
}
