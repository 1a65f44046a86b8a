//! A private RabbitMQ node.

mod cluster;
mod node;

pub use cluster::Cluster;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::lease::{self, Lease};
use super::management::Management;
use super::{Identity, Keep, PATIENCE, directory, log};
use crate::process::{LOOK_AGAIN, Process, Signal};
use node::Node;

/// A private node with the management and Prometheus plugins, on its own ports of 127.0.0.1. It is
/// stopped when this value is dropped or this process ends. Its user is `guest` with the password
/// `guest`.
///
/// All methods block, for up to a minute.
pub struct RabbitMq {
    keep: Keep,
    node: Node,
    management: Management,
    lease: Lease,
    processes: Mutex<Option<Processes>>,
}

/// The broker, and its name server unless a cluster has one for all nodes.
struct Processes {
    broker: Process,
    epmd: Option<Process>,
}

impl RabbitMq {
    /// Starts a node with its files in `dir` (created if necessary), and returns when it answers
    /// AMQP and HTTP. Fails if RabbitMQ is not installed or if another run uses the directory. If
    /// the node does not start, the error has the last lines of its log.
    pub fn start(dir: &Path, keep: Keep) -> Result<Self> {
        Self::start_node(Node::prepare(dir, None)?, keep)
    }

    /// The same with AMQP over TLS under this identity.
    pub fn start_with_tls(dir: &Path, keep: Keep, identity: &Identity) -> Result<Self> {
        let mut node = Node::prepare(dir, None)?;
        node.speak_tls(identity)?;
        Self::start_node(node, keep)
    }

    fn start_node(node: Node, keep: Keep) -> Result<Self> {
        let lease = Lease::take(node.dir())?;
        if keep == Keep::Nothing {
            directory::empty(node.dir(), &lease::FILES)?;
        }
        let management = Management::new(&format!("http://127.0.0.1:{}", node.ports().management));
        let rabbitmq = Self { keep, node, management, lease, processes: Mutex::new(None) };
        rabbitmq.start_again()?;
        Ok(rabbitmq)
    }

    /// The URL of a virtual host; `/` always exists.
    pub fn amqp_url(&self, vhost: &str) -> String {
        let vhost = super::management::encoded(vhost);
        format!("amqp://guest:guest@127.0.0.1:{}/{vhost}", self.node.ports().amqp)
    }

    /// The URL for TLS, with the name `localhost`. Only for a node with an identity.
    pub fn amqps_url(&self, vhost: &str) -> Option<String> {
        let (vhost, port) = (super::management::encoded(vhost), self.node.tls_port()?);
        Some(format!("amqps://guest:guest@localhost:{port}/{vhost}"))
    }

    /// The AMQP port on 127.0.0.1; it never changes, not even over restarts.
    pub fn amqp_port(&self) -> u16 {
        self.node.ports().amqp
    }

    /// The base URL of the management API, without user or path: `http://127.0.0.1:…`.
    pub fn management_url(&self) -> String {
        self.management.url().to_owned()
    }

