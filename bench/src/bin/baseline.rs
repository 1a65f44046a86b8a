//! The baseline that Boxoffice is compared with: see `bench::baseline`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = process::settings::Settings::load()?;
    process::telemetry::start(&settings.log)?;
    let stop = process::shutdown::on_signal()?;
    bench::baseline::serve(settings, stop).await
}
