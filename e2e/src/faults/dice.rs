//! Repeatable random numbers: all choices in a run follow from its seed.

/// A small random number generator (SplitMix64). The same seed gives the same numbers in all
/// versions.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The generator for one part of a run, independent of the others.
    pub fn of(seed: u64, part: &str, number: u64) -> Self {
        let named = part.bytes().fold(seed, |hash, byte| mix(hash ^ u64::from(byte)));
        Self(mix(named ^ mix(number)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number from 0 up to `end`, exclusive. `end` must not be 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from the first to the last, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True with this probability in per cent.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of these, at random.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut dice = Dice::of(seed, "a part", 7);
            let mut cards: Vec<u64> = (0..20).collect();
            dice.shuffle(&mut cards);
            (cards, dice.between(3, 9), dice.percent(50))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(Dice::of(1, "a", 0).next(), Dice::of(1, "b", 0).next());
    }
}
