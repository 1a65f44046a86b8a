//! Every process has just the rights that it needs, at the database and at the broker, and works with
//! them; and what must stay secret is not in its log.

use anyhow::{Context, Result};
use common::broker::{Connection, declare};
use common::topology::Topology;
use e2e::{Database, Options, Stack, Vhost, plans};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection};

const ROLES: &str = include_str!("../../postgres/roles.sql");
const PERMISSIONS: &str = include_str!("../../rabbitmq/permissions.json");
const CARD: &str = "4242424242424242";
/// In every secret of this test.
const HUSH: &str = "hush7f3a9c";

/// A login of the database, by its role, that is gone with the test.
struct Login {
    name: String,
    url: String,
}

async fn login(database: &Database, role: &str) -> Result<Login> {
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    run(database, &format!("CREATE ROLE {name} LOGIN PASSWORD '{HUSH}' IN ROLE {role}")).await?;
    let (scheme, rest) = database.url.split_once("://").context("a URL")?;
    let (_, host) = rest.split_once('@').context("a URL with a user")?;
    Ok(Login { url: format!("{scheme}://{name}:{HUSH}@{host}"), name })
}

async fn run(database: &Database, statements: &str) -> Result<()> {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    database.pool.execute(statements).await?;
    Ok(())
}

/// The role's rights do not reach to these statements.
async fn forbidden(login: &Login, statements: &[&'static str]) -> Result<()> {
    let mut connection = PgConnection::connect(&login.url).await?;
    for statement in statements {
        let refused = connection.execute(*statement).await.err().context(*statement)?;
        let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
        anyhow::ensure!(code.as_deref() == Some("42501"), "{statement}: {refused}");
    }
    Ok(connection.close().await?)
}

/// The broker's user of this name in the permissions file, made for this virtual host.
async fn broker_user(vhost: &Vhost, name: &str) -> Result<(String, String)> {
    let file: Value = serde_json::from_str(PERMISSIONS)?;
    let all = file["permissions"].as_array().context("permissions")?;
    let one = all.iter().find(|one| one["user"] == name).context("the user")?;
    let right = |what: &str| one[what].as_str().context("a pattern");
    let rights = [right("configure")?, right("write")?, right("read")?];
    let user = format!("{name}-{}", uuid::Uuid::new_v4().simple());
    let url = vhost.user(&user, HUSH, rights).await?;
    Ok((user, url))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one system, set up once, shows all of it")]
async fn processes_work_with_the_least_rights_and_keep_their_secrets() -> Result<()> {
    let shared = tokio::task::spawn_blocking(xtask::servers::for_tests).await??;
    let management = shared.management_url.as_deref().context("a broker with management")?;
    let database = Database::create(&shared.database_url, true).await?;
    let vhost = Vhost::create(&shared.amqp_url, management).await?;
    run(&database, ROLES).await?;
    let api_login = login(&database, "boxoffice_api").await?;
    let workers_login = login(&database, "boxoffice_workers").await?;
    let (api_user, api_url) = broker_user(&vhost, "boxoffice-api").await?;
    let (workers_user, workers_url) = broker_user(&vhost, "boxoffice-workers").await?;

    let options = Options::of(plans::seated(1))
        .workers(&[])
        .set("database__url", &api_login.url)
        .set("broker__url", &api_url)
        .set("broker__declare", false)
        .set("api__organiser_tokens", HUSH)
        .set("secret", format!("{HUSH} of ids"))
        .set("log__filter", "debug");
    // Somebody with the right to has declared the topology.
    let topology = Topology::new(&options.topology());
    let operator = Connection::open(&vhost.settings(), "an operator").await?;
    declare(&operator, &topology).await?;
    operator.close().await;
    let mut stack = Stack::on(database, vhost, options).await?;
    let as_workers = [
        ("BOXOFFICE__DATABASE__URL", workers_login.url.as_str()),
        ("BOXOFFICE__BROKER__URL", workers_url.as_str()),
    ];
    stack.add_worker("all", &as_workers)?;
    stack.worker_ready(0).await?;

    let held = stack.buyer.reserve("ada", &[1, 2]).await?;
    assert_eq!(held.status, 201, "{held:?}");
    assert_eq!(stack.buyer.pay(held.id(), CARD).await?.status, 201);
    let tickets = format!("/api/v1/events/1/reservations/{}/tickets", held.id());
    assert_eq!(stack.buyer.get(&tickets).await?.body["tickets"][0]["number"], json!(1));
    let other = stack.buyer.reserve("bob", &[3]).await?;
    assert_eq!(stack.buyer.cancel(other.id()).await?.state(), "cancelled");

    forbidden(
        &api_login,
        &[
            "UPDATE tickets SET state = 'available'",
            "INSERT INTO reservations DEFAULT VALUES",
            "DELETE FROM payments",
            "SELECT FROM tickets FOR UPDATE",
            "SELECT FROM gateway.charges",
            "CREATE TABLE mine ()",
        ],
    )
    .await?;
    forbidden(
        &workers_login,
        &[
            "DELETE FROM reservations",
            "TRUNCATE payments",
            "UPDATE tiers SET price = 0",
            "INSERT INTO tickets DEFAULT VALUES",
            "ALTER TABLE tickets DISABLE TRIGGER ALL",
            "DROP TABLE tickets",
            "CREATE TABLE mine ()",
        ],
    )
    .await?;
    let as_api = common::settings::Broker {
        url: api_url.as_str().into(),
        ..common::settings::Broker::default()
    };
    let refused = declare(&Connection::open(&as_api, "a test").await?, &topology).await;
    let refused = format!("{:?}", refused.err().context("the api may not declare")?);
    anyhow::ensure!(refused.contains("ACCESS_REFUSED"), "{refused}");

    let services = stack.api.iter().chain(&stack.workers);
    let lines: Vec<_> =
        services.flat_map(e2e::Service::lines).map(|line| line.to_string()).collect();
    anyhow::ensure!(lines.iter().any(|line| line.contains("\"DEBUG\"")), "it logs everything");
    for line in lines {
        anyhow::ensure!(!line.contains(HUSH) && !line.contains(CARD), "a secret is in {line}");
    }
    for user in [api_user, workers_user] {
        stack.vhost.remove_user(&user).await?;
    }
    stack.finish().await?;
    let mut owner = PgConnection::connect(&shared.database_url).await?;
    for login in [api_login, workers_login] {
        owner.execute(AssertSqlSafe(format!("DROP ROLE {}", login.name))).await?;
    }
    Ok(())
}
