//! Workers that stall, end or break down: one statement, one winner, and nothing left running.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::state::State;
use outflow_core::store::{Claim, ClaimRequest};
use outflow_core::{Code, Status, WorkerId};
use outflow_engine::Engine;

use crate::support::flaky::{Flaky, Flaw};
use crate::support::scripted::{Fault, Scripted};
use crate::support::{World, code, eventually, submission, submit};

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_worker_lets_go() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let stalled = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: true });
    let first = world.engine_on(Arc::clone(&stalled) as _);
    first.start();
    submit(&first, submission("a")).await;
    world.until("a", |unload| unload.statement_id.is_some()).await;
    stalled.stall(true);
    let taking = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: false });
    let second = world.engine_on(Arc::clone(&taking) as _);
    second.start();
    eventually("the second has taken it over", async || taking.takeovers() == 1).await;
    let before = stalled.accepted();
    // Both follow the statement now; what the first would record must not count.
    world.warehouse.finish_all().await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1));
    stalled.stall(false);
    first.stop().await;
    second.stop().await;
    assert_eq!(stalled.accepted(), before, "the overtaken worker recorded something");
    assert_eq!(world.announced().await.len(), 1);
    assert_eq!(world.files().iter().filter(|path| path.ends_with("receipt.json")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_overtakes_itself_goes_on_once() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let store = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: false });
    let engine = world.engine_on(Arc::clone(&store) as _);
    engine.start();
    submit(&engine, submission("a")).await;
    world.until("a", |unload| unload.statement_id.is_some()).await;
    store.stall(true);
    eventually("it has taken its own unload over", async || store.takeovers() > 0).await;
    store.stall(false);
    let taken = store.takeovers();
    // Six thirds of a lease: what kept the claim are the heartbeats.
    let beats = store.heartbeats();
    eventually("the lease would have run out", async || store.heartbeats() >= beats + 6).await;
    assert_eq!(store.takeovers(), taken, "it is taken over again and again");
    assert!(world.warehouse.polls() <= 1, "it is driven twice");
    world.warehouse.finish_all().await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_dies_with_its_process_is_stopped_by_whoever_lost_it() {
    let world = World::new().await;
    let own = |fault: Option<Fault>| {
        let warehouse = Arc::new(Scripted::mortal(world.storage.object_store()));
        warehouse.script(fault.as_slice());
        warehouse
    };
    let (ours, theirs) = (own(Some(Fault::Hangs)), own(None));
    let stalled = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: true });
    let first = world.engine_of(Arc::clone(&stalled) as _, Arc::clone(&ours));
    first.start();
    submit(&first, submission("a")).await;
    world.until("a", |unload| unload.statement_id.is_some()).await;
    stalled.stall(true);
    let second = world.engine_of(Arc::clone(&world.store), Arc::clone(&theirs));
    second.start();
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), theirs.started()), (Status::Done, 2, 1));
    stalled.stall(false);
    eventually("the first statement is stopped", async || ours.live() == 0).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_stops_such_a_statement_and_costs_no_attempt() {
    let mut world = World::new().await;
    world.settings.retry.max_attempts = 1;
    for restart in 1..=3 {
        let warehouse = Arc::new(Scripted::mortal(world.storage.object_store()));
        warehouse.script(&[Fault::Hangs]);
        let engine = world.engine_of(Arc::clone(&world.store), Arc::clone(&warehouse));
        engine.start();
        if restart == 1 {
            submit(&engine, submission("a")).await;
        }
        let running = world.until("a", |unload| matches!(unload.state, State::Executing { .. })).await;
        assert_eq!(running.state.attempt(), restart);
        engine.stop().await;
        assert_eq!(warehouse.live(), 0, "it runs on after the end");
        assert!(matches!(world.find("a").await.state, State::Waiting { .. }));
    }
    let last = world.engine_of(Arc::clone(&world.store), Arc::new(Scripted::mortal(world.storage.object_store())));
    last.start();
    assert_eq!(world.until_terminal("a").await.status(), Status::Done);
    last.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_down_again_and_again_is_ended() {
    let mut world = World::new().await;
    world.settings.lease = std::time::Duration::from_millis(300);
    world.warehouse.script(&[Fault::Panics]);
    let store = Flaky::new(Arc::clone(&world.store), Flaw::Stalls { claims: false });
    let engine = world.engine_on(Arc::clone(&store) as _);
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    assert_eq!((code(&unload), store.takeovers()), (Code::Internal.as_str(), 3));
    assert_eq!((world.warehouse.live(), world.warehouse.started()), (0, 1), "its statement was stopped");
    submit(&engine, submission("b")).await;
    assert_eq!(world.until_terminal("b").await.status(), Status::Done, "and nobody else suffers");
    engine.stop().await;
}

/// Claims what is there for somebody who does nothing with it.
async fn claim(world: &World, lease: Duration) -> Option<Claim> {
    let request = ClaimRequest { worker: WorkerId::generate(), warehouse: "main".to_owned(), max_running: 4, limit: 1, lease };
    world.store.claim(&request).await.unwrap().pop()
}

/// An engine that has taken over what somebody may have started, and cannot find out whether that is so. Its own heartbeats are far apart.
async fn in_doubt(world: &mut World, store: &Arc<Flaky>) -> Arc<Engine> {
    world.settings.lease = Duration::from_secs(3_600);
    submit(&world.engine(), submission("a")).await;
    claim(world, Duration::from_millis(1)).await.unwrap();
    world.warehouse.silence(true);
    let engine = world.engine_on(Arc::clone(store) as _);
    engine.start();
    eventually("it has taken it over", async || store.takeovers() == 1).await;
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_claim_while_it_looked_starts_nothing() {
    let mut world = World::new().await;
    let store = Flaky::new(Arc::clone(&world.store), Flaw::LosesHeartbeats);
    let engine = in_doubt(&mut world, &store).await;
    store.stall(true);
    // Leases are given back by their fence, whoever has them.
    let fence = store.last_fence();
    world.store.release(&[(world.find("a").await.unload_id(), fence)]).await.unwrap();
    assert!(claim(&world, Duration::from_secs(3_600)).await.is_some(), "another has it now");
    store.stall(false);
    let beats = store.heartbeats();
    world.warehouse.silence(false);
    eventually("it has asked, or started", async || store.heartbeats() > beats || world.warehouse.started() > 0).await;
    engine.stop().await;
    assert_eq!(world.warehouse.started(), 0, "it started what is another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_tell_whether_its_claim_holds_starts_nothing_until_it_can() {
    let mut world = World::new().await;
    let store = Flaky::new(Arc::clone(&world.store), Flaw::LosesHeartbeats);
    let engine = in_doubt(&mut world, &store).await;
    store.stall(true);
    let beats = store.heartbeats();
    world.warehouse.silence(false);
    eventually("it has asked twice, or started", async || store.heartbeats() > beats + 1 || world.warehouse.started() > 0).await;
    assert_eq!(world.warehouse.started(), 0);
    store.stall(false);
    assert_eq!(world.until_terminal("a").await.status(), Status::Done);
    assert_eq!(world.warehouse.started(), 1);
    engine.stop().await;
}
