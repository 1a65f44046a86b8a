//! The faults: what each does, and to whom.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::dice::Dice;
use super::fleet::Member;
use super::proxy::Weather;
use super::world::World;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `kill -9` of a process.
    Kill,
    /// `kill -9` of a process at a named point between two steps.
    KillAtPoint,
    /// SIGSTOP of a process for a while.
    Pause,
    /// SIGTERM of a process.
    Terminate,
    /// A process with a wrong clock.
    WrongClock,
    /// A process loses its connections to a server and cannot make others for a while.
    Cut,
    /// Everything between a process and a server takes longer.
    Slow,
    /// Nothing passes between a process and a server, and nobody is told.
    BlackHole,
    /// The open connections between a process and a server are dead without being closed.
    Forgotten,
    /// All processes lose a server at once, for a while.
    CutAll,
    /// Postgres crashes and comes back.
    PostgresCrash,
    /// Postgres is restarted.
    PostgresRestart,
    /// RabbitMQ is killed and comes back.
    RabbitCrash,
    /// RabbitMQ is restarted.
    RabbitRestart,
    /// RabbitMQ has no memory left and blocks publishers.
    RabbitAlarm,
    /// The node that leads the queues of a cluster is killed.
    LeaderKill,
    /// The standby of Postgres becomes the primary.
    Promotion,
}

impl Kind {
    /// Faults of processes.
    pub const PROCESSES: &'static [Self] = &[
        Self::Kill,
        Self::KillAtPoint,
        Self::Pause,
        Self::Terminate,
        Self::KillAtPoint,
        Self::WrongClock,
    ];
    /// Faults of networks.
    pub const NETWORKS: &'static [Self] =
        &[Self::Cut, Self::Slow, Self::BlackHole, Self::Forgotten, Self::CutAll];
    /// Faults of servers that stand alone.
    pub const SERVERS: &'static [Self] = &[
        Self::PostgresCrash,
        Self::RabbitCrash,
        Self::RabbitAlarm,
        Self::PostgresRestart,
        Self::RabbitRestart,
    ];
    /// Faults of servers with others that take over.
    pub const REPLICATED_SERVERS: &'static [Self] = &[Self::LeaderKill, Self::Promotion];

    /// Does it, and undoes it.
    pub async fn inflict(self, world: &World, dice: &mut Dice) -> Result<()> {
        let seconds = |from: f64, to: f64, dice: &mut Dice| {
            Duration::from_secs_f64(from + (to - from) * dice.below(1_000) as f64 / 1_000.0)
        };
        let member = dice.one(&world.members);
        match self {
            Self::Kill => member.kill(seconds(0.0, 3.0, dice)).await,
            Self::KillAtPoint => {
                let workers: Vec<&Member> =
                    world.members.iter().filter(|one| !one.role.fail_points().is_empty()).collect();
                let member = dice.one(&workers);
                let point = dice.one(member.role.fail_points());
                let reached = member.kill_at(point, seconds(4.0, 8.0, dice)).await?;
                world.count.point(point, reached);
                Ok(())
            }
            Self::Pause => member.pause(seconds(0.5, 9.0, dice)).await,
            Self::Terminate => {
                let (took, in_order) = member.terminate().await?;
                world.count.drained(member.role, took, in_order);
                Ok(())
            }
            Self::WrongClock => {
                let offset_ms = dice.between(0, 20_000) as i64 - 10_000;
                member.skew(offset_ms, seconds(2.0, 6.0, dice)).await
            }
            Self::Cut | Self::Slow | Self::BlackHole => {
                let weather = match self {
                    Self::Cut => Weather::Down,
                    Self::BlackHole => Weather::Silent,
                    _ => Weather::Slow(seconds(0.01, 0.3, dice)),
                };
                let link = world.link(member, dice);
                link.set(weather);
                sleep(seconds(0.1, 8.0, dice)).await;
                link.set(Weather::Clear);
                Ok(())
            }
            Self::Forgotten => {
                world.link(member, dice).forget();
                Ok(())
            }
            Self::CutAll => {
                let is_postgres = dice.percent(50);
                let links = world.members.iter().map(|one| &one.links);
                let all: Vec<_> = links
                    .map(|links| if is_postgres { &links.postgres } else { &links.rabbitmq })
                    .collect();
                for link in &all {
                    link.set(Weather::Down);
                }
                sleep(seconds(0.1, 6.0, dice)).await;
                for link in &all {
                    link.set(Weather::Clear);
                }
                Ok(())
            }
            _ => {
                let servers = world.servers.as_ref().context("these servers are shared")?;
                let links: Vec<_> = world.members.iter().map(|one| &one.links).collect();
                let without_leader = servers.inflict(self, seconds(0.0, 4.0, dice), &links).await?;
                world.count.note(|figures| figures.queues_without_leader += without_leader);
                Ok(())
            }
        }
    }
}
