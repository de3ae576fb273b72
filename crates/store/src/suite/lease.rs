//! Keeping leases, losing them, giving them back.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::id::from_micros;
use outflow_core::state::Event;
use outflow_core::store::{Outcome, Store};
use outflow_core::unload::Change;
use outflow_core::{Code, Failure, StatementId};

use crate::testing::{accept, claim, claim_request, finish, new_unload, now, record};

/// A heartbeat keeps what is held from others and names what is not held any more.
pub async fn a_heartbeat_keeps_and_tells(store: Arc<dyn Store>) {
    for name in ["kept", "ended"] {
        accept(&*store, new_unload(name)).await;
    }
    let mut request = claim_request();
    request.lease = Duration::ZERO;
    let claims = store.claim(&request).await.unwrap();
    let held: Vec<_> = claims.iter().map(|claim| (claim.unload.unload_id(), claim.fence)).collect();
    let hour = Duration::from_secs(3600);
    assert!(store.heartbeat(request.worker, &held, hour).await.unwrap().is_empty(), "a lapsed lease that nobody took goes on");
    assert!(store.claim(&claim_request()).await.unwrap().is_empty());

    finish(&*store, &claims[1]).await;
    assert_eq!(store.heartbeat(request.worker, &held, hour).await.unwrap(), [held[1].0]);
    let stranger = claim_request().worker;
    let lost = store.heartbeat(stranger, &held, hour).await.unwrap();
    assert_eq!(lost.len(), 2, "another worker holds neither");
    assert!(store.heartbeat(request.worker, &[], hour).await.unwrap().is_empty());
}

/// What is given back is there for others at once, and whoever gave it back writes no more.
pub async fn a_release_gives_back_at_once(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("released")).await;
    let first = claim(&*store, unload.unload_id()).await;
    assert!(store.claim(&claim_request()).await.unwrap().is_empty());
    store.release(&[(unload.unload_id(), first.fence)]).await.unwrap();
    let change = Change::new(Event::Submitted { statement_id: StatementId::new("s") }, now());
    let outcome = store.transition(unload.unload_id(), first.unload.version, Some(first.fence), change).await.unwrap();
    assert_eq!(outcome, Outcome::Fenced);
    let second = claim(&*store, unload.unload_id()).await;
    assert!(second.is_takeover && second.fence > first.fence);
    assert_eq!(second.unload, first.unload);
    store.release(&[(unload.unload_id(), first.fence)]).await.unwrap();
    assert!(store.claim(&claim_request()).await.unwrap().is_empty(), "an old fence gives nothing back");
}

/// The next thing due is the end of the earliest wait or lease of that warehouse.
pub async fn the_next_due_moment_is_the_earliest(store: Arc<dyn Store>) {
    assert_eq!(store.next_due("main").await.unwrap(), None);
    for name in ["waits", "runs"] {
        accept(&*store, new_unload(name)).await;
    }
    assert_eq!(store.next_due("main").await.unwrap(), None, "what is pending is due now, not then");
    let before = now();
    let claims = store.claim(&claim_request()).await.unwrap();
    let due = store.next_due("main").await.unwrap().unwrap();
    let seconds = (due.timestamp_micros() - before.timestamp_micros()) / 1_000_000;
    assert!((55..=65).contains(&seconds), "the lease of a minute ends in {seconds} s");
    let until = from_micros(now().timestamp_micros() + 5_000_000);
    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    record(&*store, &claims[0], &claims[0].unload, Event::AttemptFailed { failure, retry_at: Some(until) }).await;
    assert_eq!(store.next_due("main").await.unwrap(), Some(until));
    assert_eq!(store.next_due("other").await.unwrap(), None);

    let mut late = new_unload("late");
    (late.warehouse, late.deadline_at) = ("late".to_owned(), from_micros(now().timestamp_micros() + 300_000));
    accept(&*store, late).await;
    let mut request = claim_request();
    request.warehouse = "late".to_owned();
    let claim = store.claim(&request).await.unwrap().remove(0);
    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    record(&*store, &claim, &claim.unload, Event::AttemptFailed { failure, retry_at: Some(until) }).await;
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while store.next_due("late").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "what waits beyond its deadline is never due");
}

/// What was begun without a claim is not forgotten: the next claim takes it over.
pub async fn what_nobody_holds_is_taken_over(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("orphan")).await;
    let change = Change::new(Event::Claimed, now());
    let outcome = store.transition(unload.unload_id(), 1, None, change).await.unwrap();
    assert!(matches!(outcome, Outcome::Updated(_)));
    // By a clock that counts milliseconds it may be a moment until the lease that nobody has is over.
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            if let Some(claim) = store.claim(&claim_request()).await.unwrap().pop() {
                return claim;
            }
        }
    });
    let claim = waited.await.expect("what nobody holds can be claimed");
    assert!(claim.is_takeover && claim.unload.unload_id() == unload.unload_id());
}
