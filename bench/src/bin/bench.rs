//! The load kit: see `bench --help`, or run it with `cargo xtask bench`.

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    bench::cli::Cli::parse().run()
}
