//! Asks a worker process whether it lives, in images without curl.

use process::healthcheck::{check, url};
use process::settings::Settings;

use super::exit::Exit;
use super::print::line;

/// Whom to ask, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Ask whether it is ready for work, not only whether it lives.
    #[arg(long)]
    ready: bool,
    /// The URL to ask, instead of the process that listens at workers.admin_listen.
    url: Option<String>,
}

pub(crate) async fn run(settings: &Settings, arguments: Arguments) -> anyhow::Result<Exit> {
    let url = arguments.url.unwrap_or_else(|| url(settings.workers.admin_listen, arguments.ready));
    match tokio::task::spawn_blocking(move || check(&url)).await? {
        Ok(()) => Ok(Exit::Done),
        Err(why) => {
            line(&why);
            Ok(Exit::Found)
        }
    }
}
