//! The state table fails at each step in turn: every step, decided and made twice, changes nothing.

use std::sync::Arc;

use outflow_core::submission::Submission;
use outflow_core::{Code, Status, Unload};
use outflow_engine::Engine;

use crate::support::flaky::{Flaky, Flaw};
use crate::support::scripted::Fault;
use crate::support::{World, eventually, submission, submit};

/// `Submitted`, `Finished`, `Finalized` of a good run.
const STEPS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn each_lost_answer_of_a_good_run_changes_nothing() {
    for nth in 0..STEPS {
        let world = World::new().await;
        let store = Flaky::new(Arc::clone(&world.store), Flaw::LosesAnswer(nth));
        let engine = world.engine_on(Arc::clone(&store) as _);
        engine.start();
        submit(&engine, submission("a")).await;
        let unload = world.until_terminal("a").await;
        assert!(store.transitions() > nth, "the answer to change {nth} was lost");
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
        let store = Flaky::new(Arc::clone(&world.store), Flaw::LosesAnswer(nth));
        let engine = world.engine_on(Arc::clone(&store) as _);
        engine.start();
        submit(&engine, submission("a")).await;
        let unload = world.until_terminal("a").await;
        assert!(store.transitions() > nth, "the answer to change {nth} was lost");
        assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 2, 2), "change {nth}");
        engine.stop().await;
    }
}

/// Runs one unload on a state table that refuses each change once before recording it, so that the step behind it is done again.
struct Twice {
    world: World,
    store: Arc<Flaky>,
    engine: Arc<Engine>,
}

impl Twice {
    async fn begin(fault: Option<Fault>, asked: Submission) -> Self {
        let world = World::new().await;
        world.warehouse.script(fault.as_slice());
        let store = Flaky::new(Arc::clone(&world.store), Flaw::RefusesEachOnce);
        let engine = world.engine_on(Arc::clone(&store) as _);
        engine.start();
        submit(&engine, asked).await;
        Self { world, store, engine }
    }

    /// Ended so, by so many kinds of change, in so many versions; with one statement, one announcement and no file too many.
    async fn ended(self, status: Status, kinds: usize, version: i64) -> Unload {
        let Self { world, store, engine } = self;
        let unload = world.until("a", |unload| unload.status() == status).await;
        assert_eq!((store.refused(), unload.version, world.warehouse.started()), (kinds, version, 1), "{unload:?}");
        let receipt = world.store.receipt(unload.unload_id()).await.unwrap();
        let mut expected: Vec<String> = Vec::new();
        if status == Status::Done {
            let receipt = receipt.unwrap();
            expected = receipt.files.iter().map(|file| file.name.clone()).collect();
            let path = world.files().into_iter().find(|path| path.ends_with("receipt.json")).unwrap();
            let written: outflow_core::receipt::Receipt = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!(written, receipt);
            expected.push("receipt.json".to_owned());
        }
        let names = || -> Vec<String> {
            let names = world.files().into_iter().filter(|path| !path.ends_with("/outputmanifest"));
            names.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
        };
        expected.sort();
        eventually("only the result is left", async || {
            let mut found = names();
            found.sort();
            found == expected
        })
        .await;
        let announced = world.announced().await;
        assert_eq!(announced.len(), 1);
        assert_eq!(announced[0].announcement.status, if status == Status::Expired { Status::Done } else { status });
        engine.stop().await;
        unload
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_done_twice_is_one() {
    type Options = fn(&mut Submission);
    let joined: Options = |asked| asked.requested.parallel = Some(true);
    let several: Options = |asked| asked.requested.single_file = Some(false);
    let usual: Options = |_| {};
    let cases = [
        (None, usual, 3),
        (None, joined, 3),
        (None, several, 3),
        (Some(Fault::TwoFiles), usual, 3),
        (Some(Fault::ZeroRows), usual, 0),
    ];
    for (fault, change, rows) in cases {
        let mut asked = submission("a");
        change(&mut asked);
        let unload = Twice::begin(fault, asked).await.ended(Status::Done, STEPS, 2 + STEPS as i64).await;
        assert_eq!(unload.amount.rows, rows, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_done_twice_is_one() {
    let twice = Twice::begin(Some(Fault::Hangs), submission("a")).await;
    let running = twice.world.until("a", |unload| unload.statement_id.is_some()).await;
    let error = twice.engine.cancel(running.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable);
    twice.engine.cancel(running).await.unwrap();
    let live = Arc::clone(&twice.world.warehouse);
    // Claimed, Submitted, CancelRequested, CancelConfirmed.
    twice.ended(Status::Cancelled, 3, 5).await;
    assert_eq!(live.live(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_met_twice_is_one() {
    let mut short = submission("a");
    short.requested.timeout_seconds = Some(1);
    let twice = Twice::begin(Some(Fault::Hangs), short).await;
    let warehouse = Arc::clone(&twice.world.warehouse);
    // Claimed, Submitted, DeadlinePassed.
    let unload = twice.ended(Status::Failed, 2, 4).await;
    assert_eq!(unload.state.failure().unwrap().code, Code::DeadlineExceeded);
    assert_eq!(warehouse.live(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_done_twice_is_one() {
    let twice = Twice::begin(None, submission("a")).await;
    twice.world.until("a", |unload| unload.status() == Status::Done).await;
    twice.world.clock.advance(8 * 86_400);
    // The first announcement stands before the second until it is published.
    twice.ended(Status::Expired, STEPS + 1, 3 + STEPS as i64).await;
}
