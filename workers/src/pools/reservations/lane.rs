//! A lane: some of the partitions, whose requests it decides batch after batch. One transaction
//! serves all partitions of a lane that have something to do, because a transaction costs much and
//! one more request in it little.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use booking::domain::WorkerPool;
use broker::topology::{REQUESTS, Topology};
use broker::{Connection, Delivery, LostConnection};
use futures::future::{join_all, try_join_all};
use process::failpoint;
use tokio::sync::watch;

use super::apply::apply;
use super::batch::Batch;
use super::partition::Partition;
use crate::context::Context;
use crate::fleet::ownership::View;
use crate::step::retry::Stopped;

struct Lane<'a> {
    context: &'a Context,
    /// The names of the partitions' queues.
    queues: &'a [&'a str],
    partitions: Vec<Partition>,
    /// Where the next batch begins, so that a busy partition does not keep the others out.
    turn: usize,
}

/// Consumes these partitions until the process stops.
pub(super) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
    numbers: impl Iterator<Item = u16> + Clone,
    mut view: watch::Receiver<View>,
) -> Result<(), LostConnection> {
    let queues: Vec<String> = numbers.clone().map(Topology::request_queue).collect();
    let queues: Vec<&str> = queues.iter().map(String::as_str).collect();
    if !context.may_work(WorkerPool::Reservations, &queues).await {
        return Ok(());
    }
    let known = view.borrow_and_update().clone();
    let opening = numbers.map(|number| Partition::open(context, connection, number, &known));
    let partitions = try_join_all(opening).await?;
    let mut lane = Lane { context, queues: &queues, partitions, turn: 0 };
    lane.run(view).await?;
    join_all(lane.partitions.into_iter().map(Partition::close)).await;
    Ok(())
}

/// The partitions of each lane, in blocks: workers own every second partition, or every third, and each
/// of them should find some of its own in all of its lanes.
pub(super) fn blocks(partitions: u16, lanes: u16) -> Vec<std::ops::Range<u16>> {
    let lanes = lanes.clamp(1, partitions.max(1));
    let end = |lane: u16| (u32::from(partitions) * u32::from(lane) / u32::from(lanes)) as u16;
    (0..lanes).map(|lane| end(lane)..end(lane + 1)).collect()
}

impl Lane<'_> {
    async fn run(&mut self, mut view: watch::Receiver<View>) -> Result<(), LostConnection> {
        let patience = Duration::from_millis(self.context.settings.workers.yield_after_ms);
        loop {
            tokio::select! {
                biased;
                () = self.context.stop.cancelled() => break,
                () = self.context.orders.until(WorkerPool::Reservations, true) => {
                    match self.pause().await? {
                        Ok(()) => continue,
                        Err(Stopped) => return Ok(()),
                    }
                }
                Ok(()) = view.changed() => {
                    let view = view.borrow_and_update().clone();
                    for partition in &mut self.partitions {
                        partition.take_view(&view).await?;
                    }
                    continue;
                }
                arrived = self.arrival() => arrived?,
            }
            let (batch, taken) = self.gather()?;
            if let Err(Stopped) = self.handle(batch, &taken).await? {
                return Ok(());
            }
            for (place, _) in taken {
                self.partitions[place].stand_back(patience).await?;
            }
        }
        let _stopped = self.finish().await?;
        Ok(())
    }

    /// Works no more until operators say so.
    async fn pause(&mut self) -> Result<Result<(), Stopped>, LostConnection> {
        if let Err(Stopped) = self.finish().await? {
            return Ok(Err(Stopped));
        }
        if !self.context.may_work(WorkerPool::Reservations, self.queues).await {
            return Ok(Err(Stopped));
        }
        try_join_all(self.partitions.iter_mut().map(Partition::join_again)).await?;
        Ok(Ok(()))
    }

    /// What has come already is in hand: it is finished, not given back.
    async fn finish(&mut self) -> Result<Result<(), Stopped>, LostConnection> {
        try_join_all(self.partitions.iter_mut().map(Partition::leave)).await?;
        loop {
            let (batch, taken) = self.gather()?;
            if taken.is_empty() {
                return Ok(Ok(()));
            }
            if let Err(Stopped) = self.handle(batch, &taken).await? {
                return Ok(Err(Stopped));
            }
        }
    }

    /// Until some partition has something to take.
    async fn arrival(&mut self) -> Result<(), LostConnection> {
        std::future::poll_fn(|task| {
            // All are asked, so that each wakes this task; the first that has something is enough.
            for partition in &mut self.partitions {
                if let Poll::Ready(arrived) = partition.poll_arrival(task) {
                    return Poll::Ready(arrived);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// What has come, an envelope of each partition in turn, up to the limit of a transaction; and the
    /// last envelope of each partition.
    fn gather(&mut self) -> Result<(Batch, Vec<(usize, Delivery)>), LostConnection> {
        let requests_max = self.context.settings.workers.batch_requests_max;
        let mut batch = Batch::default();
        let mut last: Vec<Option<Delivery>> = self.partitions.iter().map(|_| None).collect();
        let count = self.partitions.len();
        let (mut place, mut idle) = (self.turn, 0);
        while idle < count && batch.requests() < requests_max {
            let partition = &mut self.partitions[place % count];
            match partition.take()? {
                Some(delivery) => {
                    idle = 0;
                    batch.add(&partition.queue, &delivery);
                    last[place % count] = Some(delivery);
                }
                None => idle += 1,
            }
            place += 1;
        }
        self.turn = place % count;
        let taken = last.into_iter().enumerate().filter_map(|(place, last)| Some((place, last?)));
        Ok((batch, taken.collect()))
    }

    /// One batch: decide and commit, tell, ack.
    async fn handle(
        &mut self,
        batch: Batch,
        taken: &[(usize, Delivery)],
    ) -> Result<Result<(), Stopped>, LostConnection> {
        let _in_hand = batch.meter();
        let Ok(announcement) = apply(self.context, batch).await else { return Ok(Err(Stopped)) };
        for (place, _) in taken {
            tracing::debug!(queue = self.partitions[*place].queue, "decided");
        }
        failpoint::reach("reservations.committed").await;
        if announcement.send(self.context, REQUESTS).await.is_err() {
            return Ok(Err(Stopped));
        }
        failpoint::reach("reservations.told").await;
        self.ack(taken).await?;
        Ok(Ok(()))
    }

    async fn ack(&mut self, taken: &[(usize, Delivery)]) -> Result<(), LostConnection> {
        for (place, last) in taken {
            self.partitions[*place].ack_through(last).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_in_one_lane() {
        for (partitions, lanes) in [(16, 1), (16, 2), (16, 3), (1, 4), (5, 2)] {
            let all: Vec<u16> = blocks(partitions, lanes).into_iter().flatten().collect();
            assert_eq!(all, (0..partitions).collect::<Vec<_>>());
            assert!(blocks(partitions, lanes).iter().all(|block| !block.is_empty()));
        }
    }

    #[test]
    fn a_workers_own_partitions_lie_in_all_of_its_lanes() {
        let blocks = blocks(16, 2);
        let own =
            |block: &std::ops::Range<u16>| block.clone().filter(|number| number % 2 == 0).count();
        assert_eq!(blocks.iter().map(own).collect::<Vec<_>>(), [4, 4]);
    }
}
