//! The private servers, started, used, stopped and started again.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::PathBuf;

use testbed::process::is_alive;
use testbed::servers::Keep;
use testbed::servers::postgres::{Options, Postgres, Stop};
use testbed::servers::rabbitmq::RabbitMq;

/// A directory that is gone at the end of a test that passes.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("boxoffice-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}

#[test]
fn postgres_keeps_its_data_and_its_port_over_stops() {
    let dir = Dir::new("postgres");
    let postgres = Postgres::start(&dir.0, Options { fsync: false, ..Options::dev() }).unwrap();
    let url = postgres.url("postgres");
    postgres.create_database("first").unwrap();
    assert!(postgres.create_database("first").is_err());
    assert!(postgres.create_database("no\"name").is_err());

    let pid = postgres.pid().unwrap();
    postgres.stop(Stop::Immediate).unwrap();
    assert!(!is_alive(pid) && postgres.pid().is_none());
    assert!(postgres.has_database("first").is_err());
    postgres.start_again().unwrap();
    assert_eq!(postgres.url("postgres"), url);
    assert!(postgres.has_database("first").unwrap());

    postgres.copy_database("first", "second").unwrap();
    postgres.drop_database("first").unwrap();
    let pid = postgres.pid().unwrap();
    assert!(Postgres::start(&dir.0, Options::dev()).is_err(), "one run at a time");
    drop(postgres);
    assert!(!is_alive(pid));

    let postgres = Postgres::start(&dir.0, Options::dev()).unwrap();
    assert!(postgres.has_database("second").unwrap() && !postgres.has_database("first").unwrap());
    drop(postgres);
    let postgres = Postgres::start(&dir.0, Options::test()).unwrap();
    assert!(!postgres.has_database("second").unwrap(), "fresh");
}

#[test]
fn rabbitmq_keeps_its_data_and_its_ports_over_stops() {
    let dir = Dir::new("rabbitmq");
    let rabbitmq = RabbitMq::start(&dir.0, Keep::Data).unwrap();
    let url = rabbitmq.amqp_url("orders/1");
    assert!(url.ends_with("/orders%2F1"), "{url}");
    rabbitmq.add_vhost("orders/1").unwrap();
    assert_eq!(vhosts(&rabbitmq), ["/", "orders/1"]);

    let pid = rabbitmq.pid().unwrap();
    rabbitmq.kill().unwrap();
    assert!(!is_alive(pid) && rabbitmq.pid().is_none());
    assert!(rabbitmq.add_vhost("late").is_err());
    rabbitmq.start_again().unwrap();
    assert_eq!(rabbitmq.amqp_url("orders/1"), url);
    assert_eq!(vhosts(&rabbitmq), ["/", "orders/1"]);
    rabbitmq.delete_vhost("orders/1").unwrap();
    rabbitmq.delete_vhost("never").unwrap();
    assert_eq!(vhosts(&rabbitmq), ["/"]);
    assert!(RabbitMq::start(&dir.0, Keep::Data).is_err(), "one run at a time");

    let pid = rabbitmq.pid().unwrap();
    rabbitmq.stop().unwrap();
    assert!(!is_alive(pid) && rabbitmq.pid().is_none());
    let noted = fs::read_to_string(dir.0.join("running")).unwrap();
    assert_eq!(noted, "", "nothing is left running");
}

#[test]
fn a_server_whose_watcher_was_killed_too_is_stopped_by_the_next_start() {
    let dir = Dir::new("stale");
    let postgres = Postgres::start(&dir.0, Options::test()).unwrap();
    let pid = postgres.pid().unwrap();
    // As after a power cut for this process and the watcher alone: nobody stops the server, the
    // lock is free.
    let noted = fs::read_to_string(dir.0.join("running")).unwrap();
    assert!(noted.starts_with(&format!("{pid} -D ")), "{noted}");
    fs::remove_file(dir.0.join("lock")).unwrap();

    let successor = Postgres::start(&dir.0, Options::test()).unwrap();
    // The first value has not collected its child yet, so it is there as a zombie: what has to be
    // gone is its program.
    assert!(fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty());
    drop(postgres);
    assert!(is_alive(successor.pid().unwrap()));
}

fn vhosts(rabbitmq: &RabbitMq) -> Vec<String> {
    let url = format!("{}/api/vhosts", rabbitmq.management_url());
    let guest = "Basic Z3Vlc3Q6Z3Vlc3Q=";
    let answer = ureq::get(&url).header("authorization", guest).call().unwrap();
    let list: serde_json::Value =
        serde_json::from_reader(answer.into_body().into_reader()).unwrap();
    let names = list.as_array().unwrap().iter();
    names.map(|vhost| vhost["name"].as_str().unwrap().to_owned()).collect()
}
