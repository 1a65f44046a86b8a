//! What a stream of seats has shown so far: the version of each section, and whether one was
//! skipped.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde::Deserialize;

/// Section numbers and their versions.
pub type Versions = BTreeMap<i32, i64>;

#[derive(Debug, Deserialize)]
struct Changes {
    sections: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    number: i32,
    version: i64,
}

/// Reads the versions from an availability or from a change to it. None if the JSON is neither.
pub fn versions(json: &str) -> Option<Vec<(i32, i64)>> {
    let changes: Changes = serde_json::from_str(json).ok()?;
    Some(changes.sections.iter().map(|step| (step.number, step.version)).collect())
}

/// The version steps of one frame.
type Steps = Rc<Vec<(i32, i64)>>;

/// A cache of parsed changes: all streams of an event receive the same ones.
#[derive(Debug, Default)]
pub struct Known(RefCell<HashMap<String, Steps>>);

impl Known {
    fn steps(&self, data: &str) -> Option<Steps> {
        if let Some(steps) = self.0.borrow().get(data) {
            return Some(Rc::clone(steps));
        }
        let steps = Rc::new(versions(data)?);
        self.0.borrow_mut().insert(data.to_owned(), Rc::clone(&steps));
        Some(steps)
    }
}

/// The state of one stream.
#[derive(Debug)]
pub struct View {
    versions: Versions,
    /// Counts changes that did not follow the known version, and data that could not be parsed.
    gaps: u64,
}

impl View {
    /// Starts from this availability.
    pub fn of(versions: &Versions) -> Self {
        Self { versions: versions.clone(), gaps: 0 }
    }

    /// Applies a change. One that the view already includes is ignored.
    pub fn take(&mut self, known: &Known, data: &str) {
        let Some(steps) = known.steps(data) else {
            self.gaps += 1;
            return;
        };
        for (section, version) in steps.iter() {
            let last = self.versions.entry(*section).or_default();
            self.gaps += u64::from(*version > *last + 1);
            *last = (*last).max(*version);
        }
    }

    /// Whether the view arrived at these versions without a gap.
    pub fn is(&self, end: &Versions) -> bool {
        self.gaps == 0 && self.versions == *end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_follows_steps_and_notices_one_that_is_missing() {
        let frame = |version: i64| {
            format!("{{\"sections\":[{{\"number\":1,\"version\":{version},\"changes\":[]}}]}}")
        };
        let known = Known::default();
        let begin = Versions::from([(1, 5), (2, 3)]);
        let end = Versions::from([(1, 7), (2, 3)]);
        let mut view = View::of(&begin);
        for version in [5, 6, 7] {
            view.take(&known, &frame(version));
        }
        assert!(view.is(&end) && !view.is(&begin));
        let mut skipping = View::of(&begin);
        skipping.take(&known, &frame(7));
        assert!(!skipping.is(&end), "it has the end, but missed a step");
        view.take(&known, "no JSON");
        assert!(!view.is(&end));
    }
}
