//! Changing an unload: compare-and-set, fences, and what is recorded with a change.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use outflow_core::state::{Event, ExpiryReason};
use outflow_core::store::{Fence, Outcome, Store};
use outflow_core::unload::{Amount, Change, NewUnload};
use outflow_core::{Code, Failure, Phase, State, StatementId, Status, Timestamp, Unload, UnloadId};

use crate::testing::{accept, claim, claim_request, delivery, finish, new_unload, now, record};

/// The clock of whoever accepts may be ahead of the store's, which stamps a claim.
pub async fn nothing_starts_before_it_was_accepted(store: Arc<dyn Store>) {
    let asked = new_unload("ahead");
    let created_at = asked.created_at + Duration::from_secs(60);
    let accepted = accept(&*store, NewUnload { created_at, ..asked }).await;
    let claim = claim(&*store, accepted.unload_id()).await;
    assert_eq!(claim.unload.started_at, Some(created_at));
    is_read_back(&*store, &claim.unload).await;
}

/// From acceptance to expiry: every answer equals what is read afterwards, and versions count by one.
pub async fn a_whole_life_reads_back_as_it_was_answered(store: Arc<dyn Store>) {
    let accepted = accept(&*store, new_unload("life")).await;
    let claim = claim(&*store, accepted.unload_id()).await;
    assert_eq!((claim.unload.version, claim.unload.state.clone()), (2, State::Submitting { attempt: 1 }));
    assert!(claim.unload.started_at.is_some());
    is_read_back(&*store, &claim.unload).await;

    let statement_id = StatementId::new("s-1");
    let unload = record(&*store, &claim, &claim.unload, Event::Submitted { statement_id: statement_id.clone() }).await;
    is_read_back(&*store, &unload).await;
    let unload = record(&*store, &claim, &unload, Event::Finished { rows: Some(10) }).await;
    is_read_back(&*store, &unload).await;
    assert_eq!(store.receipt(unload.unload_id()).await.unwrap(), None);

    let change = Change { event: Event::Finalized, at: now(), result: Some(delivery(&unload, 10, 345)) };
    let Outcome::Updated(done) =
        store.transition(unload.unload_id(), unload.version, Some(claim.fence), change.clone()).await.unwrap()
    else {
        panic!("finalizing is possible");
    };
    assert_eq!((done.version, done.status()), (5, Status::Done));
    assert_eq!((done.amount, done.file_count), (Amount { rows: 10, bytes: 345 }, Some(1)));
    assert_eq!((done.statement_id.as_ref(), done.finished_at), (Some(&statement_id), Some(change.at)));
    is_read_back(&*store, &done).await;
    assert_eq!(store.receipt(done.unload_id()).await.unwrap(), change.result.map(|delivery| delivery.receipt));

    let expired = without_fence(&*store, &done, Event::Expired { reason: ExpiryReason::Deleted }).await;
    assert_eq!(expired.status(), Status::Expired);
    is_read_back(&*store, &expired).await;
    assert!(store.receipt(done.unload_id()).await.unwrap().is_some(), "the receipt stays when the files go");
}

/// A moment is answered as precise as it is kept, however precise it was given.
pub async fn moments_are_answered_as_they_are_kept(store: Arc<dyn Store>) {
    let finer = |at: Timestamp| Timestamp::from_timestamp_nanos(at.timestamp_micros() * 1_000 + 789);
    let mut asked = new_unload("moments");
    asked.created_at = finer(asked.created_at);
    asked.deadline_at = finer(asked.deadline_at);
    let unload = accept(&*store, asked).await;
    is_read_back(&*store, &unload).await;
    let claim = claim(&*store, unload.unload_id()).await;
    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    let event = Event::AttemptFailed { failure, retry_at: Some(finer(now())) };
    let change = Change::new(event, finer(now()));
    let outcome = store.transition(unload.unload_id(), claim.unload.version, Some(claim.fence), change).await.unwrap();
    let Outcome::Updated(waiting) = outcome else { panic!("an attempt can fail: {outcome:?}") };
    is_read_back(&*store, &waiting).await;
    let cancelled = Change::new(Event::CancelRequested, finer(now()));
    let outcome = store.transition(unload.unload_id(), waiting.version, None, cancelled).await.unwrap();
    let Outcome::Updated(cancelled) = outcome else { panic!("a waiting one can be cancelled: {outcome:?}") };
    is_read_back(&*store, &cancelled).await;
    assert_eq!(cancelled.finished_at.map(|at| at.timestamp_subsec_nanos() % 1_000), Some(0));
}

