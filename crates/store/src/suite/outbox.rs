//! The outbox: an entry with the change, handed out under a lease, until it is published.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use outflow_core::event::OutboxEntry;
use outflow_core::state::{Announced, Event, ExpiryReason};
use outflow_core::store::{Outcome, Store};
use outflow_core::unload::Change;
use outflow_core::{Status, Unload};

use crate::testing::{accept, claim, claim_request, finish, new_unload, now};

const MINUTE: Duration = Duration::from_secs(60);

/// Each terminal change leaves its entry, other changes none; the entry says what the change made.
pub async fn a_terminal_change_leaves_its_entry(store: Arc<dyn Store>) {
    let cancelled = accept(&*store, new_unload("cancelled")).await;
    let cancelled = cancel(&*store, &cancelled).await;
    let done = accept(&*store, new_unload("done")).await;
    let claim = claim(&*store, done.unload_id()).await;
    assert_eq!(store.statistics().await.unwrap().outbox_count, 1);
    let done = finish(&*store, &claim).await;
    let statistics = store.statistics().await.unwrap();
    assert_eq!((statistics.outbox_count, statistics.outbox_oldest), (2, cancelled.finished_at));

    let entries = store.outbox_claim(10, MINUTE).await.unwrap();
    let expected = [
        OutboxEntry::new(Announced::Failed, &cancelled, cancelled.finished_at.unwrap()),
        OutboxEntry::new(Announced::Complete, &done, done.finished_at.unwrap()),
    ];
    assert_eq!(entries, expected);
    assert_eq!(entries[1].event_id, format!("{}-5", done.unload_id()));
}

/// What one relay holds no other gets, until the lease has run out; what is published nobody gets again.
pub async fn entries_are_held_then_published(store: Arc<dyn Store>) {
    for index in 0..4 {
        let unload = accept(&*store, new_unload(&format!("e-{index}"))).await;
        cancel(&*store, &unload).await;
    }
    let first = store.outbox_claim(2, Duration::ZERO).await.unwrap();
    assert_eq!(names(&first), ["e-0", "e-1"], "oldest first");
    let again = store.outbox_claim(3, MINUTE).await.unwrap();
    assert_eq!(names(&again), ["e-0", "e-1", "e-2"], "the lease of the first two has run out");
    assert_eq!(names(&store.outbox_claim(10, MINUTE).await.unwrap()), ["e-3"]);
    assert!(store.outbox_claim(10, MINUTE).await.unwrap().is_empty());
    store.outbox_release(&[again[0].event_id.clone()], MINUTE).await.unwrap();
    store.outbox_release(&[again[1].event_id.clone()], Duration::ZERO).await.unwrap();
    assert_eq!(names(&store.outbox_claim(10, MINUTE).await.unwrap()), ["e-1"], "what is given back is there after its time");
    let ids: Vec<String> = again.iter().map(|entry| entry.event_id.clone()).collect();
    store.outbox_published(&ids).await.unwrap();
    store.outbox_published(&ids).await.unwrap();
    store.outbox_published(&[]).await.unwrap();
    store.outbox_release(&ids, Duration::ZERO).await.unwrap();
    store.outbox_release(&[], Duration::ZERO).await.unwrap();
    assert!(store.outbox_claim(10, MINUTE).await.unwrap().is_empty(), "what is published nobody gets again");
    assert_eq!(store.statistics().await.unwrap().outbox_count, 1);
}

/// The entries of one unload go one after the other, by version, whatever their clocks say.
pub async fn entries_of_an_unload_keep_their_order(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("ordered")).await;
    let done = finish(&*store, &claim(&*store, unload.unload_id()).await).await;
    let mut change = Change::new(Event::Expired { reason: ExpiryReason::Deleted }, now());
    change.at = unload.asked.created_at;
    let outcome = store.transition(done.unload_id(), done.version, None, change).await.unwrap();
    assert!(matches!(outcome, Outcome::Updated(_)));
    let first = store.outbox_claim(10, MINUTE).await.unwrap();
    assert_eq!(first.iter().map(|entry| entry.announced).collect::<Vec<_>>(), [Announced::Complete]);
    assert!(store.outbox_claim(10, MINUTE).await.unwrap().is_empty(), "the second waits for the first");
    store.outbox_published(&[first[0].event_id.clone()]).await.unwrap();
    let second = store.outbox_claim(10, MINUTE).await.unwrap();
    assert_eq!(second.iter().map(|entry| entry.announcement.status).collect::<Vec<_>>(), [Status::Expired]);
}

/// Relays that claim at once never get the same entry.
pub async fn concurrent_relays_share_the_entries(store: Arc<dyn Store>) {
    for index in 0..60 {
        accept(&*store, new_unload(&format!("r-{index}"))).await;
    }
    for claim in store.claim(&claim_request()).await.unwrap() {
        finish(&*store, &claim).await;
    }
    let taken = join_all((0..4).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut ids = Vec::new();
            loop {
                let entries = store.outbox_claim(5, MINUTE).await.unwrap();
                if entries.is_empty() {
                    return ids;
                }
                ids.extend(entries.into_iter().map(|entry| entry.event_id));
                assert!(ids.len() <= 60, "entries are given out again");
            }
        })
    }))
    .await;
    let ids: Vec<_> = taken.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(ids.len(), 60);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), 60);
}

async fn cancel(store: &dyn Store, unload: &Unload) -> Unload {
    let change = Change::new(Event::CancelRequested, now());
    match store.transition(unload.unload_id(), unload.version, None, change).await.unwrap() {
        Outcome::Updated(unload) => unload,
        other => panic!("a pending unload can be cancelled: {other:?}"),
    }
}

fn names(entries: &[OutboxEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.announcement.request_id.as_str()).collect()
}
