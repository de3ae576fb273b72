//! The worker of a warehouse: claims what is to be done, gives each claim a task of its own, and keeps the leases alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outflow_core::UnloadId;
use outflow_core::store::{Claim, ClaimRequest, Fence};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::ended::span;
use crate::engine::{Engine, Station};

/// How long a worker rests at most before it looks for work that nobody woke it for.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How many claims are taken up in one transaction.
const CLAIM_BATCH: u32 = 64;

/// What this worker holds, and how to tell each holder that its claim is lost.
#[derive(Debug, Default)]
struct Held(Mutex<HashMap<UnloadId, (Fence, CancellationToken)>>);

impl Held {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UnloadId, (Fence, CancellationToken)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self) -> Vec<(UnloadId, Fence)> {
        self.lock().iter().map(|(unload_id, (fence, _))| (*unload_id, *fence)).collect()
    }

    fn free(&self, max_running: u32) -> u32 {
        max_running.saturating_sub(u32::try_from(self.lock().len()).unwrap_or(u32::MAX))
    }
}

impl Engine {
    /// Works for a warehouse until the engine stops.
    pub(crate) async fn work(self: Arc<Self>, station: Arc<Station>) {
        let held = Arc::new(Held::default());
        let heartbeat = self.tasks.spawn(Arc::clone(&self).keep_leases(Arc::clone(&held)));
        while !self.stopping.is_cancelled() {
            // Registered before the store is asked, so that what comes in meanwhile is not slept through.
            let woken = station.wake.notified();
            let is_more = self.claim_and_drive(&station, &held).await;
            if is_more {
                continue;
            }
            let rest = self.rest(&station).await;
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(rest) => {}
                () = self.stopping.cancelled() => {}
            }
        }
        heartbeat.abort();
    }

    /// Claims as much as fits; whether there may be more that fits right now.
    async fn claim_and_drive(self: &Arc<Self>, station: &Arc<Station>, held: &Arc<Held>) -> bool {
        let limit = held.free(station.entry.max_running).min(CLAIM_BATCH);
        if limit == 0 {
            return false;
        }
        let request = ClaimRequest {
            worker: self.worker,
            warehouse: station.entry.name.clone(),
            max_running: station.entry.max_running,
            limit,
            lease: self.settings.lease,
        };
        match self.store.claim(&request).await {
            Ok(claims) => {
                let is_full = u32::try_from(claims.len()).is_ok_and(|count| count == limit);
                for claim in claims {
                    self.take_up(station, held, claim);
                }
                is_full
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), warehouse = station.entry.name, "cannot claim work");
                false
            }
        }
    }

    /// Gives a claim a task. Whatever becomes of the task, a panic included, the claim is let go of at its end.
    fn take_up(self: &Arc<Self>, station: &Arc<Station>, held: &Arc<Held>, claim: Claim) {
        let lost = CancellationToken::new();
        let (unload_id, fence) = (claim.unload.unload_id(), claim.fence);
        held.lock().insert(unload_id, (fence, lost.clone()));
        let span = span(&claim.unload);
        let (engine, station, held) = (Arc::clone(self), Arc::clone(station), Arc::clone(held));
        self.tasks.spawn(async move {
            let driven = tokio::spawn(Arc::clone(&engine).drive(Arc::clone(&station), claim, lost).instrument(span));
            let is_leased = driven.await.unwrap_or_else(|error| {
                tracing::error!(%unload_id, %error, "driving the unload panicked; it is taken up again");
                true
            });
            held.lock().remove(&unload_id);
            if is_leased && let Err(error) = engine.store.release(&[(unload_id, fence)]).await {
                tracing::debug!(error = error.chain(), %unload_id, "the lease runs out by itself");
            }
            station.wake.notify_one();
        });
    }

    /// Sends a heartbeat every third of a lease, and tells the holders of what is lost.
    async fn keep_leases(self: Arc<Self>, held: Arc<Held>) {
        let mut beat = tokio::time::interval(self.settings.lease / 3);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let list = held.list();
            if list.is_empty() {
                continue;
            }
            match self.store.heartbeat(self.worker, &list, self.settings.lease).await {
                Ok(gone) => {
                    for unload_id in gone {
                        // What ended between the list and the heartbeat is gone too, and nobody holds it.
                        if let Some((_, lost)) = held.lock().get(&unload_id) {
                            lost.cancel();
                        }
                    }
                }
                Err(error) => tracing::warn!(error = error.chain(), "cannot prolong the leases"),
            }
        }
    }

    /// How long there is nothing to do, as far as the store knows.
    async fn rest(&self, station: &Station) -> Duration {
        match self.store.next_due(&station.entry.name).await {
            Ok(Some(due)) => {
                let wait = (due - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
                wait.clamp(Duration::from_millis(20), LONGEST_REST)
            }
            Ok(None) => LONGEST_REST,
            Err(_) => Duration::from_secs(1),
        }
    }
}
