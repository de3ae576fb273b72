//! The state table. A trait of whole use cases, each with its transaction inside; SQLite embedded, PostgreSQL for several replicas.
//!
//! Whatever answers `Ok` is on disk. Where several unloads are asked for, a row that cannot be read is left out and told of in the log:
//! what a newer version wrote must not stop the rest. Every write to an unload is a compare-and-set on its version, and a worker's on its fence too.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::event::OutboxEntry;
use crate::key::AttemptPlace;
use crate::receipt::Receipt;
use crate::state::IllegalTransition;
use crate::unload::{Amount, Change, NewUnload};
use crate::{Owner, RequestId, Result, Status, Timestamp, Unload, UnloadId, WorkerId};

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It is a new unload.
    New(Unload),
    /// The owner sent the same request under the same `requestId` before: this is it.
    Known(Unload),
    /// The owner's `requestId` names another request, this one.
    Taken(Unload),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is recorded; the unload as it stands now.
    Updated(Unload),
    /// Somebody else changed it before; the unload as it was found.
    Stale(Unload),
    /// Another worker holds it now; whoever asked must let go of it.
    Fenced,
    /// The event cannot happen in the state found.
    Illegal(Unload, IllegalTransition),
    /// There is no such unload.
    Missing,
}

/// A number that rises with every claim of an unload: a worker that was overtaken is known by its old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// An unload that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The unload, after the claim.
    pub unload: Unload,
    /// What the worker's writes are checked against.
    pub fence: Fence,
    /// Whether another worker, or this process before a crash, had begun with it: then look before you act.
    pub is_takeover: bool,
}

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: WorkerId,
    /// Of which warehouse.
    pub warehouse: String,
    /// How many statements may run there at once, over all workers.
    pub max_running: u32,
    /// How many unloads the worker takes at most.
    pub limit: u32,
    /// How long it holds them without a heartbeat.
    pub lease: Duration,
}

/// Which unloads a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Whose; none shows everybody's.
    pub owner: Option<Owner>,
    /// Only of that status.
    pub status: Option<Status>,
    /// Only with that label, key and value.
    pub label: Option<(String, String)>,
    /// Only accepted at or after that moment.
    pub since: Option<Timestamp>,
    /// Only older than that one: where the page before ended.
    pub before: Option<UnloadId>,
    /// How many at most.
    pub limit: u32,
}

/// A change that was just committed, as watchers hear of it. Notices can be lost; the row is the truth.
#[derive(Debug, Clone)]
pub struct ChangeNotice {
    /// Which unload.
    pub unload_id: UnloadId,
    /// The unload right after the change, where the notice carries it.
    pub unload: Option<std::sync::Arc<Unload>>,
}

/// An attempt whose files are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// Where they lie.
    pub place: AttemptPlace,
}

/// What became of a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HintOutcome {
    /// It names this active unload, which should be looked at now.
    Applied(UnloadId),
    /// It was heard before.
    Duplicate,
    /// It names nothing that waits for it, or more than one thing; why.
    Ignored(&'static str),
}

/// Numbers for the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many unloads there are of each status that is not terminal, and of each warehouse.
    pub active: Vec<(String, Status, u64)>,
    /// How many outbox entries wait.
    pub outbox_count: u64,
    /// When the oldest of them was written.
    pub outbox_oldest: Option<Timestamp>,
}

