//! Brings the database's schema up to date.

use process::settings::Settings;
use store::{pool, schema};

use super::exit::Exit;
use super::print::line;

/// Whether to change anything.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit code 1 where the schema is not up to date.
    #[arg(long)]
    check: bool,
}

/// Migrates, or only checks. Safe to run from several processes at once.
pub(crate) async fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Exit> {
    let pool = pool::open(&settings.database, "migrate")?;
    let before = schema::read(&mut *pool.acquire().await?).await?;
    if !arguments.check {
        pool::migrate(&pool).await?;
        let applied = before.missing.len();
        line(&format!(
            "applied {applied} migrations; the schema is at version {}",
            schema::newest()
        ));
        return Ok(Exit::Done);
    }
    if before.missing.is_empty() {
        line(&format!("the schema is at version {}", before.version));
        return Ok(Exit::Done);
    }
    let missing: Vec<_> = before.missing.iter().map(ToString::to_string).collect();
    line(&format!("migrations are missing: {}", missing.join(", ")));
    Ok(Exit::Found)
}
