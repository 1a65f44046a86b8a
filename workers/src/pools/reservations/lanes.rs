//! Which partitions each lane consumes.

use std::ops::Range;

/// One contiguous block of partitions for each lane. A worker owns every n-th partition, so with
/// contiguous blocks each of its lanes has some that it owns.
pub(super) fn split_partitions(partitions: u16, lanes: u16) -> Vec<Range<u16>> {
    let lanes = lanes.clamp(1, partitions.max(1));
    let end = |lane: u16| (u32::from(partitions) * u32::from(lane) / u32::from(lanes)) as u16;
    (0..lanes).map(|lane| end(lane)..end(lane + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_in_one_lane() {
        for (partitions, lanes) in [(16, 1), (16, 2), (16, 3), (1, 4), (5, 2)] {
            let blocks = split_partitions(partitions, lanes);
            assert!(blocks.iter().all(|block| !block.is_empty()));
            let all: Vec<u16> = blocks.into_iter().flatten().collect();
            assert_eq!(all, (0..partitions).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_workers_own_partitions_lie_in_all_of_its_lanes() {
        let blocks = split_partitions(16, 2);
        let own = |block: &Range<u16>| block.clone().filter(|number| number % 2 == 0).count();
        assert_eq!(blocks.iter().map(own).collect::<Vec<_>>(), [4, 4]);
    }
}
