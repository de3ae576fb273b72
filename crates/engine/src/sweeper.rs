//! The sweeper: ends the time of files, deletes those that nobody may have any more, and forgets old history.
//!
//! State first, objects second, row last: `EXPIRED` is recorded before anything is deleted, and that a file is gone only after it is.

use std::sync::Arc;

use outflow_core::Result;
use outflow_core::state::{Event, ExpiryReason};
use outflow_core::unload::Change;

use crate::boundary::Boundary;
use crate::engine::Engine;

/// How many are dealt with in one look.
const BATCH: u32 = 500;

impl Engine {
    /// Sweeps until the engine stops.
    pub(crate) async fn sweep(self: Arc<Self>) {
        while !self.stopping.is_cancelled() {
            let woken = self.garbage.notified();
            match self.sweep_once().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(error = error.chain(), "cannot sweep"),
            }
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(self.settings.sweep_every) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    /// One look; whether there may be more to do at once.
    async fn sweep_once(&self) -> Result<bool> {
        let expired = self.expire().await?;
        let collected = self.collect_garbage().await?;
        let before = self.clock.now() - chrono::TimeDelta::from_std(self.settings.keep_history).unwrap_or_default();
        let purged = self.store.purge(before, BATCH).await?;
        Ok(expired || collected || purged >= u64::from(BATCH))
    }

    async fn expire(&self) -> Result<bool> {
        let due = self.store.expirable(self.clock.now(), BATCH).await?;
        for unload in &due {
            Boundary::Expiring.pass();
            let change = Change::new(Event::Expired { reason: ExpiryReason::Retention }, self.clock.now());
            // Whatever else it finds, somebody else was faster.
            self.store.transition(unload.unload_id(), unload.version, None, change).await?;
            tracing::info!(unload_id = %unload.unload_id(), request_id = %unload.request_id(), "the files have expired");
            Boundary::Expired.pass();
        }
        Ok(u32::try_from(due.len()).is_ok_and(|count| count == BATCH))
    }

    async fn collect_garbage(&self) -> Result<bool> {
        let garbage = self.store.garbage(self.clock.now(), BATCH).await?;
        let mut collected = Vec::with_capacity(garbage.len());
        for item in &garbage {
            match self.storage.delete_attempt(&item.place).await {
                Ok(()) => {
                    Boundary::FilesDeleted.pass();
                    collected.push(item.clone());
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), unload_id = %item.place.unload_id, attempt = item.place.attempt, "cannot delete files yet");
                }
            }
        }
        if !collected.is_empty() {
            self.store.garbage_collected(&collected).await?;
        }
        // What could not be deleted is not tried again at once.
        Ok(collected.len() == garbage.len() && u32::try_from(garbage.len()).is_ok_and(|count| count == BATCH))
    }
}
