//! Hearing of changes, and the numbers for the metrics.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use outflow_core::state::Event;
use outflow_core::store::Store;
use outflow_core::unload::{Amount, Change};
use outflow_core::{StatementId, Status, Unload};

use crate::testing::{accept, claim, claim_request, new_unload, now, record};

/// Every change is told after it is committed, with the unload as it left it; what changes nothing is not told.
pub async fn changes_are_told(store: Arc<dyn Store>) {
    accept(&*store, new_unload("before")).await;
    let mut changes = store.changes();
    let accepted = accept(&*store, new_unload("watched")).await;
    let claim = claim(&*store, accepted.unload_id()).await;
    let submitted = record(&*store, &claim, &claim.unload, Event::Submitted { statement_id: StatementId::new("s") }).await;
    let stale = Change::new(Event::CancelRequested, now());
    store.transition(accepted.unload_id(), 1, None, stale).await.unwrap();
    let amount = Amount { rows: 1, bytes: 2 };
    let progressed = store.record_progress(accepted.unload_id(), submitted.version, claim.fence, amount).await.unwrap().unwrap();
    let mut heard: Vec<Unload> = Vec::new();
    while heard.last() != Some(&progressed) {
        let notice = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.expect("a change is told").unwrap();
        if notice.unload_id == accepted.unload_id() {
            heard.push(notice.unload.unwrap().as_ref().clone());
        }
    }
    assert_eq!(heard, [accepted, claim.unload, submitted, progressed]);
}

/// A listener that does not listen holds nobody up and hears the latest when it comes back.
pub async fn a_slow_listener_loses_notices_only(store: Arc<dyn Store>) {
    let mut changes = store.changes();
    for round in 0..12 {
        join_all((0..100).map(|index| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { accept(&*store, new_unload(&format!("slow-{round}-{index}"))).await })
        }))
        .await;
    }
    let last = accept(&*store, new_unload("last")).await;
    let mut heard = 0;
    loop {
        let notice = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.expect("the latest is told").unwrap();
        heard += 1;
        if notice.unload_id == last.unload_id() {
            break;
        }
    }
    assert!(heard < 1_201, "some notices were lost: {heard} of 1201 were heard");
}

/// How many wait and run in each warehouse, and that the store can be written to.
pub async fn numbers_are_counted(store: Arc<dyn Store>) {
    store.check().await.unwrap();
    for (name, warehouse) in [("a", "main"), ("b", "main"), ("c", "main"), ("d", "other")] {
        let mut asked = new_unload(name);
        asked.warehouse = warehouse.to_owned();
        accept(&*store, asked).await;
    }
    let mut request = claim_request();
    request.limit = 1;
    store.claim(&request).await.unwrap();
    let mut active = store.statistics().await.unwrap().active;
    active.sort();
    let count = |warehouse: &str, status, number| (warehouse.to_owned(), status, number);
    assert_eq!(
        active,
        [count("main", Status::Pending, 2), count("main", Status::Running, 1), count("other", Status::Pending, 1)]
    );
    store.check().await.unwrap();
}
