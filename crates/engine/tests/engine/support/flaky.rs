//! A state table with a flaw: it loses answers, refuses, or tells nothing, and counts what it let through.

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use outflow_core::event::{Landed, OutboxEntry};
use outflow_core::receipt::Receipt;
use outflow_core::state::Event;
use outflow_core::store::{
    ChangeNotice, Claim, ClaimRequest, Created, Fence, Garbage, HintOutcome, ListFilter, Outcome, Statistics, Store,
};
use outflow_core::unload::{Amount, Change, NewUnload};
use outflow_core::{Code, Error, Owner, RequestId, Result, Timestamp, Unload, UnloadId, WorkerId};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The answer to the n-th transition, counted from 0, is lost: it is recorded, and whoever asked is told that it failed.
    LosesAnswer(usize),
    /// The first change of each kind is not recorded, and whoever holds the unload is told that it is another's now: the whole step is done
    /// again. Whoever does not hold it is told of an error. So is the first claim.
    RefusesEachOnce,
    /// While [`Flaky::stall`] holds, nothing comes of heartbeats and, where that is said, of claims.
    Stalls { claims: bool },
    /// While [`Flaky::stall`] holds, heartbeats end in an error, and nothing comes of claims.
    LosesHeartbeats,
    /// Nobody hears of changes.
    IsMute,
}

#[derive(Debug)]
pub(crate) struct Flaky {
    store: Arc<dyn Store>,
    flaw: Flaw,
    is_stalled: AtomicBool,
    refused: Mutex<HashSet<Discriminant<Event>>>,
    has_refused_a_claim: AtomicBool,
    transitions: AtomicUsize,
    accepted: AtomicUsize,
    takeovers: AtomicUsize,
    heartbeats: AtomicUsize,
    last_fence: AtomicI64,
}

impl Flaky {
    pub(crate) fn new(store: Arc<dyn Store>, flaw: Flaw) -> Arc<Self> {
        Arc::new(Self {
            store,
            flaw,
            is_stalled: false.into(),
            refused: Mutex::default(),
            has_refused_a_claim: false.into(),
            transitions: 0.into(),
            accepted: 0.into(),
            takeovers: 0.into(),
            heartbeats: 0.into(),
            last_fence: 0.into(),
        })
    }

    /// Begins or ends a stall.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::SeqCst);
    }

    /// How many changes were asked for.
    pub(crate) fn transitions(&self) -> usize {
        self.transitions.load(Ordering::SeqCst)
    }

    /// How many changes were recorded.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// How many claims took an unload over.
    pub(crate) fn takeovers(&self) -> usize {
        self.takeovers.load(Ordering::SeqCst)
    }

    /// How many heartbeats came.
    pub(crate) fn heartbeats(&self) -> usize {
        self.heartbeats.load(Ordering::SeqCst)
    }

    /// The fence of the last claim.
    pub(crate) fn last_fence(&self) -> Fence {
        Fence(self.last_fence.load(Ordering::SeqCst))
    }

    /// How many kinds of change were refused once.
    pub(crate) fn refused(&self) -> usize {
        self.refused.lock().unwrap().len()
    }

    fn is_stalled(&self) -> bool {
        self.is_stalled.load(Ordering::SeqCst)
    }
}

fn lost() -> Error {
    Error::new(Code::StoreUnavailable, "the answer was lost")
}

