//! The reconciler: at a bounded interval it closes every loop that nobody closed, even if no hint ever comes.

use std::sync::Arc;

use outflow_core::state::{Event, Fate};
use outflow_core::store::Outcome;
use outflow_core::unload::Change;
use outflow_core::{Result, Unload};

use crate::ended::span;
use crate::engine::Engine;

/// How many overdue unloads are settled in one look.
const BATCH: u32 = 500;

impl Engine {
    /// Looks until the engine stops.
    pub(crate) async fn reconcile(self: Arc<Self>) {
        let mut look = tokio::time::interval(self.settings.reconcile_every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = self.stopping.cancelled() => return,
            }
            if let Err(error) = self.settle_overdue().await {
                tracing::warn!(error = error.chain(), "cannot reconcile");
            }
            for name in self.warehouse_names() {
                if let Ok(station) = self.station(name) {
                    station.wake.notify_one();
                }
            }
        }
    }

    /// Ends unloads whose deadline has passed and whom no worker holds. One that may have a live statement gets, beyond its deadline, the
    /// time that a worker would have had to take it over and stop the statement; then its outcome is unknown.
    async fn settle_overdue(&self) -> Result<()> {
        let now = self.clock.now();
        for unload in self.store.overdue(now, BATCH).await? {
            let grace = self.settings.cancel_grace + self.settings.lease;
            let patience = chrono::TimeDelta::from_std(grace).unwrap_or_default();
            if unload.state.is_driven() && unload.asked.deadline_at + patience > now {
                continue;
            }
            self.settle(&unload).await?;
        }
        Ok(())
    }

    async fn settle(&self, unload: &Unload) -> Result<()> {
        let change = Change::new(Event::DeadlinePassed { fate: Fate::Unknown }, self.clock.now());
        if let Outcome::Updated(ended) = self.store.transition(unload.unload_id(), unload.version, None, change).await? {
            span(&ended).in_scope(|| {
                tracing::warn!("the deadline passed without a worker");
                self.note_end(&ended);
            });
        }
        Ok(())
    }
}
