//! The servers for tests: given ones, or private ones.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};

use super::postgres::{Options, Postgres};
use super::rabbitmq::RabbitMq;
use super::{Keep, lease};
use crate::checkout;
use crate::tools::{self, Tool};

/// Both servers. Private ones are stopped when this value is dropped.
pub struct Servers {
    /// The database's URL. In dev it is the project's own database; for tests it is one from which
    /// others can be created.
    pub database_url: String,
    /// The broker's URL with its virtual host.
    pub amqp_url: String,
    /// The base URL of the broker's management API, if it is known (for tests: always).
    pub management_url: Option<String>,
    /// The Postgres, if it is private.
    pub postgres: Option<Postgres>,
    /// The RabbitMQ, if it is private.
    pub rabbitmq: Option<RabbitMq>,
    /// Locks the directory of private servers for tests until they have stopped.
    pub(super) _place: Option<File>,
}

impl Servers {
    /// The environment variables with which [`for_tests`] in another program uses these servers.
    pub fn test_settings(&self) -> Vec<(&'static str, String)> {
        let management = self.management_url.clone().map(|url| (TEST_MANAGEMENT_URL, url));
        let urls = [
            (TEST_DATABASE_URL, self.database_url.clone()),
            (TEST_AMQP_URL, self.amqp_url.clone()),
        ];
        urls.into_iter().chain(management).collect()
    }
}

const TEST_DATABASE_URL: &str = "BOXOFFICE_TEST_DATABASE_URL";
const TEST_AMQP_URL: &str = "BOXOFFICE_TEST_AMQP_URL";
const TEST_MANAGEMENT_URL: &str = "BOXOFFICE_TEST_MANAGEMENT_URL";

/// The servers for tests: those of `BOXOFFICE_TEST_DATABASE_URL`, and of `BOXOFFICE_TEST_AMQP_URL`
/// with `BOXOFFICE_TEST_MANAGEMENT_URL`, else new private ones in `target/test`.
pub fn for_tests() -> Result<Servers> {
    let database = given(TEST_DATABASE_URL);
    let amqp = given_broker();
    let (dir, place) = free_place(&checkout::target().join("test"))?;
    let (postgres, rabbitmq) = start_private(
        database.is_none().then(Options::test),
        amqp.is_none().then_some(Keep::Nothing),
        &dir,
    )?;
    let database_url = database.or(postgres.as_ref().map(|postgres| postgres.url("postgres")));
    let of_private = |node: &RabbitMq| (node.amqp_url("/"), node.management_url());
    let (amqp_url, management_url) =
        amqp.or(rabbitmq.as_ref().map(of_private)).context("a server is given or private")?;
    Ok(Servers {
        database_url: database_url.context("a server is given or private")?,
        amqp_url,
        management_url: Some(management_url),
        postgres,
        rabbitmq,
        _place: Some(place),
    })
}

/// The programs that [`for_tests`] needs.
pub fn tools_for_tests() -> Vec<&'static Tool> {
    private_tools(given(TEST_DATABASE_URL).is_none(), given_broker().is_none())
}

fn given_broker() -> Option<(String, String)> {
    given(TEST_AMQP_URL).zip(given(TEST_MANAGEMENT_URL))
}

/// The programs that private servers need.
pub(super) fn private_tools(postgres: bool, rabbitmq: bool) -> Vec<&'static Tool> {
    let wanted = [postgres.then_some(&tools::POSTGRES), rabbitmq.then_some(&tools::RABBITMQ)];
    wanted.into_iter().flatten().collect()
}

/// The value of a variable, if it is set and not empty.
pub(super) fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Several test programs may run at the same time: each uses the first directory that is not
/// locked.
fn free_place(dir: &Path) -> Result<(PathBuf, File)> {
    const PROGRAMS: usize = 16;
    for number in 0..PROGRAMS {
        let dir = dir.join(number.to_string());
        fs::create_dir_all(&dir)?;
        match lease::lock(&dir) {
            Ok(place) => return Ok((dir, place)),
            Err(error) if lease::is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    bail!("{PROGRAMS} other test programs use private servers in {}", dir.display())
}

/// Starts both at the same time, if both are wanted.
pub(super) fn start_private(
    postgres: Option<Options>,
    rabbitmq: Option<Keep>,
    dir: &Path,
) -> Result<(Option<Postgres>, Option<RabbitMq>)> {
    tools::require(&private_tools(postgres.is_some(), rabbitmq.is_some()))?;
    let postgres_dir = dir.join("postgres");
    let rabbitmq_dir = dir.join("rabbitmq");
    let (postgres, rabbitmq) = thread::scope(|scope| {
        let broker =
            scope.spawn(|| rabbitmq.map(|keep| RabbitMq::start(&rabbitmq_dir, keep)).transpose());
        let database = postgres.map(|options| Postgres::start(&postgres_dir, options)).transpose();
        (database, broker.join().expect("starting RabbitMQ does not panic"))
    });
    Ok((postgres?, rabbitmq?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_a_place_of_its_own() {
        let dir = env::temp_dir().join(format!("boxoffice-places-{}", std::process::id()));
        let (first, place) = free_place(&dir).unwrap();
        let (second, _) = free_place(&dir).unwrap();
        assert_ne!(first, second);
        drop(place);
        assert_eq!(free_place(&dir).unwrap().0, first);
        fs::remove_dir_all(dir).unwrap();
    }
}