#[async_trait]
impl Store for Flaky {
    async fn transition(&self, unload_id: UnloadId, version: i64, fence: Option<Fence>, change: Change) -> Result<Outcome> {
        let nth = self.transitions.fetch_add(1, Ordering::SeqCst);
        if self.flaw == Flaw::RefusesEachOnce && self.refused.lock().unwrap().insert(discriminant(&change.event)) {
            return if fence.is_some() { Ok(Outcome::Fenced) } else { Err(lost()) };
        }
        let outcome = self.store.transition(unload_id, version, fence, change).await;
        if matches!(outcome, Ok(Outcome::Updated(_))) {
            self.accepted.fetch_add(1, Ordering::SeqCst);
        }
        if self.flaw == Flaw::LosesAnswer(nth) { Err(lost()) } else { outcome }
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>> {
        if self.flaw == Flaw::RefusesEachOnce && !self.has_refused_a_claim.swap(true, Ordering::SeqCst) {
            return Err(lost());
        }
        if self.is_stalled() && matches!(self.flaw, Flaw::Stalls { claims: true } | Flaw::LosesHeartbeats) {
            return Ok(Vec::new());
        }
        let claims = self.store.claim(request).await?;
        if let Some(claim) = claims.last() {
            self.last_fence.store(claim.fence.0, Ordering::SeqCst);
        }
        self.takeovers.fetch_add(claims.iter().filter(|claim| claim.is_takeover).count(), Ordering::SeqCst);
        Ok(claims)
    }

    async fn heartbeat(&self, worker: WorkerId, held: &[(UnloadId, Fence)], lease: Duration) -> Result<Vec<UnloadId>> {
        self.heartbeats.fetch_add(1, Ordering::SeqCst);
        if self.is_stalled() {
            return if self.flaw == Flaw::LosesHeartbeats { Err(lost()) } else { Ok(Vec::new()) };
        }
        self.store.heartbeat(worker, held, lease).await
    }

    fn changes(&self) -> BoxStream<'static, ChangeNotice> {
        if self.flaw == Flaw::IsMute { stream::pending().boxed() } else { self.store.changes() }
    }

    async fn create_unload(&self, asked: NewUnload) -> Result<Created> {
        self.store.create_unload(asked).await
    }
    async fn unload(&self, owner: &Owner, request_id: &RequestId) -> Result<Option<Unload>> {
        self.store.unload(owner, request_id).await
    }
    async fn unload_by_id(&self, unload_id: UnloadId) -> Result<Option<Unload>> {
        self.store.unload_by_id(unload_id).await
    }
    async fn list_unloads(&self, filter: &ListFilter) -> Result<Vec<Unload>> {
        self.store.list_unloads(filter).await
    }
    async fn queue_position(&self, unload_id: UnloadId) -> Result<Option<u64>> {
        self.store.queue_position(unload_id).await
    }
    async fn receipt(&self, unload_id: UnloadId) -> Result<Option<Receipt>> {
        self.store.receipt(unload_id).await
    }
    async fn next_due(&self, warehouse: &str) -> Result<Option<Timestamp>> {
        self.store.next_due(warehouse).await
    }
    async fn release(&self, held: &[(UnloadId, Fence)]) -> Result<()> {
        self.store.release(held).await
    }
    async fn record_progress(&self, unload_id: UnloadId, version: i64, fence: Fence, amount: Amount) -> Result<Option<Unload>> {
        self.store.record_progress(unload_id, version, fence, amount).await
    }
    async fn record_hint(&self, consumer: &str, message_id: &str, hint: &Landed) -> Result<HintOutcome> {
        self.store.record_hint(consumer, message_id, hint).await
    }
    async fn outbox_claim(&self, limit: u32, lease: Duration) -> Result<Vec<OutboxEntry>> {
        self.store.outbox_claim(limit, lease).await
    }
    async fn outbox_published(&self, event_ids: &[String]) -> Result<()> {
        self.store.outbox_published(event_ids).await
    }
    async fn outbox_release(&self, event_ids: &[String], after: Duration) -> Result<()> {
        self.store.outbox_release(event_ids, after).await
    }
    async fn overdue(&self, now: Timestamp, driven_before: Timestamp, limit: u32) -> Result<Vec<Unload>> {
        self.store.overdue(now, driven_before, limit).await
    }
    async fn next_deadline(&self, after: Timestamp) -> Result<Option<Timestamp>> {
        self.store.next_deadline(after).await
    }
    async fn expirable(&self, now: Timestamp, limit: u32) -> Result<Vec<Unload>> {
        self.store.expirable(now, limit).await
    }
    async fn garbage(&self, now: Timestamp, limit: u32) -> Result<Vec<Garbage>> {
        self.store.garbage(now, limit).await
    }
    async fn garbage_collected(&self, garbage: &[Garbage]) -> Result<()> {
        self.store.garbage_collected(garbage).await
    }
    async fn garbage_put_off(&self, garbage: &[Garbage], until: Timestamp) -> Result<()> {
        self.store.garbage_put_off(garbage, until).await
    }
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.store.purge(before, limit).await
    }
    async fn statistics(&self) -> Result<Statistics> {
        self.store.statistics().await
    }
    async fn check(&self) -> Result<()> {
        self.store.check().await
    }
}
