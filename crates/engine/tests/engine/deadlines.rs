//! Deadlines and cancels: everything ends, and nothing that may still run is called ended.

use outflow_core::state::State;
use outflow_core::{Code, Owner, Status};

use crate::support::scripted::Fault;
use crate::support::{World, code, eventually, submission, submit};

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
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reconciler_ends_what_no_worker_takes_up() {
    let world = World::new().await;
    // An engine that never started accepted it, so nobody works for its warehouse.
    let accepting = world.engine();
    submit(&accepting, submission("a")).await;
    world.clock.advance(86_401);
    let mut idle = World { settings: world.settings.clone(), ..world };
    idle.settings.lease = std::time::Duration::from_secs(1);
    let engine = idle.engine();
    engine.start();
    assert_eq!(code(&idle.until_terminal("a").await), "deadline_exceeded");
    assert_eq!(idle.warehouse.started(), 0);
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
