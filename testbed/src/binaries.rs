//! Finds the programs of Postgres and RabbitMQ on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// RabbitMQ's server script, and the name server of Erlang nodes.
pub(crate) struct RabbitMq {
    pub(crate) server: PathBuf,
    pub(crate) epmd: PathBuf,
}

/// The directory of Postgres's programs: the first found, or the first of that major version.
pub(crate) fn postgres(version: Option<&str>) -> Result<PathBuf> {
    let found = Places::of_machine().postgres();
    let Some(version) = version else {
        return match found.into_iter().next() {
            Some(bin) => Ok(bin),
            None => bail!("Postgres is not installed (initdb, postgres and psql were looked for)"),
        };
    };
    match found.into_iter().find(|bin| major_version(bin).as_deref() == Some(version)) {
        Some(bin) => Ok(bin),
        None => bail!("the data are of Postgres {version}, which is not installed"),
    }
}

/// RabbitMQ's programs.
pub(crate) fn rabbitmq() -> Result<RabbitMq> {
    let places = Places::of_machine();
    match (places.rabbitmq_server(), places.epmd()) {
        (Some(server), Some(epmd)) => Ok(RabbitMq { server, epmd }),
        (None, _) => bail!("RabbitMQ is not installed (rabbitmq-server was looked for)"),
        (_, None) => bail!("Erlang's epmd, which RabbitMQ needs, is not installed"),
    }
}

/// The directories in which programs may be.
struct Places {
    path: Vec<PathBuf>,
    root: PathBuf,
}

impl Places {
    fn of_machine() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        Self { path: env::split_paths(&path).collect(), root: PathBuf::from("/") }
    }

    /// Debian keeps the programs of every version outside of PATH; by name, the newest version is
    /// last.
    fn postgres(&self) -> Vec<PathBuf> {
        let mut versioned = self.children("usr/lib/postgresql");
        versioned.sort_by_key(|dir| std::cmp::Reverse(number(dir)));
        let versioned = versioned.into_iter().map(|dir| dir.join("bin"));
        let others = ["usr/local/bin", "usr/local/pgsql/bin", "opt/homebrew/bin"];
        let dirs = self.path.iter().cloned().chain(versioned).chain(self.fixed(&others));
        dirs.filter_map(|dir| program_dir(&dir)).collect()
    }

    /// Skips Debian's `rabbitmq-server` in PATH: it is a wrapper that changes account and
    /// directory.
    fn rabbitmq_server(&self) -> Option<PathBuf> {
        let usual = [
            "usr/lib/rabbitmq/bin",
            "opt/rabbitmq/sbin",
            "usr/local/sbin",
            "usr/local/opt/rabbitmq/sbin",
            "opt/homebrew/opt/rabbitmq/sbin",
        ];
        let dirs = self.path.iter().cloned().chain(self.fixed(&usual));
        dirs.filter_map(|dir| dir.join("rabbitmq-server").canonicalize().ok())
            .find(|script| script.ends_with("rabbitmq-server"))
    }

    fn epmd(&self) -> Option<PathBuf> {
        let runtimes = self.children("usr/lib/erlang").into_iter().map(|dir| dir.join("bin"));
        let dirs = self.path.iter().cloned().chain(runtimes);
        dirs.map(|dir| dir.join("epmd")).find(|program| program.is_file())
    }

    fn fixed(&self, dirs: &[&str]) -> Vec<PathBuf> {
        dirs.iter().map(|dir| self.root.join(dir)).collect()
    }

    fn children(&self, dir: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join(dir));
        entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }
}

/// The real directory of `initdb`, if the other programs are there, too.
fn program_dir(dir: &Path) -> Option<PathBuf> {
    let real = dir.join("initdb").canonicalize().ok()?;
    let bin = real.parent()?;
    ["postgres", "psql"].iter().all(|name| bin.join(name).is_file()).then(|| bin.to_path_buf())
}

fn number(dir: &Path) -> u32 {
    dir.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0)
}

/// `15` of `postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)`.
fn major_version(bin: &Path) -> Option<String> {
    let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(version.split('.').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Machine(Places);

    impl Machine {
        fn new(name: &str) -> Self {
            let root = env::temp_dir().join(format!("boxoffice-{name}-{}", std::process::id()));
            fs::create_dir_all(root.join("bin")).unwrap();
            let root = root.canonicalize().unwrap();
            Self(Places { path: vec![root.join("bin")], root })
        }

        fn add(&self, path: &str) -> PathBuf {
            let file = self.0.root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            file
        }

        fn add_postgres(&self, dir: &str) -> PathBuf {
            for name in ["initdb", "postgres", "psql"] {
                self.add(&format!("{dir}/{name}"));
            }
            self.0.root.join(dir)
        }
    }

    impl Drop for Machine {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0.root).unwrap();
        }
    }

    #[test]
    fn a_bare_machine_has_neither() {
        let machine = Machine::new("bare");
        assert!(machine.0.postgres().is_empty());
        assert_eq!(machine.0.rabbitmq_server(), None);
        assert_eq!(machine.0.epmd(), None);
    }

    #[test]
    fn path_comes_first_then_the_newest_version() {
        let machine = Machine::new("versions");
        let nine = machine.add_postgres("usr/lib/postgresql/9/bin");
        let fifteen = machine.add_postgres("usr/lib/postgresql/15/bin");
        assert_eq!(machine.0.postgres(), [fifteen.clone(), nine.clone()]);

        let own = machine.add_postgres("bin");
        assert_eq!(machine.0.postgres(), [own, fifteen, nine]);
    }

    #[test]
    fn a_link_to_initdb_leads_to_its_directory_and_a_client_alone_is_not_enough() {
        let machine = Machine::new("link");
        let fifteen = machine.add_postgres("usr/lib/postgresql/15/bin");
        symlink(fifteen.join("initdb"), machine.0.root.join("bin/initdb")).unwrap();
        machine.add("usr/lib/postgresql/16/bin/psql");
        assert_eq!(machine.0.postgres(), [fifteen.clone(), fifteen]);
    }

    #[test]
    fn debians_wrapper_is_passed_over() {
        let machine = Machine::new("wrapper");
        let wrapper = machine.add("usr/lib/rabbitmq/bin/rabbitmq-script-wrapper");
        symlink(&wrapper, machine.0.root.join("bin/rabbitmq-server")).unwrap();
        assert_eq!(machine.0.rabbitmq_server(), None);

        let real = machine.add("usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/sbin/rabbitmq-server");
        symlink(&real, machine.0.root.join("usr/lib/rabbitmq/bin/rabbitmq-server")).unwrap();
        assert_eq!(machine.0.rabbitmq_server(), Some(real));
    }
}
