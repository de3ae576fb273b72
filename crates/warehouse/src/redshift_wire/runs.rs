//! The statements that this process started: each holds a connection for as long as it runs, in a task of its own.
//!
//! Whoever asks hears of the end from the connection. Where that breaks off, nothing is known here any more, and the warehouse's record
//! tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use outflow_core::{Code, Error, Result, StatementId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tracing::Instrument;

use super::connect::{Session, Stop};
use super::error;
use super::tag::Tagged;
use crate::redshift::failure::is_cancel;
use crate::redshift::seen::{Seen, Trouble};

/// How long it is remembered how a statement ended that nobody asks about.
const MEMORY: Duration = Duration::from_secs(3_600);
/// How long it is remembered that one was told to stop.
const STOPPED: Duration = Duration::from_secs(86_400);
/// How long it is believed that nothing runs: whoever was refused looks at once, and later somebody else may have started it.
const REFUSED: Duration = Duration::from_secs(5);

/// The statements, and what is remembered of them.
#[derive(Debug)]
pub(super) struct Runs {
    room: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    running: HashMap<StatementId, Run>,
    /// Those that do not run for certain: nothing was sent.
    refused: HashMap<StatementId, Instant>,
    /// Those that somebody told to stop here.
    stopped: HashMap<StatementId, Instant>,
}

#[derive(Debug, Clone)]
struct Run {
    seen: watch::Receiver<Seen>,
    stop: Stop,
    since: Instant,
}

/// A time by which a statement must have been sent, by every clock: one stands still while the machine sleeps, another may be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendBy {
    begun: Instant,
    begun_at: SystemTime,
    within: Duration,
}

impl SendBy {
    pub(super) fn new(within: Duration) -> Self {
        Self { begun: Instant::now(), begun_at: SystemTime::now(), within }
    }

    fn is_over(self) -> bool {
        let by_wall = self.begun_at.elapsed().unwrap_or(Duration::ZERO);
        self.begun.elapsed().max(by_wall) >= self.within
    }
}

impl Runs {
    /// At most so many at a time.
    pub(super) fn new(most: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(most)), held: Arc::default() }
    }

    /// A place for one more.
    ///
    /// # Errors
    /// `warehouse_throttled` when all are taken.
    pub(super) fn room(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            Error::new(Code::WarehouseThrottled, "as many statements hold a connection to the warehouse as `maxRunning` allows")
        })
    }

    /// Sends the statement, which goes on by itself from here.
    ///
    /// # Errors
    /// `warehouse_unavailable` when it would be sent too late: somebody else may have been told that there is none. Nothing runs then.
    pub(super) fn send(
        &self,
        tagged: &Tagged,
        sql: String,
        session: Session,
        room: OwnedSemaphorePermit,
        send_by: SendBy,
    ) -> Result<()> {
        let (sender, seen) = watch::channel(Seen::Running);
        let run = Run { seen, stop: session.stop(), since: Instant::now() };
        let mut held = self.lock();
        held.forget_old();
        if send_by.is_over() {
            let message = "it took too long to get a connection to the warehouse; the statement was not sent";
            return Err(Error::new(Code::WarehouseUnavailable, message));
        }
        held.refused.remove(&tagged.id);
        held.running.insert(tagged.id.clone(), run);
        drop(held);
        let (held, id) = (Arc::clone(&self.held), tagged.id.clone());
        let task = async move {
            let ended = session.client.batch_execute(&sql).await;
            let seen = match ended {
                Ok(()) => Some(Seen::Finished),
                Err(error) => match error.as_db_error() {
                    Some(refusal) if is_cancel(refusal.message()) => Some(Seen::Cancelled),
                    // The session ended, and the statement perhaps not with it.
                    Some(refusal) if refusal.code().code().starts_with("57P") => None,
                    Some(refusal) => Some(Seen::Failed(Trouble::from(&error::statement(refusal, Some(&sql))))),
                    None => {
                        tracing::warn!(error = error::cut(&error).chain(), "the connection of a running statement broke off");
                        None
                    }
                },
            };
            match seen {
                Some(seen) => {
                    sender.send_replace(seen);
                }
                None => {
                    held.lock().unwrap_or_else(PoisonError::into_inner).running.remove(&id);
                }
            }
            drop((session, room));
        };
        tokio::spawn(task.in_current_span());
        Ok(())
    }

    /// How a statement of this process stands: at once when it has ended, else when `wait` has passed. `None` when it is not known here,
    /// or not any more.
    pub(super) async fn poll(&self, id: &StatementId, wait: Duration) -> Option<Seen> {
        let mut seen = self.lock().running.get(id)?.seen.clone();
        let found = match tokio::time::timeout(wait, seen.wait_for(Seen::is_final)).await {
            Ok(Ok(found)) => found.clone(),
            // The connection broke off, or the task went with its runtime.
            Ok(Err(_)) => return None,
            Err(_) => Seen::Running,
        };
        Some(found)
    }

    /// Whether a statement of that name was started here and is not forgotten.
    pub(super) fn knows(&self, id: &StatementId) -> bool {
        self.lock().running.contains_key(id)
    }

    /// What stops it, where it runs here.
    pub(super) fn stop_of(&self, id: &StatementId) -> Option<Stop> {
        let held = self.lock();
        let run = held.running.get(id)?;
        (!run.seen.borrow().is_final()).then(|| run.stop.clone())
    }

    /// Notes that nothing runs for certain.
    pub(super) fn note_refused(&self, id: &StatementId) {
        let mut held = self.lock();
        held.forget_old();
        held.refused.insert(id.clone(), Instant::now());
    }

    /// Whether nothing runs for certain; it is forgotten with that.
    pub(super) fn take_refused(&self, id: &StatementId) -> bool {
        self.lock().refused.remove(id).is_some_and(|since| since.elapsed() < REFUSED)
    }

    /// Notes that somebody wants it stopped; whether it was noted before.
    pub(super) fn note_stopped(&self, id: &StatementId) -> bool {
        self.lock().stopped.insert(id.clone(), Instant::now()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn forget_old(&mut self) {
        self.running.retain(|_, run| run.since.elapsed() < MEMORY || !run.seen.borrow().is_final());
        self.refused.retain(|_, since| since.elapsed() < REFUSED);
        self.stopped.retain(|_, since| since.elapsed() < STOPPED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_not_sent_late_by_any_clock() {
        let within = Duration::from_secs(25);
        assert!(!SendBy::new(within).is_over());
        assert!(SendBy { begun: Instant::now() - within, ..SendBy::new(within) }.is_over());
        assert!(SendBy { begun_at: SystemTime::now() - within, ..SendBy::new(within) }.is_over());
    }
}
