//! A state table whose answers get lost: the change is recorded, and whoever asked for it is told that it failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use outflow_core::event::{Landed, OutboxEntry};
use outflow_core::receipt::Receipt;
use outflow_core::store::{
    ChangeNotice, Claim, ClaimRequest, Created, Fence, Garbage, HintOutcome, ListFilter, Outcome, Statistics, Store,
};
use outflow_core::unload::{Amount, Change, NewUnload};
use outflow_core::{Code, Error, Owner, RequestId, Result, Timestamp, Unload, UnloadId, WorkerId};

/// Loses the answer to the n-th transition, counted from 0, or to every one where `n` is none.
#[derive(Debug)]
pub(crate) struct LostAnswers {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) nth: usize,
    pub(crate) seen: AtomicUsize,
}

impl LostAnswers {
    pub(crate) fn new(store: Arc<dyn Store>, nth: usize) -> Arc<Self> {
        Arc::new(Self { store, nth, seen: AtomicUsize::new(0) })
    }

    /// Whether the answer to be lost has been lost.
    pub(crate) fn has_fired(&self) -> bool {
        self.seen.load(Ordering::SeqCst) > self.nth
    }
}

#[async_trait]
impl Store for LostAnswers {
    async fn transition(&self, unload_id: UnloadId, version: i64, fence: Option<Fence>, change: Change) -> Result<Outcome> {
        let outcome = self.store.transition(unload_id, version, fence, change).await;
        if self.seen.fetch_add(1, Ordering::SeqCst) == self.nth {
            return Err(Error::new(Code::StoreUnavailable, "the answer was lost"));
        }
        outcome
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
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>> {
        self.store.claim(request).await
    }
    async fn next_due(&self, warehouse: &str) -> Result<Option<Timestamp>> {
        self.store.next_due(warehouse).await
    }
    async fn heartbeat(&self, worker: WorkerId, held: &[(UnloadId, Fence)], lease: Duration) -> Result<Vec<UnloadId>> {
        self.store.heartbeat(worker, held, lease).await
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
    async fn outbox_release(&self, event_ids: &[String]) -> Result<()> {
        self.store.outbox_release(event_ids).await
    }
    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<Unload>> {
        self.store.overdue(now, limit).await
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
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.store.purge(before, limit).await
    }
    async fn statistics(&self) -> Result<Statistics> {
        self.store.statistics().await
    }
    fn changes(&self) -> BoxStream<'static, ChangeNotice> {
        self.store.changes()
    }
    async fn check(&self) -> Result<()> {
        self.store.check().await
    }
}
