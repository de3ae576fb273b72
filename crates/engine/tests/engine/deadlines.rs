//! Deadlines and cancels: everything ends, and nothing that may still run is called ended.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use outflow_core::state::{Event, State};
use outflow_core::unload::Change;
use outflow_core::{Code, Owner, Status};

use crate::support::flaky::{Flaky, Flaw};
use crate::support::scripted::Fault;
use crate::support::{World, code, eventually, submission, submit};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_runs_too_long_is_stopped_in_the_warehouse() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    let mut short = submission("a");
    short.requested.timeout_seconds = Some(1);
    submit(&engine, short).await;
    assert_eq!(code(&world.until_terminal("a").await), "deadline_exceeded");
    assert_eq!(world.warehouse.live(), 0, "the statement was cancelled");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_tell_by_the_deadline_is_unknown_and_never_run_again() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    let mut short = submission("a");
    short.requested.timeout_seconds = Some(2);
    submit(&engine, short).await;
    world.until("a", |unload| matches!(unload.state, State::Executing { .. })).await;
    world.warehouse.silence(true);
    let unload = world.until_terminal("a").await;
    assert_eq!((code(&unload), unload.state.attempt(), world.warehouse.started()), ("outcome_unknown", 1, 1));
    assert!(!unload.state.failure().unwrap().retryable);
    assert_eq!(world.warehouse.live(), 1);
    world.warehouse.silence(false);
    eventually("what was left running is stopped", async || world.warehouse.live() == 0).await;
    assert_eq!(world.find("a").await.version, unload.version, "the unload was over");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reconciler_ends_what_no_worker_takes_up() {
    // More than are read at once.
    const OVERDUE: usize = 501;
    let mut world = World::new().await;
    world.settings.reconcile_every = HOUR;
    world.warehouse.script(&[Fault::Hangs; 4]);
    let busy = world.engine();
    busy.start();
    for number in 0..4 {
        let mut long = submission(&format!("busy{number}"));
        long.requested.timeout_seconds = Some(86_400);
        submit(&busy, long).await;
    }
    eventually("the worker has its hands full", async || world.warehouse.live() == 4).await;
    let accepted = join_all((0..OVERDUE).map(|number| {
        let busy = busy.clone();
        let mut short = submission(&format!("r{number}"));
        short.requested.timeout_seconds = Some(3_600);
        async move { submit(&busy, short).await }
    }))
    .await;
    world.clock.advance(3_601);
    // Its first look is the only one within an hour; it has no work of its own to do.
    let second = world.engine();
    second.start();
    let mut unknown = 0;
    for unload in accepted {
        let ended = world.until_terminal(unload.request_id().as_str()).await;
        unknown += usize::from(code(&ended) != "deadline_exceeded");
    }
    assert_eq!((unknown, world.warehouse.started()), (0, 4), "what never began is known not to have run");
    busy.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_still_run_when_nobody_holds_it_ends_unknown() {
    let mut world = World::new().await;
    world.settings.cancel_grace = HOUR;
    let accepting = world.engine();
    let unload = submit(&accepting, submission("begun")).await;
    submit(&accepting, submission("pending")).await;
    // Begun, and then held by nobody.
    let begun = Change::new(Event::Claimed, unload.asked.created_at);
    world.store.transition(unload.unload_id(), unload.version, None, begun).await.unwrap();
    // A worker that claims nothing: the reconciler is alone.
    let stalled = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: true });
    stalled.stall(true);
    let engine = world.engine_on(stalled as _);
    engine.start();
    world.clock.advance(86_401);
    assert_eq!(code(&world.until_terminal("pending").await), "deadline_exceeded");
    assert_eq!(world.find("begun").await.status(), Status::Running, "a worker would have had time to stop it");
    world.clock.advance(3_700);
    assert_eq!(code(&world.until_terminal("begun").await), "outcome_unknown");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_when_nobody_was_there_is_stopped_by_whoever_ends_the_unload() {
    let mut world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let first = world.engine();
    first.start();
    submit(&first, submission("a")).await;
    world.until("a", |unload| matches!(unload.state, State::Executing { .. })).await;
    first.stop().await;
    // A worker that claims nothing: the reconciler is alone, long after the deadline.
    world.settings.cancel_grace = Duration::ZERO;
    let stalled = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: true });
    stalled.stall(true);
    let engine = world.engine_on(stalled as _);
    world.clock.advance(90_000);
    engine.start();
    assert_eq!(code(&world.until_terminal("a").await), "outcome_unknown");
    eventually("what was left running is stopped", async || world.warehouse.live() == 0).await;
    assert_eq!(world.warehouse.started(), 1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_is_met_even_when_nobody_tells_of_it() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine_on(Flaky::new(Arc::clone(&world.store), Flaw::IsMute) as _);
    engine.start();
    submit(&engine, submission("a")).await;
    let running = world.until("a", |unload| matches!(unload.state, State::Executing { .. })).await;
    engine.cancel(running).await.unwrap();
    assert_eq!(world.until_terminal("a").await.status(), Status::Cancelled);
    assert_eq!(world.warehouse.live(), 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizing_ends_at_the_deadline_and_at_a_cancel() {
    for is_cancelled in [true, false] {
        let world = World::new().await;
        world.warehouse.script(&[Fault::ZeroRows]);
        world.warehouse.get_stuck(true);
        let engine = world.engine();
        engine.start();
        let mut asked = submission("a");
        asked.requested.timeout_seconds = Some(if is_cancelled { 3_600 } else { 1 });
        submit(&engine, asked).await;
        if is_cancelled {
            let finalizing = world.until("a", |unload| matches!(unload.state, State::Finalizing { .. })).await;
            engine.cancel(finalizing).await.unwrap();
            assert_eq!(world.until_terminal("a").await.status(), Status::Cancelled);
        } else {
            assert_eq!(code(&world.until_terminal("a").await), "deadline_exceeded");
        }
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_never_answers_is_away() {
    let mut world = World::new().await;
    world.settings.answer_within = std::time::Duration::from_millis(100);
    world.settings.look_every = std::time::Duration::from_millis(50);
    world.warehouse.script(&[Fault::SubmitHangs]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 2, 1));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_beyond_the_deadline_is_none_and_the_cause_is_told() {
    let mut world = World::new().await;
    (world.settings.retry.first_delay, world.settings.retry.max_delay) = (HOUR, HOUR);
    world.warehouse.script(&[Fault::FailsForNow]);
    let engine = world.engine();
    engine.start();
    let mut short = submission("a");
    short.requested.timeout_seconds = Some(60);
    submit(&engine, short).await;
    assert_eq!(code(&world.until_terminal("a").await), "warehouse_unavailable");
    let mut busy = submission("b");
    busy.requested.timeout_seconds = Some(60);
    world.warehouse.script(&[Fault::SubmitThrottled]);
    submit(&engine, busy).await;
    assert_eq!(code(&world.until_terminal("b").await), "warehouse_throttled");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_unload_is_cancelled_at_once() {
    let world = World::new().await;
    let engine = world.engine();
    let unload = submit(&engine, submission("a")).await;
    assert_eq!(engine.cancel(unload).await.unwrap().status(), Status::Cancelled);
    engine.start();
    let error = engine.cancel(world.find("a").await).await.unwrap_err();
    assert_eq!(error.code(), Code::AlreadyTerminal);
    assert_eq!(world.warehouse.started(), 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_unload_is_cancelled_all_the_way_into_the_warehouse() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let running = world.until("a", |unload| matches!(unload.state, State::Executing { .. })).await;
    let cancelling = engine.cancel(running).await.unwrap();
    engine.cancel(cancelling).await.unwrap();
    assert_eq!(world.until_terminal("a").await.status(), Status::Cancelled);
    assert_eq!(world.warehouse.live(), 0);
    eventually("its files are swept", async || world.files().is_empty()).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_meets_completion_has_one_winner() {
    let world = World::new().await;
    let engine = world.engine();
    engine.start();
    let mut cancelled = 0;
    for number in 0..40 {
        let request_id = format!("r{number}");
        let unload = submit(&engine, submission(&request_id)).await;
        tokio::task::yield_now().await;
        let asked = engine.cancel(unload).await;
        let ended = world.until_terminal(&request_id).await;
        let entries: Vec<_> = match ended.status() {
            Status::Cancelled => {
                cancelled += 1;
                assert!(asked.is_ok());
                world.store.receipt(ended.unload_id()).await.unwrap().into_iter().collect()
            }
            status => {
                assert_eq!(status, Status::Done);
                Vec::new()
            }
        };
        assert!(entries.is_empty(), "a cancelled unload has no receipt");
    }
    assert!(cancelled > 0, "no cancel was ever first");
    let mut announced = Vec::new();
    loop {
        let batch = world.store.outbox_claim(100, std::time::Duration::from_secs(60)).await.unwrap();
        if batch.is_empty() {
            break;
        }
        announced.extend(batch);
    }
    assert_eq!(announced.len(), 40, "each terminal state is announced once");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_hears_every_end_and_only_as_long_as_asked() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    let unload = submit(&engine, submission("a")).await;
    let still = engine.wait(unload.unload_id(), None, std::time::Duration::from_millis(50)).await.unwrap().unwrap();
    assert!(!still.status().is_terminal());
    let waiting = tokio::spawn({
        let (engine, unload_id) = (engine.clone(), unload.unload_id());
        async move { engine.wait(unload_id, None, std::time::Duration::from_secs(60)).await }
    });
    eventually("the statement runs", async || world.warehouse.live() == 1).await;
    world.warehouse.finish_all().await;
    assert_eq!(waiting.await.unwrap().unwrap().unwrap().status(), Status::Done);
    assert!(world.store.unload(&Owner::new("somebody else"), unload.request_id()).await.unwrap().is_none());
    engine.stop().await;
}
