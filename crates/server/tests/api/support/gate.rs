//! A gate before any warehouse: while it is closed, statements that were started do not end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outflow_core::schema::Table;
use outflow_core::statement::UnloadStatement;
use outflow_core::unload::Amount;
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Result, StatementId};
use tokio::sync::watch;

use super::PATIENCE;

/// What the test holds of it.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    standing: Arc<watch::Sender<Standing>>,
    /// How many polls have begun that do not notice when it is opened.
    asleep: Arc<watch::Sender<usize>>,
    cancelled: Arc<Mutex<HashSet<StatementId>>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Standing {
    is_open: bool,
    /// Whether polls wait for as long as it takes, and hear of nothing but of a change.
    is_patient: bool,
    amount: Amount,
}

impl Default for Gate {
    fn default() -> Self {
        let standing = Standing { is_open: true, is_patient: false, amount: Amount::default() };
        Self { standing: Arc::new(watch::Sender::new(standing)), asleep: Arc::default(), cancelled: Arc::default() }
    }
}

impl Gate {
    pub(crate) fn close(&self) {
        self.standing.send_modify(|standing| standing.is_open = false);
    }

    pub(crate) fn open(&self) {
        self.standing.send_modify(|standing| standing.is_open = true);
    }

    /// Opens while a poll is under way that does not notice: only who asks anew learns of it.
    pub(crate) async fn open_unnoticed(&self) {
        let mut asleep = self.asleep.subscribe();
        asleep.mark_unchanged();
        self.standing.send_modify(|standing| standing.is_patient = true);
        tokio::time::timeout(PATIENCE, asleep.changed()).await.expect("a poll begins in time").unwrap();
        self.standing.send_if_modified(|standing| {
            standing.is_open = true;
            false
        });
    }

    /// How far statements say that they are while it is closed.
    pub(crate) fn progress(&self, rows: u64, bytes: u64) {
        self.standing.send_modify(|standing| standing.amount = Amount { rows, bytes });
    }

    /// Whether the warehouse was asked to stop that statement.
    pub(crate) fn was_told_to_cancel(&self, statement_id: &str) -> bool {
        self.cancelled.lock().unwrap().contains(&StatementId::new(statement_id))
    }
}

/// A warehouse behind the gate.
#[derive(Debug)]
pub(crate) struct Gated {
    inner: Arc<dyn Warehouse>,
    gate: Gate,
}

impl Gated {
    pub(crate) fn new(inner: Arc<dyn Warehouse>, gate: Gate) -> Self {
        Self { inner, gate }
    }

    fn is_cancelled(&self, statement_id: &StatementId) -> bool {
        self.gate.cancelled.lock().unwrap().contains(statement_id)
    }
}

#[async_trait]
impl Warehouse for Gated {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        self.inner.start(statement, token).await
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        self.inner.find(token).await
    }

    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        let mut standing = self.gate.standing.subscribe();
        let told = *standing.borrow_and_update();
        if !told.is_open && !self.is_cancelled(statement_id) {
            // Answered at once, so that a caller that hears it for the first time learns of it; then at every change.
            let wait = if told.is_patient { 3 * PATIENCE } else { wait.min(Duration::from_millis(20)) };
            if told.is_patient {
                self.gate.asleep.send_modify(|polls| *polls += 1);
            }
            let _ = tokio::time::timeout(wait, standing.changed()).await;
        }
        let now = *standing.borrow();
        match (self.is_cancelled(statement_id), now.is_open) {
            (true, _) => Ok(Progress::Cancelled),
            (false, false) => Ok(Progress::Running(now.amount)),
            (false, true) => self.inner.poll(statement_id, wait).await,
        }
    }

    async fn cancel(&self, statement_id: &StatementId) -> Result<()> {
        if !self.gate.standing.borrow().is_open {
            self.gate.cancelled.lock().unwrap().insert(statement_id.clone());
            self.gate.standing.send_modify(|_| {});
        }
        self.inner.cancel(statement_id).await
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        self.inner.empty_result(statement).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        self.inner.tables().await
    }

    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }
}
