//! Taking unloads up: order, room, and never two workers with one unload.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use outflow_core::id::from_micros;
use outflow_core::state::{Event, Fate};
use outflow_core::store::{Claim, Store};
use outflow_core::{Code, Failure, Status};

use crate::testing::{accept, claim_request, finish, new_unload, now, record};

/// What lapsed comes first, then what is due, then what is pending, each in its order and of the asked warehouse.
pub async fn claims_come_in_order(store: Arc<dyn Store>) {
    let mut lapsing = claim_request();
    lapsing.lease = Duration::ZERO;
    for name in ["lapsed-1", "lapsed-2"] {
        accept(&*store, new_unload(name)).await;
        assert_eq!(names(&store.claim(&lapsing).await.unwrap()).last().map(String::as_str), Some(name));
    }
    let mut due = Vec::new();
    for name in ["due-2", "due-1", "not-due"] {
        accept(&*store, new_unload(name)).await;
        let mut only = claim_request();
        only.lease = Duration::from_secs(3600);
        let mut claims = store.claim(&only).await.unwrap();
        due.push(claims.pop().unwrap());
        let held: Vec<_> = claims.iter().map(|claim| (claim.unload.unload_id(), claim.fence)).collect();
        store.release(&held).await.unwrap();
    }
    for (claim, delay) in due.iter().zip([-1, -2, 3_600]) {
        let retry_at = Some(from_micros(now().timestamp_micros() + delay * 1_000_000));
        let failure = Failure::new(Code::WarehouseUnavailable, "gone");
        record(&*store, claim, &claim.unload, Event::AttemptFailed { failure, retry_at }).await;
    }
    let mut late = new_unload("pending-2");
    late.created_at = from_micros(late.created_at.timestamp_micros() + 5);
    accept(&*store, late.clone()).await;
    let mut early = new_unload("pending-1");
    early.created_at = from_micros(late.created_at.timestamp_micros() - 1);
    accept(&*store, early).await;
    let mut elsewhere = new_unload("elsewhere");
    elsewhere.warehouse = "other".to_owned();
    accept(&*store, elsewhere).await;

    let mut request = claim_request();
    request.limit = 5;
    let claims = store.claim(&request).await.unwrap();
    let mut lapsed = names(&claims[..2]);
    lapsed.sort();
    assert_eq!(lapsed, ["lapsed-1", "lapsed-2"]);
    assert_eq!(names(&claims[2..]), ["due-1", "due-2", "pending-1"]);
    assert_eq!(claims.iter().map(|claim| claim.is_takeover).collect::<Vec<_>>(), [true, true, false, false, false]);
    assert_eq!(claims.iter().map(|claim| claim.unload.state.attempt()).collect::<Vec<_>>(), [1, 1, 2, 2, 1]);
    assert_eq!(names(&store.claim(&claim_request()).await.unwrap()), ["pending-2"]);
    assert!(store.claim(&claim_request()).await.unwrap().is_empty());
}

/// A claim that begins an unload is a change; one that takes it over is not. Both raise the fence.
pub async fn a_takeover_changes_the_fence_alone(store: Arc<dyn Store>) {
    accept(&*store, new_unload("takeover")).await;
    let mut request = claim_request();
    request.lease = Duration::ZERO;
    let begun = store.claim(&request).await.unwrap().remove(0);
    let taken = store.claim(&request).await.unwrap().remove(0);
    assert_eq!((begun.is_takeover, taken.is_takeover), (false, true));
    assert_eq!(begun.unload, taken.unload);
    assert!(begun.fence < taken.fence);
}

/// Never more of a warehouse than it may run, counted over all workers; another warehouse counts for itself.
pub async fn a_warehouse_is_never_overfilled(store: Arc<dyn Store>) {
    for index in 0..60 {
        let mut asked = new_unload(&format!("many-{index}"));
        asked.warehouse = if index % 2 == 0 { "main".to_owned() } else { "other".to_owned() };
        accept(&*store, asked).await;
    }
    for warehouse in ["main", "other"] {
        let mut left = 30;
        while left > 0 {
            let claims = join_all((0..6).map(|_| {
                let store = Arc::clone(&store);
                let mut request = claim_request();
                (request.warehouse, request.max_running, request.limit) = (warehouse.to_owned(), 7, 3);
                tokio::spawn(async move { store.claim(&request).await.unwrap() })
            }))
            .await;
            let claims: Vec<Claim> = claims.into_iter().flat_map(Result::unwrap).collect();
            assert_eq!(claims.len(), left.min(7));
            let held: HashSet<_> = claims.iter().map(|claim| claim.unload.unload_id()).collect();
            assert_eq!(held.len(), claims.len(), "an unload was claimed twice");
            join_all(claims.iter().map(|claim| finish(&*store, claim))).await;
            left -= claims.len();
        }
    }
}

/// What lapsed may still run: it fills its place until it is taken over and ended.
pub async fn a_lapsed_unload_keeps_its_place(store: Arc<dyn Store>) {
    accept(&*store, new_unload("first")).await;
    let mut request = claim_request();
    (request.max_running, request.limit) = (1, 10);
    request.lease = Duration::ZERO;
    store.claim(&request).await.unwrap();
    accept(&*store, new_unload("second")).await;
    request.lease = Duration::from_secs(60);
    let claims = store.claim(&request).await.unwrap();
    assert_eq!(names(&claims), ["first"]);
    assert!(store.claim(&request).await.unwrap().is_empty());
    finish(&*store, &claims[0]).await;
    assert_eq!(names(&store.claim(&request).await.unwrap()), ["second"]);
}

