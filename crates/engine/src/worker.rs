//! The worker of a warehouse: claims what is to be done, gives each claim a task of its own, and keeps the leases alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outflow_core::store::{Claim, ClaimRequest, Fence};
use outflow_core::{AttemptToken, UnloadId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::drive::LetGo;
use crate::ended::span;
use crate::engine::{Engine, Station};

/// How long a worker rests at least.
const SHORTEST_REST: Duration = Duration::from_millis(20);
/// How long it rests when what is due cannot be had.
const HELD_UP: Duration = Duration::from_secs(1);
/// How many claims are taken up in one transaction.
const CLAIM_BATCH: u32 = 64;

/// How often driving an unload may break down before it is ended.
const MOST_BREAKDOWNS: u32 = 3;

/// What this worker holds, how to tell each holder that its claim is lost, and what broke down under it.
#[derive(Debug, Default)]
struct Held {
    claims: Mutex<HashMap<UnloadId, (Fence, CancellationToken)>>,
    breakdowns: Mutex<HashMap<UnloadId, u32>>,
}

impl Held {
    /// Enters a claim, and gives what will tell of its loss. A worker that slept through its own lease may claim what it still drives: then
    /// the former claim is lost.
    fn enter(&self, unload_id: UnloadId, fence: Fence) -> CancellationToken {
        let lost = CancellationToken::new();
        if let Some((_, displaced)) = lock(&self.claims).insert(unload_id, (fence, lost.clone())) {
            displaced.cancel();
        }
        lost
    }

    /// Whether it is that very claim that is held, and not a later one.
    fn has(&self, unload_id: UnloadId, fence: Fence) -> bool {
        lock(&self.claims).get(&unload_id).is_some_and(|(held, _)| *held == fence)
    }

    /// Takes a claim out; a later one of the same unload stays.
    fn leave(&self, unload_id: UnloadId, fence: Fence) {
        let mut claims = lock(&self.claims);
        if claims.get(&unload_id).is_some_and(|(held, _)| *held == fence) {
            claims.remove(&unload_id);
        }
    }

    /// Tells the holder of a claim that it is lost. What ended meanwhile is gone too, and nobody holds it.
    fn lose(&self, unload_id: UnloadId, fence: Fence) {
        match lock(&self.claims).get(&unload_id) {
            Some((held, lost)) if *held == fence => lost.cancel(),
            _ => {}
        }
    }

    fn list(&self) -> Vec<(UnloadId, Fence)> {
        lock(&self.claims).iter().map(|(unload_id, (fence, _))| (*unload_id, *fence)).collect()
    }

    fn free(&self, max_running: u32) -> u32 {
        max_running.saturating_sub(u32::try_from(lock(&self.claims).len()).unwrap_or(u32::MAX))
    }

    fn breakdowns(&self, unload_id: UnloadId) -> u32 {
        lock(&self.breakdowns).get(&unload_id).copied().unwrap_or(0)
    }
}

/// What a look for work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// There may be more that fits right now.
    More,
    /// Something was taken up, or could not be asked for.
    Some,
    /// There was nothing to take up.
    Nothing,
    /// This worker has its hands full.
    Full,
}