/// Waiting, failed and cancelled ones read back with why and until when.
pub async fn other_ends_read_back_too(store: Arc<dyn Store>) {
    let failure = Failure::new(Code::QueryFailed, "division by zero");
    let failed = accept(&*store, new_unload("failed")).await;
    let cancelled = accept(&*store, new_unload("cancelled")).await;
    let claim = claim(&*store, failed.unload_id()).await;
    let waiting = Event::AttemptFailed { failure: failure.clone(), retry_at: Some(now()) };
    let waiting = record(&*store, &claim, &claim.unload, waiting).await;
    assert_eq!((waiting.state.phase(), waiting.state.failure()), (Some(Phase::Waiting), Some(&failure)));
    is_read_back(&*store, &waiting).await;

    let claims = store.claim(&claim_request()).await.unwrap();
    let claim = claims.iter().find(|claim| claim.unload.unload_id() == failed.unload_id()).unwrap();
    assert_eq!(claim.unload.state, State::Submitting { attempt: 2 });
    let failed = record(&*store, claim, &claim.unload, Event::AttemptFailed { failure: failure.clone(), retry_at: None }).await;
    assert_eq!((failed.status(), failed.state.failure()), (Status::Failed, Some(&failure)));
    is_read_back(&*store, &failed).await;

    let running = store.unload_by_id(cancelled.unload_id()).await.unwrap().unwrap();
    let cancelling = without_fence(&*store, &running, Event::CancelRequested).await;
    assert_eq!(cancelling.state.phase(), Some(Phase::Cancelling));
    is_read_back(&*store, &cancelling).await;
    let cancelled = without_fence(&*store, &cancelling, Event::CancelConfirmed).await;
    assert_eq!(cancelled.status(), Status::Cancelled);
    is_read_back(&*store, &cancelled).await;
}

/// A change of an older version changes nothing and tells how the unload stands, the same change repeated as well.
pub async fn a_repeated_change_is_stale(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("stale")).await;
    let claim = claim(&*store, unload.unload_id()).await;
    let change = Change::new(Event::Submitted { statement_id: StatementId::new("s-1") }, now());
    let version = claim.unload.version;
    let Outcome::Updated(updated) =
        store.transition(unload.unload_id(), version, Some(claim.fence), change.clone()).await.unwrap()
    else {
        panic!("submitting is possible");
    };
    let again = store.transition(unload.unload_id(), version, Some(claim.fence), change.clone()).await.unwrap();
    assert_eq!(again, Outcome::Stale(updated.clone()));
    assert_eq!(store.transition(unload.unload_id(), version + 7, None, change).await.unwrap(), Outcome::Stale(updated.clone()));
    let unload = record(&*store, &claim, &updated, Event::Finished { rows: None }).await;
    let finalized = Change { event: Event::Finalized, at: now(), result: Some(delivery(&unload, 1, 1)) };
    let first = store.transition(unload.unload_id(), unload.version, Some(claim.fence), finalized.clone()).await.unwrap();
    let Outcome::Updated(done) = first else { panic!("finalizing is possible") };
    let again = store.transition(unload.unload_id(), unload.version, Some(claim.fence), finalized).await.unwrap();
    assert_eq!(again, Outcome::Stale(done));
    assert_eq!(announced(&*store).await, 1);
}

/// What cannot happen changes nothing and says so; what is not there is missing.
pub async fn illegal_and_missing_change_nothing(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("illegal")).await;
    let change = Change::new(Event::CancelConfirmed, now());
    let Outcome::Illegal(found, illegal) = store.transition(unload.unload_id(), 1, None, change.clone()).await.unwrap() else {
        panic!("a pending unload cannot confirm a cancel");
    };
    assert_eq!((found, illegal.state, illegal.event), (unload.clone(), State::Pending, Event::CancelConfirmed));
    is_read_back(&*store, &unload).await;
    assert_eq!(store.transition(UnloadId::generate(), 1, None, change).await.unwrap(), Outcome::Missing);

    let claim = claim(&*store, unload.unload_id()).await;
    let statement_id = StatementId::new("s-1");
    let unload = record(&*store, &claim, &claim.unload, Event::Submitted { statement_id }).await;
    let unload = record(&*store, &claim, &unload, Event::Finished { rows: None }).await;
    let bare = Change::new(Event::Finalized, now());
    let error = store.transition(unload.unload_id(), unload.version, Some(claim.fence), bare).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    is_read_back(&*store, &unload).await;
    assert_eq!(announced(&*store).await, 0);
}

