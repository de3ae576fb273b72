//! Retention: the state ends first, the files go after, and nobody else's.

use outflow_core::state::{Event, ExpiryReason, State};
use outflow_core::store::ClaimRequest;
use outflow_core::unload::Change;
use outflow_core::{Code, Failure, Status, WorkerId};

use crate::support::scripted::Fault;
use crate::support::{World, eventually, submission, submit};

#[tokio::test(flavor = "multi_thread")]
async fn files_go_when_their_time_is_over_and_the_receipt_stays() {
    let world = World::new().await;
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("week")).await;
    let mut long = submission("month");
    long.requested.retention_days = Some(30);
    submit(&engine, long).await;
    let week = world.until_terminal("week").await;
    world.until_terminal("month").await;
    world.clock.advance(8 * 86_400);
    let expired = world.until("week", |unload| unload.status() == Status::Expired).await;
    assert_eq!(expired.state, State::Expired { attempt: 1, reason: ExpiryReason::Retention });
    eventually("its files are gone", async || !world.files().iter().any(|path| path.contains("/week/"))).await;
    assert!(world.store.receipt(week.unload_id()).await.unwrap().is_some());
    assert_eq!(world.find("month").await.status(), Status::Done);
    assert!(world.files().iter().any(|path| path.contains("/month/")));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_is_expiring_early_and_only_of_what_has_ended() {
    let world = World::new().await;
    world.warehouse.script(&[Fault::Hangs]);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let running = world.until("a", |unload| unload.statement_id.is_some()).await;
    assert_eq!(engine.delete(running).await.unwrap_err().code(), Code::StillActive);
    world.warehouse.finish_all().await;
    let done = world.until_terminal("a").await;
    let deleted = engine.delete(done).await.unwrap();
    assert_eq!(deleted.state, State::Expired { attempt: 1, reason: ExpiryReason::Deleted });
    assert_eq!(engine.delete(deleted.clone()).await.unwrap(), deleted, "deleting twice is deleting once");
    eventually("its files are gone", async || world.files().is_empty()).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_deleted_do_not_stand_before_others() {
    let world = World::new().await;
    let accepting = world.engine();
    let mut ids = Vec::new();
    for number in 0..=500 {
        ids.push(submit(&accepting, submission(&format!("r{number}"))).await.unload_id());
    }
    let request = ClaimRequest {
        worker: WorkerId::generate(),
        warehouse: "main".to_owned(),
        max_running: 1_000,
        limit: 1_000,
        lease: std::time::Duration::from_secs(60),
    };
    for claim in world.store.claim(&request).await.unwrap() {
        let (unload, results) = (claim.unload, world.folder.path().join("files/unload-results"));
        let place = results.join(unload.request_id().as_str());
        std::fs::create_dir_all(&place).unwrap();
        let attempt = place.join(format!("{}-1", unload.unload_id()));
        if unload.unload_id() == ids[500] {
            std::fs::create_dir(&attempt).unwrap();
            std::fs::write(attempt.join("output000"), "half").unwrap();
        } else {
            // A file where a folder should be: deleting it fails.
            std::fs::write(&attempt, "").unwrap();
        }
        let failure = Failure::new(Code::QueryFailed, "no");
        let at = unload.asked.created_at;
        let change = Change::new(Event::AttemptFailed { failure, retry_at: None }, at);
        world.store.transition(unload.unload_id(), unload.version, Some(claim.fence), change).await.unwrap();
    }
    accepting.start();
    eventually("the files behind them are gone", async || !world.files().iter().any(|path| path.ends_with("output000"))).await;
    accepting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_forgotten_after_its_time() {
    let mut world = World::new().await;
    world.settings.keep_history = std::time::Duration::from_secs(20 * 86_400);
    let engine = world.engine();
    engine.start();
    submit(&engine, submission("a")).await;
    let unload = world.until_terminal("a").await;
    // The relay's part: an unload whose end was not announced is never forgotten.
    let entries = world.store.outbox_claim(10, std::time::Duration::from_secs(60)).await.unwrap();
    world.store.outbox_published(&[entries[0].event_id.clone()]).await.unwrap();
    world.clock.advance(8 * 86_400);
    world.until("a", |unload| unload.status() == Status::Expired).await;
    let entries = world.store.outbox_claim(10, std::time::Duration::from_secs(60)).await.unwrap();
    world.store.outbox_published(&[entries[0].event_id.clone()]).await.unwrap();
    world.clock.advance(30 * 86_400);
    eventually("it is forgotten", async || world.store.unload_by_id(unload.unload_id()).await.unwrap().is_none()).await;
    engine.stop().await;
}
