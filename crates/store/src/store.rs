//! The store over either database: reads on any connection, writes as works.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use outflow_core::event::{Landed, OutboxEntry};
use outflow_core::id::micros;
use outflow_core::key::AttemptPlace;
use outflow_core::receipt::Receipt;
use outflow_core::store::{
    ChangeNotice, Claim, ClaimRequest, Created, Fence, Garbage, HintOutcome, ListFilter, Outcome, Statistics, Store,
};
use outflow_core::unload::{Amount, Change, NewUnload};
use outflow_core::{Owner, RequestId, Result, Status, Timestamp, Unload, UnloadId, WorkerId};
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::connection::{Row, Value, values};
use crate::dialect::Dialect;
use crate::postgres::PostgresStore;
use crate::record;
use crate::sqlite::SqliteStore;
use crate::statement::{self, Statement};
use crate::work::Work;
use crate::work::claim::TakeUp;
use crate::work::create::Create;
use crate::work::hint::Hear;
use crate::work::lease::{Probe, Prolong, Release};
use crate::work::outbox::{PublishEntries, ReleaseEntries, TakeEntries};
use crate::work::retention::{NoteDiscarded, Old, Purge, PutOff};
use crate::work::transition::{Progress, Transition};

/// How far a queue position is counted.
const COUNTED_POSITIONS: u32 = 10_000;
/// How many small rows one transaction removes.
const PURGED_AT_ONCE: u32 = 1_000;

/// Which database it is.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// The state table.
#[derive(Debug)]
pub(crate) struct SqlStore {
    pub(crate) backend: Backend,
    pub(crate) notices: broadcast::Sender<Arc<Unload>>,
}

impl SqlStore {
    async fn write<W: Work>(&self, work: W) -> Result<W::Output> {
        match &self.backend {
            Backend::Sqlite(store) => store.write(work).await,
            Backend::Postgres(store) => store.write(work).await,
        }
    }

    async fn rows(&self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.ask(statement.text(self.dialect()), values).await
    }

