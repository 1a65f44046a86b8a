//! The worker pools, and the commands of operators: see `workers --help`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let cli = workers::Cli::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let exit = runtime.block_on(cli.run());
    // A thread that hangs on a server that has gone must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(exit)
}
