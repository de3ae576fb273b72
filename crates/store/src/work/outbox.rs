//! Handing announcements to a relay, and noting what the bus took and what it refused.

use std::time::Duration;

use async_trait::async_trait;
use outflow_core::event::OutboxEntry;
use outflow_core::state::Announced;
use outflow_core::{Code, Error, Result};

use super::{Session, Work, claim::lease_micros};
use crate::connection::{Row, values};
use crate::record::{self, to_json};
use crate::statement;

/// Takes unpublished entries under a lease. By what is unpublished, never by a cursor over a sequence: those skip late commits.
#[derive(Debug)]
pub(crate) struct TakeEntries {
    pub(crate) limit: u32,
    pub(crate) lease: Duration,
}

#[async_trait]
impl Work for TakeEntries {
    type Output = Vec<OutboxEntry>;

    async fn run(&self, session: &mut Session<'_>) -> Result<Vec<OutboxEntry>> {
        let now = session.now().await?;
        let limit = i64::from(self.limit);
        let entries = session.readable(&statement::OUTBOX_WAITING, values![now], limit, ("event_id", entry)).await?;
        if !entries.is_empty() {
            let event_ids = to_json(&entries.iter().map(|entry| &entry.event_id).collect::<Vec<_>>());
            let until = now.saturating_add(lease_micros(self.lease));
            session.execute(&statement::OUTBOX_HOLD, values![&event_ids, until]).await?;
        }
        Ok(entries)
    }
}

fn entry(row: &Row) -> Result<OutboxEntry> {
    let name: &str = row.get("announced")?;
    Ok(OutboxEntry {
        event_id: row.get("event_id")?,
        announced: [Announced::Complete, Announced::Failed, Announced::Expired]
            .into_iter()
            .find(|announced| super::transition::announced_name(*announced) == name)
            .ok_or_else(|| Error::new(Code::Internal, format!("the announcement `{name}` is not known to this version")))?,
        announcement: record::json(row, "body")?,
    })
}

/// Notes that the bus took entries; those that it took before stay as they were.
#[derive(Debug)]
pub(crate) struct PublishEntries {
    event_ids: String,
}

impl PublishEntries {
    pub(crate) fn new(event_ids: &[String]) -> Self {
        Self { event_ids: to_json(&event_ids) }
    }
}

#[async_trait]
impl Work for PublishEntries {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        session.execute(&statement::OUTBOX_PUBLISHED, values![&self.event_ids]).await?;
        Ok(())
    }
}

/// Gives back what the bus refused, from a moment on that is a little later.
#[derive(Debug)]
pub(crate) struct ReleaseEntries {
    event_ids: String,
    after: Duration,
}

impl ReleaseEntries {
    pub(crate) fn new(event_ids: &[String], after: Duration) -> Self {
        Self { event_ids: to_json(&event_ids), after }
    }
}

#[async_trait]
impl Work for ReleaseEntries {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        session.execute(&statement::OUTBOX_RELEASE, values![&self.event_ids, lease_micros(self.after)]).await?;
        Ok(())
    }
}
