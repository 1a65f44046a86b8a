//! How each fault is inflicted, and ended.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::dice::Dice;
use super::fault::Kind;
use super::fleet::Member;
use super::proxy::Condition;
use super::world::World;

impl Kind {
    /// Inflicts the fault, and ends it.
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
                let condition = match self {
                    Self::Cut => Condition::Down,
                    Self::BlackHole => Condition::Silent,
                    _ => Condition::Slow(seconds(0.01, 0.3, dice)),
                };
                let link = world.link(member, dice);
                link.set(condition);
                sleep(seconds(0.1, 8.0, dice)).await;
                link.set(Condition::Normal);
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
                    link.set(Condition::Down);
                }
                sleep(seconds(0.1, 6.0, dice)).await;
                for link in &all {
                    link.set(Condition::Normal);
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
