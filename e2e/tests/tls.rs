//! Connections to both servers over TLS. The certificates come from an authority of this test.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use e2e::{Buyer, Database, Service, Vhost, eventually, plans};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use testbed::servers::postgres::{Options as PgOptions, Postgres};
use testbed::servers::rabbitmq::RabbitMq;
use testbed::servers::{Identity, Keep};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str, dir: &Path) -> Result<(Authority, PathBuf)> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let path = dir.join(format!("{name}.pem"));
    std::fs::write(&path, authority.pem())?;
    Ok((authority, path))
}

/// A certificate for localhost and no other name.
fn server(authority: &Authority) -> Result<Identity> {
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let certificate = params.signed_by(&key, authority)?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// The environment of processes that trust only this authority.
fn environment(database: &str, broker: &str, trusted: &Path) -> Vec<(String, String)> {
    let trusted = trusted.display();
    [
        ("SSL_CERT_FILE", trusted.to_string()),
        (
            "BOXOFFICE__DATABASE__URL",
            format!("{database}?sslmode=verify-full&sslrootcert={trusted}"),
        ),
        ("BOXOFFICE__BROKER__URL", broker.to_owned()),
        ("BOXOFFICE__TOPOLOGY__REQUEST_PARTITIONS", "1".to_owned()),
        ("BOXOFFICE__TOPOLOGY__PAYMENT_PARTITIONS", "1".to_owned()),
        ("BOXOFFICE__TOPOLOGY__DELAYS_MS", "1000".to_owned()),
        ("BOXOFFICE__API__LISTEN", "127.0.0.1:0".to_owned()),
        ("BOXOFFICE__API__ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("BOXOFFICE__WORKERS__ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_travels_over_tls_and_a_server_that_proves_nothing_gets_none() -> Result<()> {
    let dir =
        testbed::checkout::target().join("test").join(format!("tls-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&dir)?;
    let (ours, trusted) = authority("ours", &dir)?;
    let (_, stranger) = authority("stranger", &dir)?;
    let identity = server(&ours)?;
    let start = move || {
        let postgres = Postgres::start_with_tls(&dir.join("pg"), PgOptions::test(), &identity)?;
        let rabbitmq = RabbitMq::start_with_tls(&dir.join("mq"), Keep::Nothing, &identity)?;
        anyhow::Ok((postgres, rabbitmq))
    };
    let (postgres, rabbitmq) = tokio::task::spawn_blocking(start).await??;
    let database = Database::create(&postgres.url("postgres"), false).await?;
    database.plant(&plans::seated(1)).await?;
    let vhost = Vhost::create(&rabbitmq.amqp_url("/"), &rabbitmq.management_url()).await?;
    let named = database.url.replacen("127.0.0.1", "localhost", 1);
    let name = vhost.url.rsplit('/').next().context("a virtual host")?;
    let broker = rabbitmq.amqps_url(name).context("a TLS port")?;

    let good = environment(&named, &broker, &trusted);
    let workers = Service::start("workers", &["all"], &good)?;
    let api = Service::start("api", &[], &good)?;
    let listening = api.message("listening").await?;
    let buyer = Buyer::new(listening["public"].as_str().context("an address")?)?;
    let ready = || async { buyer.get("/readyz").await.is_ok_and(|answer| answer.status == 200) };
    eventually("a ready front door", ready).await;
    assert_eq!(buyer.reserve("ada", &[1]).await?.status, 201);

    // A certificate of another authority, and one for another name, are refused.
    let audit = |environment: Vec<(String, String)>| async move {
        let mut audit =
            std::process::Command::new(testbed::checkout::target().join("debug/workers"));
        audit.arg("audit").envs(environment);
        tokio::task::spawn_blocking(move || audit.output()).await?.context("workers audit")
    };
    assert!(audit(good).await?.status.success());
    let forged = environment(&named, &broker, &stranger);
    let unnamed = environment(&database.url, &broker, &trusted);
    for (wrong, why) in [(forged.clone(), "UnknownIssuer"), (unnamed, "not valid for name")] {
        let output = audit(wrong).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{said}");
    }
    let deceived = Service::start("workers", &["expiry"], &forged)?;
    let refused = deceived.line(|line| line["message"] == "not consuming").await?;
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");

    for service in [workers, api, deceived] {
        tokio::task::spawn_blocking(|| service.terminate()).await??;
    }
    database.audit().await
}
