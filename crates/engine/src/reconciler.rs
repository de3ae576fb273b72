//! The reconciler: at a bounded interval it closes every loop that nobody closed, even if no hint ever comes.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::state::{Event, Fate};
use outflow_core::store::Outcome;
use outflow_core::unload::Change;
use outflow_core::{Result, Unload};
use tokio::time::Instant;
use tracing::Instrument;

use crate::boundary::Boundary;
use crate::clock::as_delta;
use crate::ended::span;
use crate::engine::Engine;

/// How many overdue unloads are read at once.
const BATCH: u32 = 500;
/// The shortest rest, however close the deadlines lie.
const SHORTEST_REST: Duration = Duration::from_millis(500);

impl Engine {
    /// Looks until the engine stops: at the earliest deadline, and at a bounded interval.
    pub(crate) async fn reconcile(self: Arc<Self>) {
        let mut woke_workers_at: Option<Instant> = None;
        while !self.stopping.is_cancelled() {
            // Registered before the store is asked, so that a deadline that comes in meanwhile is not slept through.
            let woken = self.deadlines.notified();
            let rest = match self.settle_overdue().await {
                Ok(()) => self.until_next_deadline().await,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "cannot reconcile");
                    self.settings.reconcile_every
                }
            };
            if woke_workers_at.is_none_or(|at| at.elapsed() >= self.settings.reconcile_every) {
                woke_workers_at = Some(Instant::now());
                self.warehouse_names().iter().filter_map(|name| self.station(name).ok()).for_each(|at| at.wake.notify_one());
            }
            let looked_at = Instant::now();
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = woken => tokio::time::sleep_until(looked_at + SHORTEST_REST.min(rest)).await,
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn until_next_deadline(&self) -> Duration {
        let most = self.settings.reconcile_every;
        let now = self.clock.now();
        match self.store.next_deadline(now).await {
            Ok(Some(deadline)) => (deadline - now).to_std().unwrap_or_default().max(SHORTEST_REST).min(most),
            Ok(None) | Err(_) => most,
        }
    }

    /// Ends all unloads whose deadline has passed and whom no worker holds. One that may have a live statement gets, beyond its deadline,
    /// the time that a worker would have had to take it over and stop the statement; then its outcome is unknown.
    async fn settle_overdue(self: &Arc<Self>) -> Result<()> {
        let patience = as_delta(self.settings.cancel_grace + self.settings.lease);
        loop {
            let now = self.clock.now();
            let mut settled = 0;
            for unload in self.store.overdue(now, now - patience, BATCH).await? {
                match self.settle(&unload).instrument(span(&unload)).await {
                    Ok(is_settled) => settled += u32::from(is_settled),
                    Err(error) => span(&unload).in_scope(|| tracing::warn!(error = error.chain(), "cannot end what is overdue")),
                }
            }
            // What could not be ended is still there, and is tried again with the next look.
            if settled == 0 || self.stopping.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Ends one; whether it has ended or is somebody else's now.
    async fn settle(self: &Arc<Self>, unload: &Unload) -> Result<bool> {
        Boundary::Settling.pass();
        let change = Change::new(Event::DeadlinePassed { fate: Fate::Unknown }, self.clock.now());
        let outcome = self.store.transition(unload.unload_id(), unload.version, None, change).await?;
        if let Outcome::Updated(ended) = &outcome {
            tracing::warn!("the deadline passed without a worker");
            self.note_end(ended);
            self.stop_what_is_left(ended);
        }
        Ok(!matches!(outcome, Outcome::Illegal(..) | Outcome::Fenced))
    }
}