    /// The URL of the node's metrics: `http://127.0.0.1:…/metrics`.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.node.ports().metrics)
    }

    /// The process id of the broker, if it runs.
    pub fn pid(&self) -> Option<u32> {
        let processes = self.processes.lock().expect("no holder panics");
        processes.as_ref().map(|processes| processes.broker.pid())
    }

    /// The broker's log file.
    pub fn log(&self) -> PathBuf {
        self.node.log()
    }

    /// Creates a virtual host and gives `guest` all rights in it.
    pub fn add_vhost(&self, name: &str) -> Result<()> {
        self.management.add_vhost(name)
    }

    /// Removes a virtual host with everything in it, if it exists.
    pub fn delete_vhost(&self, name: &str) -> Result<()> {
        self.management.delete_vhost(name)
    }

    /// Runs an operator's command on the running node, like `rabbitmqctl`. Takes a second or two.
    pub fn control(&self, arguments: &[&str]) -> Result<()> {
        self.controlled(arguments).map(drop)
    }

    /// The quorum queues that have no leader as far as this node knows. After its start, a node
    /// needs a moment for each queue.
    pub fn queues_without_leader(&self) -> Result<Vec<String>> {
        // The management API is no help here: it reports the last leader, even if that one is gone.
        let led = "case ra:members({element(1, amqqueue:get_pid(Q)), node()}, 1000) of
                       {ok, _, {_, _}} -> true; _ -> false end";
        let names = format!(
            "[element(4, amqqueue:get_name(Q)) || Q <- rabbit_amqqueue:list(),
              amqqueue:get_type(Q) =:= rabbit_quorum_queue, not {led}]"
        );
        let all = format!(r#"iolist_to_binary(lists:join(<<" ">>, {names}))."#);
        let said = self.controlled(&["eval", &all])?;
        let names = said.split('"').nth(1).unwrap_or_default();
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }

    fn controlled(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.node.control_command();
        let output = command.args(arguments).output().context("cannot run rabbitmqctl")?;
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "rabbitmqctl {arguments:?}: {}", said().trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Stops the node cleanly if it runs. Its data and its ports are kept.
    pub fn stop(&self) -> Result<()> {
        self.end(Signal::TERM)
    }

    /// Kills the node, like a crash.
    pub fn kill(&self) -> Result<()> {
        self.end(Signal::KILL)
    }

    /// Starts the node if it does not run, on the same ports and data.
    pub fn start_again(&self) -> Result<()> {
        let mut running = self.processes.lock().expect("no holder panics");
        if let Some(processes) = running.as_mut()
            && processes.broker.exited()?.is_none()
        {
            return Ok(());
        }
        // The old name server must end before a new one starts on its port.
        *running = None;
        let epmd = if self.node.has_own_epmd() { Some(start_epmd(&self.node)?) } else { None };
        let broker = Process::spawn(&mut self.node.broker_command()?, self.last_resort())?;
        let mut processes = Processes { broker, epmd };
        let (marker, epmd_marker) = (self.node.marker(), self.node.epmd_marker());
        let epmd = processes.epmd.as_ref().map(|epmd| (epmd.pid(), epmd_marker.as_str()));
        let broker = Some((processes.broker.pid(), marker.as_str()));
        let ids: Vec<(u32, &str)> = broker.into_iter().chain(epmd).collect();
        self.lease.record(&ids)?;
        self.wait_until_ready(&mut processes.broker)?;
        *running = Some(processes);
        Ok(())
    }

    /// Makes the node hang: its connections stay open but get no answer, until [`RabbitMq::thaw`].
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Ends a freeze.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        match self.processes.lock().expect("no holder panics").as_mut() {
            Some(processes) => processes.broker.signal(signal),
            None => Ok(()),
        }
    }

    fn end(&self, signal: Signal) -> Result<()> {
        if let Some(mut processes) = self.processes.lock().expect("no holder panics").take() {
            processes.broker.stop(signal, PATIENCE)?;
            if let Some(mut epmd) = processes.epmd {
                epmd.stop(Signal::TERM, PATIENCE)?;
            }
        }
        self.lease.record(&[])
    }

    /// Waits until the node accepts clients again, after a command that stopped the broker inside
    /// it.
    fn wait_until_answering(&self) -> Result<()> {
        match self.processes.lock().expect("no holder panics").as_mut() {
            Some(processes) => self.wait_until_ready(&mut processes.broker),
            None => Ok(()),
        }
    }

    fn wait_until_ready(&self, broker: &mut Process) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if speaks_amqp(self.amqp_port()) && self.management.answers() {
                return Ok(());
            }
            if let Some(status) = broker.exited()? {
                bail!("RabbitMQ did not start ({status})\n{}", log::tail(&self.log()));
            }
            thread::sleep(LOOK_AGAIN);
        }
        bail!("RabbitMQ did not get ready within {PATIENCE:?}\n{}", log::tail(&self.log()))
    }

    fn last_resort(&self) -> Signal {
        match self.keep {
            Keep::Data => Signal::TERM,
            Keep::Nothing => Signal::KILL,
        }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        if let Err(error) = self.end(self.last_resort()) {
            crate::note(&format!("RabbitMQ: {error:#}"));
        }
    }
}

/// A broker that is ready answers the protocol header with its first method frame (type 1).
fn speaks_amqp(port: u16) -> bool {
    let answer = || -> std::io::Result<u8> {
        let mut stream = connect(port)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut frame_type = [0];
        stream.read_exact(&mut frame_type)?;
        Ok(frame_type[0])
    };
    matches!(answer(), Ok(1))
}

fn start_epmd(node: &Node) -> Result<Process> {
    let epmd = Process::spawn(&mut node.epmd_command()?, Signal::TERM)?;
    wait_for_port(node.ports().epmd)?;
    Ok(epmd)
}

fn wait_for_port(port: u16) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while connect(port).is_err() {
        if Instant::now() >= deadline {
            bail!("nothing answers on port {port} within {PATIENCE:?}");
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect_timeout(
        &SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Duration::from_secs(2),
    )
}
