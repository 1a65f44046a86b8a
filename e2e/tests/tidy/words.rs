//! One word means one thing (CONTRIBUTING.md lists them). Names that were given up must not come
//! back.

use anyhow::Result;

use super::ensure_none;
use super::sources::read_all;

/// Given up, and what stands for it now.
const GIVEN_UP: [(&str, &str); 14] = [
    ("waiting_room", "waiting_queue"),
    ("bustle", "peer_silence"),
    ("suspects", "failed_queues"),
    ("stand_back", "yield_to_owner"),
    ("invariants_interval", "audit_interval"),
    ("audit_overdue_ms", "overdue_sweep_after_ms"),
    ("rearm", "sweep"),
    ("housecache", "SeatingPlanCache"),
    ("housesection", "PlanSection"),
    ("telling", "announcement"),
    ("edge.rs", "middleware.rs"),
    ("certain.rs", "edge_refusal.rs"),
    ("message as envelope", "Publication; an envelope holds requests"),
    ("result<result<", "an enum with names"),
];

#[test]
fn words_that_were_given_up_do_not_come_back() -> Result<()> {
    let mut found = Vec::new();
    for file in read_all(&[".rs", ".md", ".toml", ".yml", ".yaml"])? {
        if file.path.ends_with("CHANGELOG.md") || file.path.ends_with("tidy/words.rs") {
            continue;
        }
        for (number, line) in file.lines() {
            let line = line.to_lowercase();
            for (word, instead) in GIVEN_UP.iter().filter(|(word, _)| line.contains(word)) {
                found.push(format!("{}:{number}: {word} (say: {instead})", file.path));
            }
        }
    }
    ensure_none("one word, one thing", &found)
}