/// Waiting unloads take no place, and no more is held than `max_running` even when it was lowered.
pub async fn waiting_takes_no_place(store: Arc<dyn Store>) {
    for name in ["a", "b", "c"] {
        accept(&*store, new_unload(name)).await;
    }
    let mut request = claim_request();
    (request.max_running, request.lease) = (2, Duration::ZERO);
    let claims = store.claim(&request).await.unwrap();
    assert_eq!(names(&claims), ["a", "b"]);
    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    let retry_at = Some(from_micros(now().timestamp_micros() + 3_600_000_000));
    record(&*store, &claims[0], &claims[0].unload, Event::AttemptFailed { failure, retry_at }).await;
    (request.max_running, request.lease) = (2, Duration::from_secs(60));
    assert_eq!(names(&store.claim(&request).await.unwrap()), ["b", "c"]);

    let mut lapsed = claim_request();
    (lapsed.max_running, lapsed.lease) = (5, Duration::ZERO);
    for name in ["d", "e"] {
        accept(&*store, new_unload(name)).await;
    }
    assert_eq!(names(&store.claim(&lapsed).await.unwrap()), ["d", "e"]);
    lapsed.max_running = 3;
    assert_eq!(store.claim(&lapsed).await.unwrap().len(), 1, "two are held and one more may be");
}

/// Pending and waiting unloads whose deadline has passed are not begun; they are overdue. A running one is both until somebody ends it.
pub async fn what_is_overdue_is_not_begun(store: Arc<dyn Store>) {
    let overdue = |name| {
        let mut asked = new_unload(name);
        asked.deadline_at = from_micros(now().timestamp_micros() - 1_000_000);
        asked
    };
    accept(&*store, overdue("late")).await;
    accept(&*store, new_unload("in-time")).await;
    let mut request = claim_request();
    request.lease = Duration::ZERO;
    let claims = store.claim(&request).await.unwrap();
    assert_eq!(names(&claims), ["in-time"]);
    let found = store.overdue(now(), now(), 10).await.unwrap();
    assert_eq!(found.iter().map(|unload| unload.request_id().as_str()).collect::<Vec<_>>(), ["late"]);

    let deadline = claims[0].unload.asked.deadline_at;
    let after = from_micros(deadline.timestamp_micros() + 1);
    assert_eq!(store.next_deadline(now()).await.unwrap(), Some(deadline));
    assert_eq!(store.next_deadline(after).await.unwrap(), None);
    assert_eq!(store.overdue(after, after, 10).await.unwrap().len(), 2);
    assert_eq!(store.overdue(after, after, 1).await.unwrap().len(), 1);
    let patient = store.overdue(after, now(), 10).await.unwrap();
    assert_eq!(patient, found, "what may have a live statement is not overdue as soon as the others");
    request.lease = Duration::from_secs(60);
    let held = store.claim(&request).await.unwrap().remove(0);
    assert_eq!(store.overdue(after, after, 10).await.unwrap().len(), 1, "a worker that holds it ends it");
    let ended = record(&*store, &held, &held.unload, Event::DeadlinePassed { fate: Fate::Settled }).await;
    assert_eq!(ended.status(), Status::Failed);
    assert_eq!(store.overdue(after, after, 10).await.unwrap().len(), 1);
}

/// Workers that claim without a pause get every unload exactly once.
pub async fn concurrent_workers_share_the_work(store: Arc<dyn Store>) {
    for index in 0..200 {
        accept(&*store, new_unload(&format!("share-{index}"))).await;
    }
    let claimed = join_all((0..4).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut request = claim_request();
            request.limit = 7;
            let mut ids = Vec::new();
            loop {
                let claims = store.claim(&request).await.unwrap();
                if claims.is_empty() {
                    return ids;
                }
                ids.extend(claims.iter().map(|claim| claim.unload.unload_id()));
                assert!(ids.len() <= 200, "unloads are given out again");
            }
        })
    }))
    .await;
    let ids: Vec<_> = claimed.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(ids.len(), 200);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), 200);
}

/// How many are taken up before one: of its warehouse, in the order of claims, and only while it is pending.
pub async fn a_queue_position_counts_what_is_before(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for name in ["p0", "p1", "p2"] {
        ids.push(accept(&*store, new_unload(name)).await.unload_id());
        let mut elsewhere = new_unload(&format!("other-{name}"));
        elsewhere.warehouse = "other".to_owned();
        accept(&*store, elsewhere).await;
    }
    for (position, id) in ids.iter().enumerate() {
        assert_eq!(store.queue_position(*id).await.unwrap(), Some(position as u64));
    }
    let mut request = claim_request();
    request.limit = 1;
    store.claim(&request).await.unwrap();
    assert_eq!(store.queue_position(ids[0]).await.unwrap(), None);
    assert_eq!(store.queue_position(ids[2]).await.unwrap(), Some(1));
    assert_eq!(store.queue_position(outflow_core::UnloadId::generate()).await.unwrap(), None);
}

fn names(claims: &[Claim]) -> Vec<String> {
    claims.iter().map(|claim| claim.unload.request_id().to_string()).collect()
}
