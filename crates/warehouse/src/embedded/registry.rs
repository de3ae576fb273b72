//! The statements of this process: those that run, and for a while those that have ended.
//!
//! It lives in memory only. What has ended is forgotten after [`REMEMBERED_FOR`], or sooner when more than [`REMEMBERED`] ended after it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use outflow_core::unload::Amount;
use outflow_core::{AttemptToken, StatementId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::progress::Standing;

/// How long an ended statement can be asked about.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// How many ended statements are remembered at most.
const REMEMBERED: usize = 10_000;

/// A statement, running or ended.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) standing: watch::Sender<Standing>,
    pub(super) cancel: CancellationToken,
    taken: Arc<AtomicBool>,
}

/// What a statement needs to run.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) statement_id: StatementId,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) cancel: CancellationToken,
    taken: Arc<AtomicBool>,
}

impl Begun {
    /// Takes the statement up, if it was not cancelled before a thread for it was free.
    pub(super) fn take_up(&self) -> bool {
        !self.taken.swap(true, Ordering::SeqCst)
    }
}

/// All statements.
#[derive(Debug, Default)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    statements: HashMap<StatementId, Handle>,
    ended: VecDeque<(Instant, StatementId)>,
}

/// The name of the statement of an attempt; the same attempt has always the same.
pub(super) fn statement_id(token: &AttemptToken) -> StatementId {
    StatementId::new(format!("{}-{}", token.unload_id, token.attempt))
}

impl Registry {
    /// Enters the statement of an attempt; `None` when it is there already.
    pub(super) fn begin(&self, statement_id: StatementId) -> Option<Begun> {
        let mut inner = self.lock();
        inner.forget_old();
        if inner.statements.contains_key(&statement_id) {
            return None;
        }
        let standing = watch::Sender::new(Standing::Running(Amount::default()));
        let (cancel, taken) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let handle = Handle { standing: standing.clone(), cancel: cancel.clone(), taken: Arc::clone(&taken) };
        inner.statements.insert(statement_id.clone(), handle);
        Some(Begun { statement_id, standing, cancel, taken })
    }

    /// Notes that a statement has ended, from when on it may be forgotten.
    pub(super) fn end(&self, statement_id: StatementId) {
        self.lock().ended.push_back((Instant::now(), statement_id));
    }

    /// The statement of that name, while it is remembered.
    pub(super) fn find(&self, statement_id: &StatementId) -> Option<Handle> {
        self.lock().statements.get(statement_id).cloned()
    }

    /// Tells a statement to stop. One that nobody has taken up yet has ended with that: it need not wait for a thread to learn of it.
    pub(super) fn cancel(&self, statement_id: &StatementId) {
        let Some(handle) = self.find(statement_id) else { return };
        handle.cancel.cancel();
        if !handle.taken.swap(true, Ordering::SeqCst) {
            self.end(statement_id.clone());
            handle.standing.send_replace(Standing::Cancelled);
        }
    }

    /// Cancels everything that runs.
    pub(super) fn cancel_all(&self) {
        for handle in self.lock().statements.values() {
            handle.cancel.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_old(&mut self) {
        while let Some((ended_at, statement_id)) = self.ended.front() {
            if self.ended.len() <= REMEMBERED && ended_at.elapsed() < REMEMBERED_FOR {
                return;
            }
            self.statements.remove(statement_id);
            self.ended.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_forgotten_when_enough_ended_after_it_and_what_runs_is_not() {
        let registry = Registry::default();
        let id = |number: usize| StatementId::new(number.to_string());
        registry.begin(StatementId::new("runs")).unwrap();
        for number in 0..REMEMBERED + 2 {
            registry.begin(id(number)).unwrap();
            registry.end(id(number));
        }
        registry.begin(StatementId::new("next")).unwrap();
        assert!(registry.find(&id(1)).is_none());
        assert!(registry.find(&id(2)).is_some());
        assert!(registry.find(&StatementId::new("runs")).is_some());
        assert!(registry.lock().statements.len() <= REMEMBERED + 2);
    }

    #[test]
    fn what_nobody_has_taken_up_ends_with_its_cancel() {
        let registry = Registry::default();
        let is_over = |name| registry.find(&StatementId::new(name)).unwrap().standing.borrow().is_over();
        let (waits, runs) = (StatementId::new("waits"), StatementId::new("runs"));
        let (waiting, running) = (registry.begin(waits.clone()).unwrap(), registry.begin(runs.clone()).unwrap());
        assert!(running.take_up());
        registry.cancel(&waits);
        registry.cancel(&runs);
        assert_eq!((is_over("waits"), is_over("runs")), (true, false));
        assert!(!waiting.take_up(), "it must not run any more");
        assert!(running.cancel.is_cancelled());
    }

    #[test]
    fn a_statement_begins_once() {
        let registry = Registry::default();
        assert!(registry.begin(StatementId::new("a")).is_some());
        assert!(registry.begin(StatementId::new("a")).is_none());
    }
}
