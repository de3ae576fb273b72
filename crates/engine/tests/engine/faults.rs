//! The state table loses an answer at each step in turn: every step, decided and made twice, changes nothing.

use std::sync::Arc;

use outflow_core::Status;

use crate::support::flaky::LostAnswers;
use crate::support::scripted::Fault;
use crate::support::{World, submission, submit};

/// `Submitted`, `Finished`, `Finalized` of a good run.
const STEPS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn each_lost_answer_of_a_good_run_changes_nothing() {
    for nth in 0..STEPS {
        let world = World::new().await;
        let store = LostAnswers::new(Arc::clone(&world.store), nth);
        let engine = world.engine_on(Arc::clone(&store) as _);
        engine.start();
        submit(&engine, submission("a")).await;
        let unload = world.until_terminal("a").await;
        assert!(store.has_fired(), "the answer to change {nth} was lost");
        assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1), "change {nth}");
        assert_eq!(unload.version, 2 + STEPS as i64, "each change was recorded once");
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_lost_answer_of_a_failing_run_changes_nothing() {
    // Submitted, AttemptFailed, then the good run of the second attempt.
    for nth in 0..2 + STEPS {
        let world = World::new().await;
        world.warehouse.script(&[Fault::FailsForNow]);
        let store = LostAnswers::new(Arc::clone(&world.store), nth);
        let engine = world.engine_on(Arc::clone(&store) as _);
        engine.start();
        submit(&engine, submission("a")).await;
        let unload = world.until_terminal("a").await;
        assert!(store.has_fired(), "the answer to change {nth} was lost");
        assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 2, 2), "change {nth}");
        engine.stop().await;
    }
}