    async fn row(&self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Option<Row>> {
        Ok(self.rows(statement, values).await?.pop())
    }

    /// The moment in the column `due_at` of the one row.
    async fn moment(&self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Option<Timestamp>> {
        match self.row(statement, values).await? {
            Some(row) => record::moment_or_none(&row, "due_at"),
            None => Ok(None),
        }
    }

    async fn ask(&self, text: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>> {
        match &self.backend {
            Backend::Sqlite(store) => store.ask(text, values).await,
            Backend::Postgres(store) => store.ask(text, values).await,
        }
    }

    /// At most `limit` unloads of a query whose last placeholder is the limit. A row that cannot be read makes room for another.
    async fn unloads(&self, text: SqlStr, values: &[Value<'_>], limit: u32) -> Result<Vec<Unload>> {
        let mut left_out = 0;
        loop {
            let rows = self.ask(text.clone(), &[values, &[Value::from(limit.saturating_add(left_out))]].concat()).await?;
            let found = record::readable(&rows, "unload_id", record::unload);
            let unreadable = u32::try_from(rows.len() - found.len()).unwrap_or(u32::MAX);
            if unreadable == left_out {
                return Ok(found);
            }
            left_out = unreadable;
        }
    }

    fn dialect(&self) -> Dialect {
        match &self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn purge_small(&self, what: Old, before: Timestamp) -> Result<()> {
        while self.write(Purge { what, before, limit: PURGED_AT_ONCE }).await? == u64::from(PURGED_AT_ONCE) {}
        Ok(())
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn create_unload(&self, asked: NewUnload) -> Result<Created> {
        self.write(Create::new(asked)).await
    }

    async fn unload(&self, owner: &Owner, request_id: &RequestId) -> Result<Option<Unload>> {
        let row = self.row(&statement::UNLOAD_BY_REQUEST, values![owner.as_str(), request_id.as_str()]).await?;
        row.as_ref().map(record::unload).transpose()
    }

    async fn unload_by_id(&self, unload_id: UnloadId) -> Result<Option<Unload>> {
        let row = self.row(&statement::UNLOAD_BY_ID, values![&unload_id.to_string()]).await?;
        row.as_ref().map(record::unload).transpose()
    }

    async fn list_unloads(&self, filter: &ListFilter) -> Result<Vec<Unload>> {
        let page = match filter.before {
            None => crate::list::Page::first(filter),
            Some(before) => {
                let row = self.row(&statement::CREATED_AT, values![&before.to_string()]).await?;
                let created_at = row.map(|row| row.get("created_at")).transpose()?;
                crate::list::Page::after(filter, before, created_at)
            }
        };
        let text = AssertSqlSafe(self.dialect().fill_in(&page.text())).into_sql_str();
        self.unloads(text, &page.values(), filter.limit).await
    }

    async fn queue_position(&self, unload_id: UnloadId) -> Result<Option<u64>> {
        let unload_id = unload_id.to_string();
        let Some(place) = self.row(&statement::QUEUE_PLACE, values![&unload_id]).await? else { return Ok(None) };
        let (warehouse, rank): (&str, i64) = (place.get("warehouse")?, place.get("queue_rank")?);
        let row = self.row(&statement::QUEUE_POSITION, values![warehouse, rank, &unload_id, COUNTED_POSITIONS]).await?;
        row.map(|row| row.get("ahead").map(record::count)).transpose()
    }

    async fn receipt(&self, unload_id: UnloadId) -> Result<Option<Receipt>> {
        let row = self.row(&statement::RECEIPT, values![&unload_id.to_string()]).await?;
        row.map(|row| record::json(&row, "document")).transpose()
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>> {
        self.write(TakeUp { request: request.clone() }).await
    }

    async fn next_due(&self, warehouse: &str) -> Result<Option<Timestamp>> {
        self.moment(&statement::NEXT_DUE, values![warehouse]).await
    }

    async fn heartbeat(&self, worker: WorkerId, held: &[(UnloadId, Fence)], lease: Duration) -> Result<Vec<UnloadId>> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        self.write(Prolong { worker, held: held.to_vec(), lease }).await
    }

    async fn release(&self, held: &[(UnloadId, Fence)]) -> Result<()> {
        if held.is_empty() {
            return Ok(());
        }
        self.write(Release { held: held.to_vec() }).await
    }

    async fn transition(&self, unload_id: UnloadId, version: i64, fence: Option<Fence>, change: Change) -> Result<Outcome> {
        self.write(Transition::new(unload_id, version, fence, &change)?).await
    }

    async fn record_progress(&self, unload_id: UnloadId, version: i64, fence: Fence, amount: Amount) -> Result<Option<Unload>> {
        self.write(Progress { unload_id, version, fence, amount }).await
    }

    async fn record_hint(&self, consumer: &str, message_id: &str, hint: &Landed) -> Result<HintOutcome> {
        self.write(Hear { consumer: consumer.to_owned(), message_id: message_id.to_owned(), hint: hint.clone() }).await
    }

    async fn outbox_claim(&self, limit: u32, lease: Duration) -> Result<Vec<OutboxEntry>> {
        self.write(TakeEntries { limit, lease }).await
    }

    async fn outbox_published(&self, event_ids: &[String]) -> Result<()> {
        if event_ids.is_empty() {
            return Ok(());
        }
        self.write(PublishEntries::new(event_ids)).await
    }

    async fn outbox_release(&self, event_ids: &[String], after: Duration) -> Result<()> {
        if event_ids.is_empty() {
            return Ok(());
        }
        self.write(ReleaseEntries::new(event_ids, after)).await
    }

    async fn overdue(&self, now: Timestamp, driven_before: Timestamp, limit: u32) -> Result<Vec<Unload>> {
        self.unloads(statement::OVERDUE.text(self.dialect()), values![micros(now), micros(driven_before)], limit).await
    }

    async fn next_deadline(&self, after: Timestamp) -> Result<Option<Timestamp>> {
        self.moment(&statement::NEXT_DEADLINE, values![micros(after)]).await
    }

    async fn expirable(&self, now: Timestamp, limit: u32) -> Result<Vec<Unload>> {
        self.unloads(statement::EXPIRABLE.text(self.dialect()), values![micros(now)], limit).await
    }

    async fn garbage(&self, now: Timestamp, limit: u32) -> Result<Vec<Garbage>> {
        let rows = self.rows(&statement::ATTEMPT_GARBAGE, values![micros(now), limit]).await?;
        rows.iter().map(garbage).collect()
    }

    async fn garbage_collected(&self, garbage: &[Garbage]) -> Result<()> {
        if garbage.is_empty() {
            return Ok(());
        }
        self.write(NoteDiscarded { garbage: garbage.to_vec() }).await
    }

    async fn garbage_put_off(&self, garbage: &[Garbage], until: Timestamp) -> Result<()> {
        if garbage.is_empty() {
            return Ok(());
        }
        self.write(PutOff { garbage: garbage.to_vec(), until }).await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let purged = self.write(Purge { what: Old::Unloads, before, limit }).await?;
        self.purge_small(Old::OutboxEntries, before).await?;
        self.purge_small(Old::HeardHints, before).await?;
        Ok(purged)
    }

    async fn statistics(&self) -> Result<Statistics> {
        let mut active = Vec::new();
        for (statement, status) in [(&statement::COUNT_PENDING, Status::Pending), (&statement::COUNT_RUNNING, Status::Running)] {
            for row in self.rows(statement, &[]).await? {
                active.push((row.get("warehouse")?, status, record::count(row.get("unloads")?)));
            }
        }
        let mut statistics = Statistics { active, ..Statistics::default() };
        if let Some(row) = self.row(&statement::OUTBOX_BACKLOG, &[]).await? {
            statistics.outbox_count = record::count(row.get("waiting")?);
            statistics.outbox_oldest = record::moment_or_none(&row, "oldest")?;
        }
        Ok(statistics)
    }

    fn changes(&self) -> BoxStream<'static, ChangeNotice> {
        stream::unfold(self.notices.subscribe(), |mut receiver| async move {
            loop {
                match receiver.recv().await {
                    Ok(unload) => {
                        let notice = ChangeNotice { unload_id: unload.unload_id(), unload: Some(unload) };
                        return Some((notice, receiver));
                    }
                    // Notices were lost; whoever listens goes on with the next and reads the row.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }

    async fn check(&self) -> Result<()> {
        self.write(Probe).await
    }
}

fn garbage(row: &Row) -> Result<Garbage> {
    let attempt: i64 = row.get("attempt")?;
    Ok(Garbage {
        place: AttemptPlace {
            request_id: RequestId::parse(row.get::<&str>("request_id")?)?,
            unload_id: record::unload_id(row)?,
            attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
        },
    })
}
