//! Which servers to use: given ones, Docker's, or private ones.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};

use super::postgres::{Options, Postgres};
use super::rabbitmq::RabbitMq;
use super::{Keep, compose, install, lease};
use crate::{checkout, note};

/// Both servers, wherever they are. Private ones end with this value.
pub struct Servers {
    /// Where the database is: in dev the project's own; for tests one from which others can be made.
    pub database_url: String,
    /// Where the broker is, with its virtual host.
    pub amqp_url: String,
    /// The base of the broker's management API, where it is known (for tests: always).
    pub management_url: Option<String>,
    /// The private Postgres, if it is one.
    pub postgres: Option<Postgres>,
    /// The private RabbitMQ, if it is one.
    pub rabbitmq: Option<RabbitMq>,
    /// The place that private ones for tests have; given up after them.
    _place: Option<File>,
}

impl Servers {
    /// The variables that lead [`for_tests`] of another program to these servers.
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

/// Where one server comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Given(String),
    Compose,
    Private,
}

/// The servers that `cargo xtask dev` runs on: those of `DATABASE_URL` and `AMQP_URL`, else those of docker-compose.yml
/// where a Docker engine answers, else private ones whose data stay in `target/dev`.
pub fn for_dev() -> Result<Servers> {
    let [database, amqp] =
        dev_sources([given("DATABASE_URL"), given("AMQP_URL")], compose::is_usable);
    if database == Source::Compose || amqp == Source::Compose {
        compose::up()?;
    }
    let dir = checkout::target().join("dev");
    let (postgres, rabbitmq) = start_private(
        (database == Source::Private).then(Options::dev),
        (amqp == Source::Private).then_some(Keep::Data),
        &dir,
    )?;
    let database_url = match (database, &postgres) {
        (Source::Given(url), _) => url,
        (_, Some(postgres)) => dev_database(postgres)?,
        (_, None) => {
            compose_url("postgres://boxoffice:boxoffice@", "postgres", 5432, "/boxoffice")?
        }
    };
    let amqp_url = match (amqp, &rabbitmq) {
        (Source::Given(url), _) => url,
        (_, Some(rabbitmq)) => rabbitmq.amqp_url("/"),
        (_, None) => compose_url("amqp://boxoffice:boxoffice@", "rabbitmq", 5672, "/%2F")?,
    };
    let management_url = rabbitmq.as_ref().map(RabbitMq::management_url);
    Ok(Servers { database_url, amqp_url, management_url, postgres, rabbitmq, _place: None })
}

/// The servers that tests run on: those of `BOXOFFICE_TEST_DATABASE_URL`, and of `BOXOFFICE_TEST_AMQP_URL` with
/// `BOXOFFICE_TEST_MANAGEMENT_URL`, else fresh private ones in `target/test`.
pub fn for_tests() -> Result<Servers> {
    let database = given(TEST_DATABASE_URL);
    let amqp = given(TEST_AMQP_URL).zip(given(TEST_MANAGEMENT_URL));
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

/// The value of a variable that is set and not empty.
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Docker is asked only if one of the two is not given.
fn dev_sources(
    given: [Option<String>; 2],
    compose_is_usable: impl FnOnce() -> bool,
) -> [Source; 2] {
    let composed = given.iter().any(Option::is_none) && compose_is_usable();
    given.map(|url| match url {
        Some(url) => Source::Given(url),
        None if composed => Source::Compose,
        None => Source::Private,
    })
}

/// Several test programs may run at a time: each takes the first directory that no other uses.
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

/// Starts both at once, if both are wanted.
fn start_private(
    postgres: Option<Options>,
    rabbitmq: Option<Keep>,
    dir: &Path,
) -> Result<(Option<Postgres>, Option<RabbitMq>)> {
    install::ensure_installed(postgres.is_some(), rabbitmq.is_some())?;
    let (postgres_dir, rabbitmq_dir) = (dir.join("postgres"), dir.join("rabbitmq"));
    let (postgres, rabbitmq) = thread::scope(|scope| {
        let broker =
            scope.spawn(|| rabbitmq.map(|keep| RabbitMq::start(&rabbitmq_dir, keep)).transpose());
        let database = postgres.map(|options| Postgres::start(&postgres_dir, options)).transpose();
        (database, broker.join().expect("starting RabbitMQ does not panic"))
    });
    Ok((postgres?, rabbitmq?))
}

fn dev_database(postgres: &Postgres) -> Result<String> {
    if !postgres.has_database("boxoffice")? {
        note("making the database boxoffice");
        postgres.create_database("boxoffice")?;
    }
    Ok(postgres.url("boxoffice"))
}

fn compose_url(user: &str, service: &str, port: u16, path: &str) -> Result<String> {
    let address = compose::address(service, port)?;
    if address.contains(char::is_whitespace) {
        bail!("docker compose answered {address:?} where {service} is");
    }
    Ok(format!("{user}{address}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(
        database: &str,
        amqp: &str,
        compose_is_usable: impl FnOnce() -> bool,
    ) -> [Source; 2] {
        let given = |url: &str| Some(url.to_owned()).filter(|url| !url.is_empty());
        dev_sources([given(database), given(amqp)], compose_is_usable)
    }

    fn given(url: &str) -> Source {
        Source::Given(url.to_owned())
    }

    #[test]
    fn given_servers_are_used_and_docker_is_not_asked() {
        let sources = sources("postgres://d", "amqp://b", || panic!("asked"));
        assert_eq!(sources, [given("postgres://d"), given("amqp://b")]);
    }

    #[test]
    fn one_alone_may_be_given() {
        assert_eq!(sources("", "amqp://b", || true), [Source::Compose, given("amqp://b")]);
        assert_eq!(sources("postgres://d", "", || false), [given("postgres://d"), Source::Private]);
    }

    #[test]
    fn with_nothing_given_docker_comes_before_private_servers() {
        assert_eq!(sources("", "", || true), [Source::Compose, Source::Compose]);
        assert_eq!(sources("", "", || false), [Source::Private, Source::Private]);
    }

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