/// The state table.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Accepts a request, or finds out that it was accepted before. Two requests are the same when `request` is equal.
    async fn create_unload(&self, asked: NewUnload) -> Result<Created>;

    /// The owner's unload of that name.
    async fn unload(&self, owner: &Owner, request_id: &RequestId) -> Result<Option<Unload>>;

    /// The unload of that id, whoever owns it.
    async fn unload_by_id(&self, unload_id: UnloadId) -> Result<Option<Unload>>;

    /// Unloads, newest first.
    async fn list_unloads(&self, filter: &ListFilter) -> Result<Vec<Unload>>;

    /// How many pending unloads of the same warehouse are taken up before it, counted up to 10,000; `None` when it is not pending.
    async fn queue_position(&self, unload_id: UnloadId) -> Result<Option<u64>>;

    /// The receipt of an unload that was `DONE`.
    async fn receipt(&self, unload_id: UnloadId) -> Result<Option<Receipt>>;

    /// Claims what is to be done: first unloads whose worker is gone, then those whose wait is over, then pending ones in the order of
    /// fair turns. In one transaction each claim gets a new fence and a lease by the store's own clock, and pending and waiting ones
    /// take the transition `Claimed`: the intent to submit is recorded before anything is submitted. Never more than `max_running` of
    /// a warehouse are held at once, over all workers.
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>>;

    /// When the next waiting unload of a warehouse is due or the next lease runs out, so that a worker knows how long it may sleep. What
    /// waits beyond its deadline is not due any more.
    async fn next_due(&self, warehouse: &str) -> Result<Option<Timestamp>>;

    /// Prolongs the worker's leases; gives the unloads that it does not hold any more.
    async fn heartbeat(&self, worker: WorkerId, held: &[(UnloadId, Fence)], lease: Duration) -> Result<Vec<UnloadId>>;

    /// Gives leases back at once, at an orderly end: others may claim the unloads now.
    async fn release(&self, held: &[(UnloadId, Fence)]) -> Result<()>;

    /// Records a change: the unload's next state, its outbox entry, what is to be discarded, its receipt, all or nothing.
    ///
    /// With a fence, only while the claim holds; without, by version alone (what callers ask for: cancel, delete). Repeating a
    /// change that was recorded gives `Stale` with the unload as that change left it.
    async fn transition(&self, unload_id: UnloadId, version: i64, fence: Option<Fence>, change: Change) -> Result<Outcome>;

    /// Records how far a running statement has come; raises the version. `None` when the claim does not hold or the version is old.
    async fn record_progress(&self, unload_id: UnloadId, version: i64, fence: Fence, amount: Amount) -> Result<Option<Unload>>;

    /// Hears a hint once: records the message's id for the consumer and finds the one active unload that it names.
    async fn record_hint(&self, consumer: &str, message_id: &str, hint: &crate::event::Landed) -> Result<HintOutcome>;

    /// Unpublished outbox entries, oldest first, held under a short lease so that two relays do not publish the same at once.
    async fn outbox_claim(&self, limit: u32, lease: Duration) -> Result<Vec<OutboxEntry>>;

    /// Marks entries as published, after the bus's word.
    async fn outbox_published(&self, event_ids: &[String]) -> Result<()>;

    /// Gives entries back that the bus refused: they can be claimed again after that time, so that they do not stand before others.
    async fn outbox_release(&self, event_ids: &[String], after: Duration) -> Result<()>;

    /// Unloads that are not terminal although their deadline has passed and no worker holds them, the oldest deadline first. Those that
    /// may have a live statement only when their deadline has passed at `driven_before` too.
    async fn overdue(&self, now: Timestamp, driven_before: Timestamp, limit: u32) -> Result<Vec<Unload>>;

    /// The earliest deadline after that moment of all unloads that are not terminal.
    async fn next_deadline(&self, after: Timestamp) -> Result<Option<Timestamp>>;

    /// `DONE` unloads whose files' time is over.
    async fn expirable(&self, now: Timestamp, limit: u32) -> Result<Vec<Unload>>;

    /// Attempts whose files are to be deleted, oldest first.
    async fn garbage(&self, now: Timestamp, limit: u32) -> Result<Vec<Garbage>>;

    /// Says that an attempt's files are gone.
    async fn garbage_collected(&self, garbage: &[Garbage]) -> Result<()>;

    /// Says that an attempt's files could not be deleted: they are not garbage again before `until`, so that they do not stand before others.
    async fn garbage_put_off(&self, garbage: &[Garbage], until: Timestamp) -> Result<()>;

    /// Removes terminal unloads that ended before that moment, their receipts, published outbox entries and heard hints; gives how many
    /// unloads. Never one whose files are not deleted or whose outbox entry is not published.
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Numbers for the metrics.
    async fn statistics(&self) -> Result<Statistics>;

    /// What changes from now on. A slow listener loses notices, never the store's time.
    fn changes(&self) -> BoxStream<'static, ChangeNotice>;

    /// Whether the store can be reached and written to.
    async fn check(&self) -> Result<()>;
}
