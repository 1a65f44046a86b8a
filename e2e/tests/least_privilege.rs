//! Every process works with only the rights that it needs, at the database and at the broker. Its
//! log contains no secret.

use anyhow::{Context, Result};
use booking::ids::EventId;
use booking::requests::Request;
use broker::topology::{DEAD_LETTERS, Topology};
use broker::{Connection, Publication, declare};
use e2e::messages::{mint, reserve, send};
use e2e::{Database, Options, Ran, Stack, Vhost, eventually, plans};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection};
use store::seed::EventPlan;

const ROLES: &str = include_str!("../../postgres/roles.sql");
const PERMISSIONS: &str = include_str!("../../rabbitmq/permissions.json");
const CARD: &str = "4242424242424242";
/// Part of every secret in this test, so that a secret in a log is found.
const HUSH: &str = "hush7f3a9c";

/// A login of the database with one role. It is removed at the end of the test.
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

/// Checks that the role has no right to these statements.
async fn forbidden(login: &Login, statements: &[&'static str]) -> Result<()> {
    let mut connection = PgConnection::connect(&login.url).await?;
    for statement in statements {
        let refused = connection.execute(*statement).await.err().context(*statement)?;
        let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
        anyhow::ensure!(code.as_deref() == Some("42501"), "{statement}: {refused}");
    }
    Ok(connection.close().await?)
}

/// A user of the broker with rights from the permissions file. It is removed at the end of the
/// test.
struct BrokerUser {
    name: String,
    url: String,
}

async fn broker_user(vhost: &Vhost, name: &str, tags: &str) -> Result<BrokerUser> {
    let file: Value = serde_json::from_str(PERMISSIONS)?;
    let all = file["permissions"].as_array().context("permissions")?;
    let one = all.iter().find(|one| one["user"] == name).context("the user")?;
    let right = |what: &str| one[what].as_str().context("a pattern");
    let rights = [right("configure")?, right("write")?, right("read")?];
    let name = format!("{name}-{}", uuid::Uuid::new_v4().simple());
    let url = vhost.user(&name, HUSH, tags, rights).await?;
    Ok(BrokerUser { name, url })
}

/// Settings for a command or a process with these logins.
fn as_users<'a>(login: &'a Login, user: &'a BrokerUser) -> [(&'static str, &'a str); 2] {
    [("BOXOFFICE__DATABASE__URL", &login.url), ("BOXOFFICE__BROKER__URL", &user.url)]
}

/// A system whose processes and whose operator have the least rights.
struct Least {
    stack: Stack,
    api: (Login, BrokerUser),
    workers: (Login, BrokerUser),
    operator: (Login, BrokerUser),
    server: String,
}

impl Least {
    async fn start() -> Result<Self> {
        let shared = tokio::task::spawn_blocking(testbed::servers::for_tests).await??;
        let management = shared.management_url.as_deref().context("a broker with management")?;
        let database = Database::create(&shared.database_url, true).await?;
        let vhost = Vhost::create(&shared.amqp_url, management).await?;
        run(&database, ROLES).await?;
        let api = (
            login(&database, "boxoffice_api").await?,
            broker_user(&vhost, "boxoffice-api", "").await?,
        );
        let workers = (
            login(&database, "boxoffice_workers").await?,
            broker_user(&vhost, "boxoffice-workers", "").await?,
        );
        let operator = (
            login(&database, "boxoffice_operator").await?,
            broker_user(&vhost, "boxoffice-operator", "management").await?,
        );
        let options = Options::of(plans::seated(1))
            .workers(&[])
            .set("database__url", &api.0.url)
            .set("broker__url", &api.1.url)
            .set("broker__declare", false)
            .set("api__organiser_tokens", HUSH)
            .set("secret", format!("{HUSH} of ids"))
            .set("log__filter", "debug");
        // The operator declares the topology on the empty virtual host.
        let making = connect_as(&operator.1).await?;
        declare(&making, &Topology::new(&options.topology())).await?;
        making.close().await;
        let mut stack = Stack::on(database, vhost, options).await?;
        stack.add_worker("all", &as_users(&workers.0, &workers.1))?;
        stack.worker_ready(0).await?;
        Ok(Self { stack, api, workers, operator, server: shared.database_url.clone() })
    }

