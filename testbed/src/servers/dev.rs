//! The servers for `cargo xtask dev`: given ones, Docker's, or private ones.

use anyhow::{Result, bail};

use super::choose::{Servers, given, private_tools, start_private};
use super::postgres::{Options, Postgres};
use super::rabbitmq::RabbitMq;
use super::{Keep, compose};
use crate::tools::Tool;
use crate::{checkout, note};

/// The source of both servers: `DATABASE_URL` and `AMQP_URL`, else docker-compose.yml if a Docker
/// engine answers, else private servers whose data stay in `target/dev`.
pub struct ForDev {
    database: Source,
    amqp: Source,
}

#[derive(Debug, PartialEq, Eq)]
enum Source {
    Given(String),
    Compose,
    Private,
}

impl ForDev {
    /// Chooses the sources without starting anything.
    pub fn choose() -> Self {
        let given = [given("DATABASE_URL"), given("AMQP_URL")];
        let [database, amqp] = dev_sources(given, compose::is_usable);
        Self { database, amqp }
    }

    /// The programs that private servers need.
    pub fn tools(&self) -> Vec<&'static Tool> {
        private_tools(self.database == Source::Private, self.amqp == Source::Private)
    }

    /// Starts the servers that do not run yet.
    pub fn start(self) -> Result<Servers> {
        let Self { database, amqp } = self;
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
}

/// Docker is checked only if one of the two is not given.
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
}
