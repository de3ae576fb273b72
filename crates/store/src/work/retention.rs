//! Forgetting: files that were deleted, and what is old enough to be removed. Each work is one bounded batch.

use async_trait::async_trait;
use outflow_core::id::micros;
use outflow_core::store::Garbage;
use outflow_core::{Result, Timestamp};

use super::{Session, Work};
use crate::connection::values;
use crate::statement::{self, Statement};

/// Notes that the files of attempts are gone.
#[derive(Debug)]
pub(crate) struct NoteDiscarded {
    pub(crate) garbage: Vec<Garbage>,
}

#[async_trait]
impl Work for NoteDiscarded {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        for Garbage { place } in &self.garbage {
            let unload_id = place.unload_id.to_string();
            session.execute(&statement::ATTEMPT_DISCARDED, values![&unload_id, place.attempt]).await?;
        }
        Ok(())
    }
}

/// Notes that the files of attempts could not be deleted yet.
#[derive(Debug)]
pub(crate) struct PutOff {
    pub(crate) garbage: Vec<Garbage>,
    pub(crate) until: Timestamp,
}

#[async_trait]
impl Work for PutOff {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        for Garbage { place } in &self.garbage {
            let unload_id = place.unload_id.to_string();
            session.execute(&statement::ATTEMPT_PUT_OFF, values![&unload_id, place.attempt, micros(self.until)]).await?;
        }
        Ok(())
    }
}

/// What is removed when it is old.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Old {
    /// Unloads, with their labels, attempts, receipts and outbox entries.
    Unloads,
    /// Published entries of unloads that are kept longer.
    OutboxEntries,
    /// Messages that were heard.
    HeardHints,
}

/// Removes one batch; gives how many.
#[derive(Debug)]
pub(crate) struct Purge {
    pub(crate) what: Old,
    pub(crate) before: Timestamp,
    pub(crate) limit: u32,
}

#[async_trait]
impl Work for Purge {
    type Output = u64;

    async fn run(&self, session: &mut Session<'_>) -> Result<u64> {
        let statement: &Statement = match self.what {
            Old::Unloads => &statement::PURGE_UNLOADS,
            Old::OutboxEntries => &statement::PURGE_OUTBOX,
            Old::HeardHints => &statement::PURGE_INBOX,
        };
        session.execute(statement, values![micros(self.before), self.limit]).await
    }
}
