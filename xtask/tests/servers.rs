//! The private servers of `cargo xtask servers` end with it.

use std::process::Command;
use std::time::{Duration, Instant};

use testbed::process::is_alive;

#[test]
fn servers_end_with_a_process_that_is_killed() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["servers"])
        .env_remove("BOXOFFICE_TEST_DATABASE_URL")
        .env_remove("BOXOFFICE_TEST_AMQP_URL")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(parent.stdout.take().unwrap()));
    let pids: Vec<u32> = lines
        .by_ref()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("# pid ")?.parse().ok())
        .take(2)
        .collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    pids.into_iter().for_each(wait_for_end);
}

fn wait_for_end(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_alive(pid) {
        assert!(Instant::now() < deadline, "process {pid} is still there");
        std::thread::yield_now();
    }
}