impl Engine {
    /// Works for a warehouse until the engine stops.
    pub(crate) async fn work(self: Arc<Self>, station: Arc<Station>) {
        let held = Arc::new(Held::default());
        let heartbeat = self.tasks.spawn(Arc::clone(&self).keep_leases(Arc::clone(&held)));
        while !self.stopping.is_cancelled() {
            // Registered before the store is asked, so that what comes in meanwhile is not slept through.
            let woken = station.wake.notified();
            let look = self.claim_and_drive(&station, &held).await;
            if look == Look::More {
                continue;
            }
            let rest = self.rest(&station, look).await;
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(rest) => {}
                () = self.stopping.cancelled() => {}
            }
        }
        heartbeat.abort();
    }

    /// Claims as much as fits.
    async fn claim_and_drive(self: &Arc<Self>, station: &Arc<Station>, held: &Arc<Held>) -> Look {
        let limit = held.free(station.entry.max_running).min(CLAIM_BATCH);
        if limit == 0 {
            return Look::Full;
        }
        let request = ClaimRequest {
            worker: self.worker,
            warehouse: station.entry.name.clone(),
            max_running: station.entry.max_running,
            limit,
            lease: self.settings.lease,
        };
        let claimed_at = Instant::now();
        match self.store.claim(&request).await {
            Ok(claims) => {
                let look = match u32::try_from(claims.len()) {
                    Ok(0) => Look::Nothing,
                    Ok(count) if count < limit => Look::Some,
                    Ok(_) | Err(_) => Look::More,
                };
                for claim in claims {
                    self.take_up(station, held, claim, claimed_at);
                }
                look
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), warehouse = station.entry.name, "cannot claim work");
                Look::Some
            }
        }
    }

    /// Gives a claim a task. Whatever becomes of the task, a panic included, the claim is let go of at its end.
    fn take_up(self: &Arc<Self>, station: &Arc<Station>, held: &Arc<Held>, claim: Claim, claimed_at: Instant) {
        let (unload_id, fence) = (claim.unload.unload_id(), claim.fence);
        let token = AttemptToken::new(unload_id, claim.unload.state.attempt());
        let lost = held.enter(unload_id, fence);
        let is_broken = held.breakdowns(unload_id) >= MOST_BREAKDOWNS;
        let span = span(&claim.unload);
        let (engine, station, held) = (Arc::clone(self), Arc::clone(station), Arc::clone(held));
        let life = async move {
            let driving = Arc::clone(&engine).drive(Arc::clone(&station), claim, claimed_at, lost, is_broken);
            let driven = tokio::spawn(driving.in_current_span()).await.unwrap_or_else(|error| {
                tracing::error!(%error, "driving the unload panicked");
                Err(LetGo::Broken)
            });
            // What this very worker claimed anew goes on with the statement.
            if held.has(unload_id, fence) {
                engine.leave_no_statement(&station, &token, fence).await;
            }
            match driven {
                Ok(()) => {
                    lock(&held.breakdowns).remove(&unload_id);
                }
                Err(LetGo::Over) => {
                    if let Err(error) = engine.store.release(&[(unload_id, fence)]).await {
                        tracing::debug!(error = error.chain(), "the lease runs out by itself");
                    }
                }
                // The lease runs out by itself, so that what breaks down at once is not taken up again at once.
                Err(LetGo::Broken) => *lock(&held.breakdowns).entry(unload_id).or_default() += 1,
            }
            held.leave(unload_id, fence);
            station.wake.notify_one();
        };
        self.tasks.spawn(life.instrument(span));
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
                    for (unload_id, fence) in list.into_iter().filter(|(unload_id, _)| gone.contains(unload_id)) {
                        held.lose(unload_id, fence);
                    }
                }
                Err(error) => tracing::warn!(error = error.chain(), "cannot prolong the leases"),
            }
        }
    }

    /// How long there is nothing to do, as far as the store knows.
    async fn rest(&self, station: &Station, look: Look) -> Duration {
        let longest = self.settings.look_every;
        if look == Look::Full {
            return longest;
        }
        match self.store.next_due(&station.entry.name).await {
            Ok(Some(due)) => {
                let since = (self.clock.now() - due).to_std().unwrap_or_default();
                // What has long been due and was not to be had is held up elsewhere, and is not asked for all the time.
                if look == Look::Nothing && since > HELD_UP {
                    return HELD_UP.min(longest);
                }
                let wait = (due - self.clock.now()).to_std().unwrap_or_default();
                wait.max(SHORTEST_REST).min(longest)
            }
            Ok(None) => longest,
            Err(_) => HELD_UP.min(longest),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