    /// Runs an operators' command as the operator.
    async fn operate(&self, arguments: &[&str]) -> Result<Ran> {
        let url = self.stack.vhost.management_url_of(&self.operator.1.name, HUSH);
        let mut settings = as_users(&self.operator.0, &self.operator.1).to_vec();
        settings.push(("BOXOFFICE__BROKER__MANAGEMENT_URL", &url));
        self.stack.operate(arguments, &settings).await
    }

    /// Runs an operators' command with the rights of the workers.
    async fn operate_as_workers(&self, arguments: &[&str]) -> Result<Ran> {
        self.stack.operate(arguments, &as_users(&self.workers.0, &self.workers.1)).await
    }

    async fn finish(self) -> Result<()> {
        let all = [self.api, self.workers, self.operator];
        for (_, user) in &all {
            self.stack.vhost.remove_user(&user.name).await?;
        }
        self.stack.finish().await?;
        let mut owner = PgConnection::connect(&self.server).await?;
        for (login, _) in &all {
            owner.execute(AssertSqlSafe(format!("DROP ROLE {}", login.name))).await?;
        }
        Ok(())
    }
}

async fn connect_as(user: &BrokerUser) -> Result<Connection> {
    let url = user.url.as_str().into();
    let settings = process::settings::Broker { url, ..process::settings::Broker::default() };
    Ok(Connection::open(&settings, "a test").await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_work_with_the_least_rights_and_keep_their_secrets() -> Result<()> {
    let least = Least::start().await?;
    let stack = &least.stack;
    let held = stack.buyer.reserve("ada", &[1, 2]).await?;
    assert_eq!(held.status, 201, "{held:?}");
    assert_eq!(stack.buyer.pay(held.id(), CARD).await?.status, 201);
    let tickets = format!("/api/v1/events/1/reservations/{}/tickets", held.id());
    assert_eq!(stack.buyer.get(&tickets).await?.body["tickets"][0]["number"], json!(1));
    let other = stack.buyer.reserve("bob", &[3]).await?;
    assert_eq!(stack.buyer.cancel(other.id()).await?.state(), "cancelled");

    forbidden(
        &least.api.0,
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
        &least.workers.0,
        &[
            "DELETE FROM reservations",
            "TRUNCATE payments",
            "UPDATE tiers SET price = 0",
            "INSERT INTO tickets DEFAULT VALUES",
            "UPDATE pool_orders SET paused = true",
            "ALTER TABLE tickets DISABLE TRIGGER ALL",
            "DROP TABLE tickets",
            "CREATE TABLE mine ()",
        ],
    )
    .await?;
    forbidden(
        &least.operator.0,
        &[
            "UPDATE tickets SET state = 'available'",
            "UPDATE reservations SET status = 'confirmed'",
            "INSERT INTO gateway.charges DEFAULT VALUES",
            "DELETE FROM pool_orders",
        ],
    )
    .await?;
    let topology = Topology::new(&stack.topology_settings());
    let refused = declare(&connect_as(&least.api.1).await?, &topology).await;
    let refused = format!("{:?}", refused.err().context("the api may not declare")?);
    anyhow::ensure!(refused.contains("ACCESS_REFUSED"), "{refused}");

    let services = stack.api.iter().chain(&stack.workers);
    let lines: Vec<_> =
        services.flat_map(e2e::Service::lines).map(|line| line.to_string()).collect();
    anyhow::ensure!(lines.iter().any(|line| line.contains("\"DEBUG\"")), "it logs everything");
    for line in lines {
        anyhow::ensure!(!line.contains(HUSH) && !line.contains(CARD), "a secret is in {line}");
    }
    least.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_looks_replays_and_pauses_with_the_least_rights() -> Result<()> {
    let least = Least::start().await?;
    let stack = &least.stack;
    let well = async |arguments: &[&str]| {
        let ran = least.operate(arguments).await?;
        anyhow::ensure!(ran.code == 0 && !ran.text.contains(HUSH), "{arguments:?}: {ran:?}");
        anyhow::Ok(ran)
    };
    let doctor = well(&["doctor", "--json"]).await?.json()?;
    let findings = doctor.as_array().context("findings")?;
    // The tests' servers are not durable, which the command reports.
    let amiss = |one: &&Value| one["level"] != "ok" && one["check"] != "durability";
    assert!(!findings.is_empty() && !findings.iter().any(|one| amiss(&one)), "{doctor:#}");
    well(&["topology", "apply"]).await?;
    well(&["topology", "diff"]).await?;
    well(&["audit"]).await?;

    let event = EventId(2);
    let mut request = reserve("ada", &[1]);
    (request.id, request.event) = (mint().fresh(event, request.accepted_at), event);
    request.patience_ms = 600_000;
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    let dead = || async { stack.vhost.waiting(DEAD_LETTERS).await.is_ok_and(|n| n == 1) };
    eventually("a dead letter", dead).await;
    let letter = well(&["dead-letters", "list", "--json"]).await?.json()?;
    well(&["dead-letters", "show", letter["id"].as_str().context("an id")?]).await?;
    stack.database.plant(&EventPlan { id: event, ..plans::seated(1) }).await?;
    well(&["dead-letters", "replay", "--all"]).await?;
    let decided = "SELECT count(*) FROM reservations WHERE event_id = 2 AND status = 'held'";
    let once = || async { stack.database.count(decided).await.is_ok_and(|n| n == 1) };
    eventually("the replayed request is decided", once).await;
    well(&["dead-letters", "discard", "--all"]).await?;

    well(&["pools", "drain", "reservations"]).await?;
    let accepted =
        stack.buyer.post_reservation(json!({"customer": "ada", "tickets": [1]}), &[]).await?;
    let waits = || async {
        let screen = least.operate(&["queues", "--json"]).await.and_then(|ran| ran.json());
        screen.is_ok_and(|screen| {
            let queues = screen["queues"].as_array().into_iter().flatten();
            queues.filter_map(|queue| queue["ready"].as_u64()).sum::<u64>() == 1
        })
    };
    eventually("a request that waits", waits).await;
    assert_eq!(stack.buyer.reservation(accepted.id()).await?.state(), "pending");
    well(&["pools", "resume", "reservations"]).await?;
    assert_eq!(stack.buyer.until(accepted.id(), &["held", "rejected"]).await?.state(), "held");
    least.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_the_operators_the_workers_may_not_and_are_told_whom_to_ask() -> Result<()> {
    let least = Least::start().await?;
    for arguments in [
        &["topology", "apply"][..],
        &["dead-letters", "list"],
        &["dead-letters", "replay", "--all"],
        &["dead-letters", "discard", "--all"],
        &["pools", "pause", "reservations"],
    ] {
        // The right to read is only checked if the queue is not empty.
        let key = "poison".to_owned();
        if arguments[0] == "dead-letters" && least.stack.vhost.waiting(DEAD_LETTERS).await? == 0 {
            let message = Publication::durable(DEAD_LETTERS, key, b"no JSON".to_vec());
            least.stack.publisher.publish(message).await?;
        }
        let ran = least.operate_as_workers(arguments).await?;
        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        assert!(ran.text.contains("docs/operating.md, Rights"), "{arguments:?}: {ran:?}");
    }
    assert_eq!(least.stack.vhost.waiting(DEAD_LETTERS).await?, 1, "it is still there");
    assert_eq!(least.stack.database.count("SELECT count(*) FROM pool_orders").await?, 0);
    assert_eq!(least.operate(&["dead-letters", "discard", "--all"]).await?.code, 0);

    let doctor = least.operate_as_workers(&["doctor"]).await?;
    assert_eq!(doctor.code, 0, "{}", doctor.text);
    let forbidden: Vec<_> =
        doctor.text.lines().filter(|line| line.contains("forbidden: ")).collect();
    assert_eq!(forbidden.len(), 1, "{}", doctor.text);
    assert!(doctor.text.contains("boxoffice-operator"), "{}", doctor.text);
    least.finish().await
}
