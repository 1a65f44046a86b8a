//! The store and the decisions on a real database, against a small model in memory, under random
//! histories. `BOXOFFICE_TEST_SEED` plays a history again.

mod command;
mod machine;
mod play;

use futures::FutureExt;
use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestError, TestRng, TestRunner,
};
use tokio::sync::mpsc;

use self::command::{Command, commands};
use self::play::play;
use crate::support::{Scene, seed, with_frozen_scene};

/// Histories that are played; each costs some hundred transactions.
const HISTORIES: u32 = 16;
/// Histories that are tried to make one that failed shorter.
const SHRINKS_MAX: u32 = 60;

type Asked = (Vec<Command>, std::sync::mpsc::Sender<TestCaseResult>);

#[test]
fn the_store_and_the_decisions_follow_the_model_in_every_history() {
    for limit in [None, Some(5)] {
        with_frozen_scene(limit, async |scene| check(scene, limit).await);
    }
}

/// The histories come from a thread of their own, because who makes and shortens them does not wait
/// as a future.
async fn check(scene: &Scene<'_>, limit: Option<i32>) {
    let seed = seed();
    let (ask, mut asked) = mpsc::channel::<Asked>(1);
    let source = std::thread::spawn(move || run(seed, &ask));
    while let Some((commands, answer)) = asked.recv().await {
        let played = std::panic::AssertUnwindSafe(play(scene, limit, &commands));
        let result = played.catch_unwind().await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            TestCaseError::fail(text.unwrap_or_else(|| "a panic".to_owned()))
        });
        answer.send(result).expect("the source waits for it");
    }
    if let Err(TestError::Fail(why, commands)) = source.join().expect("the source of histories") {
        panic!("{why}\nafter {commands:#?}");
    }
}

fn run(seed: u64, ask: &mpsc::Sender<Asked>) -> Result<(), TestError<Vec<Command>>> {
    let config = Config {
        cases: HISTORIES,
        max_shrink_iters: SHRINKS_MAX,
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(config, random).run(&commands(), |commands| {
        let (answer, answered) = std::sync::mpsc::channel();
        ask.blocking_send((commands, answer)).map_err(|_| TestCaseError::fail("it ended"))?;
        answered.recv().map_err(|_| TestCaseError::fail("it ended"))?
    })
}
