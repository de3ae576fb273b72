//! Expiry, garbage and purging: nothing that can still be used is ever given away.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::event::Landed;
use outflow_core::id::from_micros;
use outflow_core::state::{Event, ExpiryReason, Fate};
use outflow_core::store::{HintOutcome, Outcome, Store};
use outflow_core::unload::Change;
use outflow_core::{Code, Failure, Status, Timestamp, Unload};

use crate::testing::{accept, claim, finish, new_unload, now, record, request_id};

/// `DONE` unloads whose time is over, and only those.
pub async fn what_is_over_can_expire(store: Arc<dyn Store>) {
    accept(&*store, new_unload("pending")).await;
    let mut short = new_unload("short");
    short.options.retention_days = 1;
    let short = accept(&*store, short).await;
    let long = accept(&*store, new_unload("long")).await;
    let claims = store.claim(&crate::testing::claim_request()).await.unwrap();
    for claim in claims.iter().filter(|claim| [short.unload_id(), long.unload_id()].contains(&claim.unload.unload_id())) {
        finish(&*store, claim).await;
    }
    assert!(store.expirable(now(), 10).await.unwrap().is_empty());
    let found = store.expirable(in_days(2), 10).await.unwrap();
    assert_eq!(found.iter().map(|unload| unload.request_id().as_str()).collect::<Vec<_>>(), ["short"]);
    assert_eq!(store.expirable(in_days(30), 10).await.unwrap().len(), 2);
    assert_eq!(store.expirable(in_days(30), 1).await.unwrap().len(), 1);
    expire(&*store, &found[0]).await;
    assert_eq!(store.expirable(in_days(30), 10).await.unwrap().len(), 1);
}

/// The files of an attempt that failed are garbage, those of the one under way or of the winner are not, until it expires.
pub async fn garbage_is_never_what_is_used(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("garbage")).await;
    let id = unload.unload_id();
    let first = claim(&*store, id).await;
    assert!(attempts(&*store).await.is_empty());
    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    record(&*store, &first, &first.unload, Event::AttemptFailed { failure, retry_at: Some(now()) }).await;
    assert_eq!(attempts(&*store).await, [1]);
    let second = claim(&*store, id).await;
    assert_eq!(attempts(&*store).await, [1]);
    let done = finish(&*store, &second).await;
    assert_eq!(attempts(&*store).await, [1], "the winner's files stay");
    expire(&*store, &done).await;
    assert_eq!(attempts(&*store).await, [1, 2], "oldest first");

    let garbage = store.garbage(in_days(1), 10).await.unwrap();
    assert_eq!((garbage[0].place.request_id.as_str(), garbage[0].place.unload_id), ("garbage", id));
    assert_eq!(store.garbage(in_days(1), 1).await.unwrap(), garbage[..1]);
    assert!(store.garbage(in_days(-1), 10).await.unwrap().is_empty(), "nothing was garbage yesterday");
    store.garbage_put_off(&garbage[..1], in_days(2)).await.unwrap();
    assert_eq!(attempts(&*store).await, [2], "what was put off does not stand before others");
    assert_eq!(store.garbage(in_days(3), 10).await.unwrap().len(), 2, "and comes again");
    store.garbage_collected(&garbage[..1]).await.unwrap();
    store.garbage_collected(&garbage[..1]).await.unwrap();
    store.garbage_put_off(&garbage[..1], in_days(-1)).await.unwrap();
    assert_eq!(attempts(&*store).await, [2]);
    store.garbage_collected(&garbage).await.unwrap();
    assert!(attempts(&*store).await.is_empty());
}

/// What may still be written is deleted only when that is over.
pub async fn what_may_still_be_written_is_left_for_a_while(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("unknown")).await;
    let claim = claim(&*store, unload.unload_id()).await;
    record(&*store, &claim, &claim.unload, Event::DeadlinePassed { fate: Fate::Unknown }).await;
    assert!(store.garbage(from_micros(now().timestamp_micros() + 3_600_000_000), 10).await.unwrap().is_empty());
    assert_eq!(store.garbage(in_days(2), 10).await.unwrap().len(), 1);
}

