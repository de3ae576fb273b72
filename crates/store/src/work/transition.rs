//! Changing an unload: the pure transition, and everything that must be recorded with it, or nothing.

use async_trait::async_trait;
use outflow_core::event::OutboxEntry;
use outflow_core::id::micros;
use outflow_core::state::{Announced, Effect, Event};
use outflow_core::store::{Fence, Outcome};
use outflow_core::unload::{Amount, Change};
use outflow_core::{Code, Error, Result, Timestamp, Unload, UnloadId, WorkerId};

use super::{Session, Work};
use crate::connection::values;
use crate::record::{self, Columns, Lease, signed, to_json};
use crate::statement;

/// How long a statement whose outcome is unknown may go on writing: its files are deleted after it, once and for all.
const STILL_WRITING_MICROS: i64 = 86_400_000_000;

/// Records a change if the unload is still of that version, and held under that fence where one is given.
#[derive(Debug)]
pub(crate) struct Transition {
    unload_id: UnloadId,
    version: i64,
    fence: Option<Fence>,
    change: Change,
}

impl Transition {
    /// # Errors
    /// `internal`, when a finalized change brings no result: that must not get as far as the transition.
    pub(crate) fn new(unload_id: UnloadId, version: i64, fence: Option<Fence>, change: &Change) -> Result<Self> {
        if matches!(change.event, Event::Finalized) && change.result.is_none() {
            return Err(Error::new(Code::Internal, format!("unload `{unload_id}` was finalized without a result")));
        }
        Ok(Self { unload_id, version, fence, change: record::change_in_micros(change) })
    }
}

#[async_trait]
impl Work for Transition {
    type Output = Outcome;

    async fn run(&self, session: &mut Session<'_>) -> Result<Outcome> {
        let unload_id = self.unload_id.to_string();
        let Some(row) = session.row(&statement::UNLOAD_TO_CHANGE, values![&unload_id]).await? else {
            return Ok(Outcome::Missing);
        };
        let fence = record::fence(&row)?;
        if self.fence.is_some_and(|held| held != fence) {
            return Ok(Outcome::Fenced);
        }
        let found = record::unload(&row)?;
        if found.version != self.version {
            return Ok(Outcome::Stale(found));
        }
        let (next, effects) = match found.apply(&self.change) {
            Ok(applied) => applied,
            Err(illegal) => return Ok(Outcome::Illegal(found, illegal)),
        };
        let lease = Lease {
            worker: row.get::<Option<&str>>("worker")?.and_then(WorkerId::parse),
            // What is driven from here on without a claim can be taken over at once.
            until: row.get::<Option<i64>>("lease_until")?.or(Some(micros(self.change.at))),
        };
        update(session, &found, &next, lease, (fence, fence)).await?;
        record_effects(session, &next, &effects, self.change.at).await?;
        if let Some(delivery) = &self.change.result {
            let document = to_json(&delivery.receipt);
            session.execute(&statement::RECEIPT_INSERT, values![&unload_id, &document]).await?;
        }
        session.changed(&next);
        Ok(Outcome::Updated(next))
    }
}

/// Writes the row of `next` over that of `found`, and the status of its labels. The fences are the one found and the next one.
pub(super) async fn update(
    session: &mut Session<'_>,
    found: &Unload,
    next: &Unload,
    lease: Lease,
    fences: (Fence, Fence),
) -> Result<()> {
    let columns = Columns::of(next, lease);
    let values = columns.values(next, (found.version, fences.0), fences.1);
    if session.execute(&statement::UNLOAD_UPDATE, &values).await? != 1 {
        let unload_id = next.unload_id();
        return Err(Error::new(Code::Internal, format!("unload `{unload_id}` changed between reading and writing it")));
    }
    if next.status() != found.status() && !next.asked.labels.is_empty() {
        let unload_id = next.unload_id().to_string();
        session.execute(&statement::LABEL_STATUS, values![&unload_id, next.status().as_str()]).await?;
    }
    Ok(())
}

async fn record_effects(session: &mut Session<'_>, next: &Unload, effects: &[Effect], at: Timestamp) -> Result<()> {
    let unload_id = next.unload_id().to_string();
    for effect in effects {
        match effect {
            Effect::Announce(announced) => {
                let entry = OutboxEntry::new(*announced, next, at);
                let body = to_json(&entry.announcement);
                let values = values![&entry.event_id, &unload_id, next.version, announced_name(*announced), &body, micros(at)];
                session.execute(&statement::OUTBOX_INSERT, values).await?;
            }
            Effect::Discard { attempt } => {
                let may_still_write = next.state.failure().is_some_and(|failure| failure.code == Code::OutcomeUnknown);
                let discard_at = micros(at) + if may_still_write { STILL_WRITING_MICROS } else { 0 };
                session.execute(&statement::ATTEMPT_DISCARD, values![&unload_id, *attempt, discard_at]).await?;
            }
        }
    }
    Ok(())
}

/// The name of an announcement in the outbox.
pub(super) fn announced_name(announced: Announced) -> &'static str {
    match announced {
        Announced::Complete => "complete",
        Announced::Failed => "failed",
        Announced::Expired => "expired",
    }
}

/// Records how far a statement has come.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) unload_id: UnloadId,
    pub(crate) version: i64,
    pub(crate) fence: Fence,
    pub(crate) amount: Amount,
}

#[async_trait]
impl Work for Progress {
    type Output = Option<Unload>;

    async fn run(&self, session: &mut Session<'_>) -> Result<Option<Unload>> {
        let unload_id = self.unload_id.to_string();
        let values = values![&unload_id, self.version, self.fence.0, signed(self.amount.rows), signed(self.amount.bytes)];
        let Some(row) = session.row(&statement::UNLOAD_PROGRESS, values).await? else { return Ok(None) };
        let unload = record::unload(&row)?;
        session.changed(&unload);
        Ok(Some(unload))
    }
}
