//! The sweeper: ends the time of files, deletes those that nobody may have any more, and forgets old history.
//!
//! State first, objects second, row last: `EXPIRED` is recorded before anything is deleted, and that a file is gone only after it is.

use std::sync::Arc;

use outflow_core::Result;
use outflow_core::key::AttemptPlace;
use outflow_core::state::{Event, ExpiryReason};
use outflow_core::store::Outcome;
use outflow_core::unload::Change;

use crate::boundary::Boundary;
use crate::clock::as_delta;
use crate::ended::span;
use crate::engine::Engine;

/// How many are dealt with in one look.
const BATCH: u32 = 500;
/// For how many sweeps files that could not be deleted are left alone.
const PUT_OFF_SWEEPS: u32 = 20;

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
        let before = self.clock.now() - as_delta(self.settings.keep_history);
        let purged = self.store.purge(before, BATCH).await?;
        Ok(expired || collected || purged >= u64::from(BATCH))
    }

    async fn expire(&self) -> Result<bool> {
        let due = self.store.expirable(self.clock.now(), BATCH).await?;
        for unload in &due {
            Boundary::Expiring.pass();
            let change = Change::new(Event::Expired { reason: ExpiryReason::Retention }, self.clock.now());
            // Whatever else it finds, somebody else was faster.
            if let Outcome::Updated(expired) = self.store.transition(unload.unload_id(), unload.version, None, change).await? {
                span(&expired).in_scope(|| tracing::info!("the files have expired"));
                Boundary::Expired.pass();
            }
        }
        Ok(u32::try_from(due.len()).is_ok_and(|count| count == BATCH))
    }

    async fn collect_garbage(&self) -> Result<bool> {
        let garbage = self.store.garbage(self.clock.now(), BATCH).await?;
        let (mut collected, mut failed) = (Vec::with_capacity(garbage.len()), Vec::new());
        for item in &garbage {
            match self.storage.delete_attempt(&item.place).await {
                Ok(()) => {
                    Boundary::FilesDeleted.pass();
                    collected.push(item.clone());
                }
                Err(error) => {
                    let AttemptPlace { request_id, unload_id, attempt } = &item.place;
                    tracing::warn!(error = error.chain(), %unload_id, %request_id, attempt, "cannot delete files yet");
                    failed.push(item.clone());
                }
            }
        }
        if !collected.is_empty() {
            self.store.garbage_collected(&collected).await?;
        }
        if !failed.is_empty() {
            // It must not stand before what can be deleted.
            self.store.garbage_put_off(&failed, self.clock.now() + as_delta(self.settings.sweep_every * PUT_OFF_SWEEPS)).await?;
        }
        // When nothing could be deleted, storage is away, and what is left is not tried at once.
        Ok(!collected.is_empty() && u32::try_from(garbage.len()).is_ok_and(|count| count == BATCH))
    }
}