/// A cancelled unload without an attempt leaves no garbage; one with an attempt does.
pub async fn what_never_ran_leaves_no_garbage(store: Arc<dyn Store>) {
    let pending = accept(&*store, new_unload("pending")).await;
    let change = Change::new(Event::CancelRequested, now());
    store.transition(pending.unload_id(), 1, None, change).await.unwrap();
    assert!(attempts(&*store).await.is_empty());
    let running = accept(&*store, new_unload("running")).await;
    let claim = claim(&*store, running.unload_id()).await;
    let cancelling = record(&*store, &claim, &claim.unload, Event::CancelRequested).await;
    assert!(attempts(&*store).await.is_empty(), "its statement may still write");
    record(&*store, &claim, &cancelling, Event::CancelConfirmed).await;
    assert_eq!(attempts(&*store).await, [1]);
}

/// Purging takes only what is over, whose files are deleted and whose announcements are published, and takes all of that.
pub async fn a_purge_leaves_what_is_still_needed(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("purged")).await;
    let id = unload.unload_id();
    let done = finish(&*store, &claim(&*store, id).await).await;
    publish_all(&*store).await;
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 0, "its files are there");
    expire(&*store, &done).await;
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 0, "its files are not deleted and its entry is not published");
    publish_all(&*store).await;
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 0, "its files are not deleted");
    let garbage = store.garbage(in_days(1), 10).await.unwrap();
    store.garbage_collected(&garbage).await.unwrap();
    assert_eq!(store.purge(in_days(-1), 10).await.unwrap(), 0, "it ended later");
    assert!(store.receipt(id).await.unwrap().is_some());
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 1);
    assert_eq!(store.unload_by_id(id).await.unwrap(), None);
    assert_eq!(store.receipt(id).await.unwrap(), None);
    accept(&*store, new_unload("purged")).await;

    let unpublished = accept(&*store, new_unload("unpublished")).await;
    let change = Change::new(Event::CancelRequested, now());
    store.transition(unpublished.unload_id(), 1, None, change).await.unwrap();
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 0, "its entry is not published");
    publish_all(&*store).await;
    assert_eq!(store.purge(in_days(1), 10).await.unwrap(), 1, "it never had files");
}

/// A purge stops at its limit, and forgets messages that were heard long ago.
pub async fn a_purge_goes_in_batches(store: Arc<dyn Store>) {
    for index in 0..5 {
        let unload = accept(&*store, new_unload(&format!("b-{index}"))).await;
        let change = Change::new(Event::CancelRequested, now());
        store.transition(unload.unload_id(), 1, None, change).await.unwrap();
    }
    publish_all(&*store).await;
    let hint = Landed { request_id: request_id("b-0"), unload_id: None, attempt: None, s3_file_url: None };
    store.record_hint("listener", "m", &hint).await.unwrap();
    assert_eq!(store.purge(in_days(-1), 10).await.unwrap(), 0);
    assert_eq!(store.record_hint("listener", "m", &hint).await.unwrap(), HintOutcome::Duplicate);
    assert_eq!(store.purge(in_days(1), 3).await.unwrap(), 3);
    assert_eq!(store.purge(in_days(1), 3).await.unwrap(), 2);
    assert!(matches!(store.record_hint("listener", "m", &hint).await.unwrap(), HintOutcome::Ignored(_)));
}

async fn publish_all(store: &dyn Store) {
    loop {
        let entries = store.outbox_claim(10, Duration::ZERO).await.unwrap();
        if entries.is_empty() {
            return;
        }
        store.outbox_published(&entries.into_iter().map(|entry| entry.event_id).collect::<Vec<_>>()).await.unwrap();
    }
}

async fn expire(store: &dyn Store, done: &Unload) {
    let change = Change::new(Event::Expired { reason: ExpiryReason::Retention }, now());
    match store.transition(done.unload_id(), done.version, None, change).await.unwrap() {
        Outcome::Updated(unload) => assert_eq!(unload.status(), Status::Expired),
        other => panic!("a done unload can expire: {other:?}"),
    }
}

async fn attempts(store: &dyn Store) -> Vec<u32> {
    store.garbage(in_days(1), 10).await.unwrap().iter().map(|garbage| garbage.place.attempt).collect()
}

fn in_days(days: i64) -> Timestamp {
    from_micros(now().timestamp_micros() + days * 86_400_000_000)
}
