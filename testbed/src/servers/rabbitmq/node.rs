//! The files, ports and commands of a private node.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::binaries::{self, RabbitMq};
use crate::checkout::path_hash;
use crate::servers::Identity;
use crate::servers::account::Account;
use crate::servers::{directory, port};

/// On 127.0.0.1.
pub(super) struct Ports {
    pub(super) amqp: u16,
    pub(super) management: u16,
    pub(super) metrics: u16,
    pub(super) epmd: u16,
    distribution: u16,
}

/// Everything that is needed to start a node.
pub(super) struct Node {
    programs: RabbitMq,
    account: Account,
    dir: PathBuf,
    ports: Ports,
    has_own_epmd: bool,
    id: u64,
    tls: Option<Tls>,
}

/// The port and the certificate for AMQP over TLS.
struct Tls {
    port: u16,
    identity: Identity,
}

impl Node {
    /// Finds the programs, creates the directory, and chooses the ports. The nodes of a cluster
    /// share the name server of the first one.
    pub(super) fn prepare(dir: &Path, epmd: Option<u16>) -> Result<Self> {
        let account = Account::of_service("rabbitmq")?;
        let programs = binaries::rabbitmq()?;
        let dir = directory::make(dir, &account)?;
        let id = path_hash(&dir);
        let ports = Ports {
            amqp: port::free(id)?,
            management: port::free(id)?,
            metrics: port::free(id)?,
            epmd: epmd.map_or_else(|| port::free(id), Ok)?,
            distribution: port::free(id)?,
        };
        Ok(Self { programs, account, dir, ports, has_own_epmd: epmd.is_none(), id, tls: None })
    }

    /// Whether the node has a name server of its own.
    pub(super) fn has_own_epmd(&self) -> bool {
        self.has_own_epmd
    }

    /// Sets the Erlang cookie: nodes with the same cookie may talk to each other. Call it before
    /// the first start.
    pub(super) fn bake(&self, cookie: &str) -> Result<()> {
        let path = self.dir.join(".erlang.cookie");
        self.account.write(&path, cookie)?;
        Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o400))?)
    }

    /// Makes the node listen for AMQP over TLS, too.
    pub(super) fn speak_tls(&mut self, identity: &Identity) -> Result<()> {
        self.tls = Some(Tls { port: port::free(self.id)?, identity: identity.clone() });
        Ok(())
    }

    pub(super) fn tls_port(&self) -> Option<u16> {
        Some(self.tls.as_ref()?.port)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn ports(&self) -> &Ports {
        &self.ports
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("rabbitmq.log")
    }

    /// The name server, in the foreground and on its own port. Without it, a node would start one
    /// as a daemon that never ends; and one that the machine has already is not ours to use.
    pub(super) fn epmd_command(&self) -> Result<Command> {
        let log = self.open_log("epmd.log")?;
        let mut command = self.account.command(&self.programs.epmd, &self.dir);
        command.args(["-address", "127.0.0.1", "-port", &self.ports.epmd.to_string()]);
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Writes the configuration and returns the broker's command.
    pub(super) fn broker_command(&self) -> Result<Command> {
        self.configure()?;
        let console = self.open_log("console.log")?;
        let mut command = self.command(&self.programs.server);
        command
            // With input allowed, the script replaces itself by the broker, so that our signals
            // reach the broker. The broker itself needs no input.
            .env("RABBITMQ_ALLOW_INPUT", "true")
            .arg("-noinput")
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("RABBITMQ_CONFIG_FILE", self.dir.join("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", self.dir.join("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.dir.join("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", self.dir.join("data"))
            .env("RABBITMQ_LOG_BASE", &self.dir)
            .env("RABBITMQ_LOGS", self.log())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", self.runtime_arguments())
            .stdout(console.try_clone()?)
            .stderr(console);
        Ok(command)
    }

    pub(super) fn control_command(&self) -> Command {
        self.command(&self.programs.server.with_file_name("rabbitmqctl"))
    }

    /// The node's name in its cluster.
    pub(super) fn name(&self) -> String {
        format!("boxoffice-{:016x}@localhost", self.id)
    }

    /// A program of RabbitMQ that ignores the caller's own settings.
    fn command(&self, program: &Path) -> Command {
        let mut command = self.account.command(program, &self.dir);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_erlang_setting(name)) {
            command.env_remove(name);
        }
        command
            .env("HOME", &self.dir)
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", self.name())
            .env("RABBITMQ_CONF_ENV_FILE", self.dir.join("rabbitmq-env.conf"));
        command
    }

    /// A part of the broker's command line that no other process has.
    pub(super) fn marker(&self) -> String {
        format!("-boxoffice {:016x}", self.id)
    }

    /// The same for the name server.
    pub(super) fn epmd_marker(&self) -> String {
        format!("-address 127.0.0.1 -port {}", self.ports.epmd)
    }

    /// Two schedulers are enough for a small machine. The time-out is for version 3.10 on Erlang
    /// 25: there the event manager of an idle node takes five seconds to end, long after all queues
    /// were closed.
    fn runtime_arguments(&self) -> String {
        format!(
            "+S 2:2 -kernel inet_dist_use_interface {{127,0,0,1}} -kernel shutdown_timeout 2000 {}",
            self.marker()
        )
    }

    fn configure(&self) -> Result<()> {
        let Ports { amqp, management, metrics, .. } = self.ports;
        let mut settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
heartbeat = 10
vm_memory_high_watermark.absolute = 2GiB
disk_free_limit.absolute = 100MB
log.file.level = info
log.console = false
"
        );
        if let Some(Tls { port, identity }) = &self.tls {
            let (certificate, key) = identity.write(&self.dir, &self.account)?;
            let (certificate, key) = (certificate.display(), key.display());
            let tls = format!(
                "listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
"
            );
            settings.push_str(&tls);
        }
        self.account.write(&self.dir.join("rabbitmq.conf"), &settings)?;
        // The file is empty: without it, the machine's own file would be read.
        self.account.write(&self.dir.join("rabbitmq-env.conf"), "")?;
        let plugins = "[rabbitmq_management,rabbitmq_prometheus].\n";
        self.account.write(&self.dir.join("enabled_plugins"), plugins)?;
        fs::create_dir_all(self.dir.join("data"))?;
        self.account.give(&self.dir.join("data"))
    }

    fn open_log(&self, name: &str) -> Result<File> {
        let path = self.dir.join(name);
        let file = File::options().create(true).append(true).open(&path)?;
        self.account.give(&path)?;
        Ok(file)
    }
}

fn is_erlang_setting(name: &std::ffi::OsStr) -> bool {
    let prefixes = ["RABBITMQ_", "ERL_", "ERLANG_"];
    name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
}
