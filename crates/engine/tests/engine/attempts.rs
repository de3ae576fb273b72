//! Attempts: never two live statements, a new place for each, and no statement whose fate is unknown is run again.

use std::sync::Arc;

use outflow_core::submission::Submission;
use outflow_core::{AttemptToken, Code, Owner, State, Status};
use outflow_engine::Submitted;

use crate::support::scripted::{Fault, Scripted};
use crate::support::{World, code, eventually, submission, submit};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_submit_that_took_effect_is_adopted() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::SubmitLostAfter]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_submit_without_effect_is_a_new_attempt_in_a_new_place() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::SubmitLostBefore]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 2, 1));
    assert!(world.files().iter().all(|path| path.contains(&format!("{}-2/", unload.unload_id()))), "{:?}", world.files());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retryable_failures_come_back_until_the_attempts_are_used_up() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::FailsForNow, Fault::FailsForNow]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("third")).await;
    let unload = world.until_terminal("third").await;
    assert_eq!((unload.status(), unload.state.attempt()), (Status::Done, 3));

    world.warehouse.script(&[Fault::FailsForNow; 3]);
    submit(&engine, submission("none")).await;
    let unload = world.until_terminal("none").await;
    assert_eq!((code(&unload), unload.state.attempt()), ("warehouse_unavailable", 3));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_warehouse_has_no_room_for_is_started_later_and_is_no_attempt_that_failed() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::SubmitThrottled; 4]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("later")).await;
    let unload = world.until_terminal("later").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1));

    world.warehouse.script(&[Fault::SubmitThrottled; 10_000]);
    submit(&engine, submission("unwanted")).await;
    let waiting = world.until("unwanted", |unload| matches!(unload.state, State::Submitting { .. })).await;
    engine.cancel(waiting).await.unwrap();
    assert_eq!((world.until_terminal("unwanted").await.status(), world.warehouse.started()), (Status::Cancelled, 1));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_sent_for_certain_the_same_attempt_is_started_until_the_warehouse_can_be_reached() {
    let world = World::new().await;
    let warehouse = Arc::new(Scripted::sure(world.storage.object_store()));
    // More than an unload has attempts.
    warehouse.script(&[Fault::SubmitLostBefore; 5]);
    let engine = world.engine_of(Arc::clone(&world.store), Arc::clone(&warehouse));
    engine.start();
    submit(&engine, submission("later")).await;
    let unload = world.until_terminal("later").await;
    assert_eq!((unload.status(), unload.state.attempt(), warehouse.started()), (Status::Done, 1, 1));

    // Whoever rests hears of a cancel at once.
    warehouse.script(&[Fault::SubmitLostBefore; 10_000]);
    submit(&engine, submission("unwanted")).await;
    let waiting = world.until("unwanted", |unload| matches!(unload.state, State::Submitting { .. })).await;
    engine.cancel(waiting).await.unwrap();
    assert_eq!((world.until_terminal("unwanted").await.status(), warehouse.started()), (Status::Cancelled, 1));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_fails_is_not_repeated_and_leaves_no_files() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::FailsForGood]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    assert_eq!((code(&unload), unload.state.attempt(), world.warehouse.started()), ("query_failed", 1, 1));
    eventually("the half-written files are swept", async || world.files().is_empty()).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_statement_is_adopted_and_not_run_again() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    // The first worker lives in a runtime of its own, which is torn down like a process.
    let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = world.engine();
    dying.spawn({
        let first = first.clone();
        async move {
            first.start();
            submit(&first, submission("a")).await;
        }
    });
    eventually("the statement runs", async || world.warehouse.live() == 1).await;
    world.until("a", |unload| unload.statement_id.is_some()).await;
    dying.shutdown_background();

    let second = world.engine();
    second.start();
    // Only after the second holds the unload can its statement's end be noticed by nobody but it.
    world.warehouse.finish_all().await;
    let unload = world.until_terminal("a").await;
    assert_eq!((unload.status(), unload.state.attempt(), world.warehouse.started()), (Status::Done, 1, 1));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_gives_the_lease_back_at_once() {
    let mut world = World::new().await;
    world.settings.lease = std::time::Duration::from_secs(3_600);
    world.warehouse.script(&[Fault::Hangs]);
    let first = world.engine();
    first.start();
    submit(&first, submission("a")).await;
    world.until("a", |unload| unload.statement_id.is_some()).await;
    first.stop().await;
    assert_eq!(world.find("a").await.status(), Status::Running, "an accepted unload stays");

    let second = world.engine();
    second.start();
    world.warehouse.finish_all().await;
    // With a lease of an hour, nothing but the release can have let the second take it over.
    assert_eq!(world.until_terminal("a").await.status(), Status::Done);
    assert_eq!(world.warehouse.started(), 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_statements_run_at_once_than_the_warehouse_may() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs; 12]);
    let engine = world.engine();
    engine.start();
    for number in 0..12 {
        submit(&engine, submission(&format!("r{number}"))).await;
    }
    eventually("all twelve have run", async || {
        assert!(world.warehouse.live() <= 4, "{} run at once", world.warehouse.live());
        world.warehouse.finish_all().await;
        world.warehouse.started() == 12 && world.warehouse.live() == 0
    })
    .await;
    for number in 0..12 {
        assert_eq!(world.until_terminal(&format!("r{number}")).await.status(), Status::Done);
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_attempt_has_the_same_statement_and_token() {
    let world = World::new().await;
    let engine = world.engine();
    engine.start();
    let unload = submit(&engine, submission("a")).await;
    world.until_terminal("a").await;
    let token = AttemptToken::new(unload.unload_id(), 1);
    let found = outflow_core::warehouse::Warehouse::find(&*world.warehouse, &token).await.unwrap();
    assert_eq!(found, world.find("a").await.statement_id);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_accepted_is_known_also_when_todays_configuration_would_refuse_it() {
    let world = World::new().await;
    let named = Submission { warehouse: Some("main".to_owned()), ..submission("a") };
    let accepted = submit(&world.engine(), named.clone()).await;
    let other = world.engine_named("other", Arc::clone(&world.store) as _, Arc::clone(&world.warehouse));
    let again = other.submit(Owner::local(), named.clone()).await.unwrap();
    assert_eq!(again, Submitted::Known(accepted));
    for refused in [Submission { request: "another".into(), ..named.clone() }, Submission { request_id: None, ..named }] {
        assert_eq!(other.submit(Owner::local(), refused).await.unwrap_err().code(), Code::UnknownWarehouse);
    }
}
