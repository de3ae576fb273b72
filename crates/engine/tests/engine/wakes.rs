//! What is to be done begins when it comes in: a worker that is told of it, and not one that looks now and then.

use std::time::Duration;

use outflow_core::Status;

use crate::support::scripted::Fault;
use crate::support::{World, eventually, submission, submit};

const HOUR: Duration = Duration::from_secs(3_600);

/// One in which nobody looks by itself within an hour.
async fn world() -> World {
    let mut world = World::new().await;
    (world.settings.look_every, world.settings.reconcile_every, world.settings.lease) = (HOUR, HOUR, HOUR);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_unload_is_taken_up_at_once() {
    let world = world().await;
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("first")).await;
    world.until_terminal("first").await;
    // By now the worker rests.
    submit(&engine, submission("second")).await;
    assert_eq!(world.until_terminal("second").await.status(), Status::Done);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_begins_when_it_is_due() {
    let world = world().await;
    world.warehouse.script(&[Fault::FailsForNow]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    assert_eq!(world.until_terminal("a").await.state.attempt(), 2);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_at_once() {
    let world = world().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    let unload = submit(&engine, submission("a")).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.wait(unload.unload_id(), None, HOUR).await }
    });
    eventually("the statement runs", async || world.warehouse.live() == 1).await;
    world.warehouse.finish_all().await;
    let told = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it is told").unwrap();
    assert_eq!(told.unwrap().unwrap().status(), Status::Done);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_makes_room_at_once() {
    let world = world().await;
    world.warehouse.script(&[Fault::Hangs; 4]);
    let engine = world.engine();
    engine.start();
    for number in 0..5 {
        submit(&engine, submission(&format!("r{number}"))).await;
    }
    eventually("the worker has its hands full", async || world.warehouse.live() == 4).await;
    world.warehouse.finish_all().await;
    for number in 0..5 {
        assert_eq!(world.until_terminal(&format!("r{number}")).await.status(), Status::Done);
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_nobody_waits_for_is_met_at_once() {
    let mut world = world().await;
    world.settings.reconcile_every = HOUR;
    world.warehouse.script(&[Fault::Hangs; 4]);
    let engine = world.engine();
    engine.start();
    for number in 0..4 {
        submit(&engine, submission(&format!("r{number}"))).await;
    }
    eventually("the worker has its hands full", async || world.warehouse.live() == 4).await;
    let mut short = submission("short");
    short.requested.timeout_seconds = Some(1);
    submit(&engine, short).await;
    assert_eq!(crate::support::code(&world.until_terminal("short").await), "deadline_exceeded");
    engine.stop().await;
}
