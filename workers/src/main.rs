//! The worker pools and the operators' commands: see `workers --help`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let cli = workers::Cli::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let exit = runtime.block_on(cli.run());
    // A blocking thread may still wait for a server that does not answer. Do not wait for it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(exit)
}