/// A worker that was overtaken can write nothing, whatever it tries.
pub async fn an_overtaken_worker_writes_nothing(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("fenced")).await;
    let mut first = claim_request();
    first.lease = Duration::ZERO;
    let slow = store.claim(&first).await.unwrap().remove(0);
    let fast = claim(&*store, unload.unload_id()).await;
    assert!(fast.is_takeover && fast.fence > slow.fence);
    let before = store.unload_by_id(unload.unload_id()).await.unwrap().unwrap();

    let change = Change::new(Event::Submitted { statement_id: StatementId::new("s-slow") }, now());
    let outcome = store.transition(unload.unload_id(), before.version, Some(slow.fence), change).await.unwrap();
    assert_eq!(outcome, Outcome::Fenced);
    let amount = Amount { rows: 1, bytes: 1 };
    assert_eq!(store.record_progress(unload.unload_id(), before.version, slow.fence, amount).await.unwrap(), None);
    let held = [(unload.unload_id(), slow.fence)];
    assert_eq!(store.heartbeat(first.worker, &held, Duration::from_secs(60)).await.unwrap(), [unload.unload_id()]);
    store.release(&held).await.unwrap();
    is_read_back(&*store, &before).await;

    finish(&*store, &fast).await;
}

/// Of many who change the same version at once, one does; the others see what it left.
pub async fn of_concurrent_changes_one_wins(store: Arc<dyn Store>) {
    for round in 0..10 {
        let unload = accept(&*store, new_unload(&format!("race-{round}"))).await;
        let claim = claim(&*store, unload.unload_id()).await;
        let statement_id = StatementId::new("s-1");
        let unload = record(&*store, &claim, &claim.unload, Event::Submitted { statement_id }).await;
        let unload = record(&*store, &claim, &unload, Event::Finished { rows: None }).await;
        let outcomes = join_all((0..8).map(|caller| {
            let (store, unload) = (Arc::clone(&store), unload.clone());
            let fence = (caller % 2 == 0).then_some(claim.fence);
            let change = match caller % 2 {
                0 => Change { event: Event::Finalized, at: now(), result: Some(delivery(&unload, 1, 1)) },
                _ => Change::new(Event::CancelRequested, now()),
            };
            tokio::spawn(async move { store.transition(unload.unload_id(), unload.version, fence, change).await.unwrap() })
        }))
        .await;
        let (mut updated, mut stale) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            match outcome.unwrap() {
                Outcome::Updated(unload) => updated.push(unload),
                Outcome::Stale(unload) => stale.push(unload),
                other => panic!("neither updated nor stale: {other:?}"),
            }
        }
        assert_eq!((updated.len(), stale.len()), (1, 7));
        assert!(stale.iter().all(|found| *found == updated[0]));
        is_read_back(&*store, &updated[0]).await;
    }
}

/// Progress raises the version, only ever grows, and counts only under the claim.
pub async fn progress_grows_under_the_claim(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("progress")).await;
    let id = unload.unload_id();
    let claim = claim(&*store, id).await;
    let unload = record(&*store, &claim, &claim.unload, Event::Submitted { statement_id: StatementId::new("s") }).await;
    let amount = |rows, bytes| Amount { rows, bytes };
    let further = store.record_progress(id, unload.version, claim.fence, amount(10, 100)).await.unwrap().unwrap();
    assert_eq!((further.version, further.amount), (unload.version + 1, amount(10, 100)));
    is_read_back(&*store, &further).await;
    assert_eq!(store.record_progress(id, unload.version, claim.fence, amount(20, 200)).await.unwrap(), None, "an old version");
    let fence = Fence(claim.fence.0 - 1);
    assert_eq!(store.record_progress(id, further.version, fence, amount(20, 200)).await.unwrap(), None, "an old fence");
    let back = store.record_progress(id, further.version, claim.fence, amount(5, 300)).await.unwrap().unwrap();
    assert_eq!(back.amount, amount(10, 300));
    assert_eq!(store.record_progress(UnloadId::generate(), 1, claim.fence, amount(1, 1)).await.unwrap(), None);
    let unload = record(&*store, &claim, &back, Event::Finished { rows: Some(11) }).await;
    let done = record(&*store, &claim, &unload, Event::Finalized).await;
    assert_eq!(store.record_progress(id, done.version, claim.fence, amount(99, 999)).await.unwrap(), None, "it is over");
}

async fn without_fence(store: &dyn Store, unload: &Unload, event: Event) -> Unload {
    match store.transition(unload.unload_id(), unload.version, None, Change::new(event, now())).await.unwrap() {
        Outcome::Updated(unload) => unload,
        other => panic!("the event was not recorded: {other:?}"),
    }
}

async fn is_read_back(store: &dyn Store, unload: &Unload) {
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap().as_ref(), Some(unload));
}

async fn announced(store: &dyn Store) -> u64 {
    store.statistics().await.unwrap().outbox_count
}
