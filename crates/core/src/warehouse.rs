//! Where queries run. A small trait: start, find, poll, cancel, and what the warehouse can do.

use std::time::Duration;

use async_trait::async_trait;

use crate::schema::{Column, Table};
use crate::statement::UnloadStatement;
use crate::unload::Amount;
use crate::{AttemptToken, Error, Result, StatementId};

/// What a warehouse can do; the engine decides by it what follows a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// A statement goes on when the process that started it dies. Where it does not, a restart means a new attempt.
    pub outlives_worker: bool,
    /// Another process can cancel it.
    pub cancel_anywhere: bool,
    /// When `start` fails, nothing of the statement has been sent and nothing will be.
    pub failed_start_sent_nothing: bool,
}

/// How a statement stands.
#[derive(Debug)]
pub enum Progress {
    /// It runs, or is about to.
    Running(Amount),
    /// It ended well. `rows` are data rows, where the warehouse can say.
    Finished {
        /// Data rows written.
        rows: Option<u64>,
    },
    /// It ended without a result.
    Failed(Error),
    /// It ended because somebody cancelled it.
    Cancelled,
}

impl Progress {
    /// Whether the statement has ended.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Running(_))
    }
}

/// A file without rows, which still tells of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptyResult {
    /// The file, in the statement's format and compression.
    pub bytes: Vec<u8>,
    /// The columns that are in it: those that only name folders are not.
    pub schema: Vec<Column>,
}

/// Where queries run.
#[async_trait]
pub trait Warehouse: Send + Sync + std::fmt::Debug {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Starts a statement and gives its name. Idempotent by the token as long as the warehouse remembers it: the same token again is
    /// the same statement.
    ///
    /// # Errors
    /// An error of a kind that is not retryable means that nothing runs. After a retryable one the statement may run: `find` tells.
    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId>;

    /// The statement that was started with the token, if there is or was one; `None` says that there is none.
    ///
    /// # Errors
    /// Only when it cannot be told.
    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>>;

    /// How the statement stands. Answers at once when it has ended, else when its progress changed or `wait` has passed.
    ///
    /// # Errors
    /// `statement_lost` when the warehouse does not know it (any more); else only when it cannot be told, and asking again may work.
    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress>;

    /// Asks the statement to stop; `poll` tells when it has. Of one that ended already, or is not known, this does nothing.
    ///
    /// # Errors
    /// Only when the warehouse could not be asked.
    async fn cancel(&self, statement_id: &StatementId) -> Result<()>;

    /// The file that stands for a result of zero rows: header or schema, nothing else.
    ///
    /// # Errors
    /// As a query's.
    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult>;

    /// The tables that a query may name, where the warehouse can say.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn tables(&self) -> Result<Vec<Table>>;

    /// The region of the cloud that it is in, where it is in one and knows.
    async fn region(&self) -> Option<String> {
        None
    }

    /// Whether it can be reached.
    ///
    /// # Errors
    /// `warehouse_unavailable` or `warehouse_denied`, saying what to do.
    async fn check(&self) -> Result<()>;
}
