//! A use case that writes, as a value: the same code runs inside SQLite's grouped transaction and inside PostgreSQL's own.
//!
//! A work may run more than once (a group is repeated without the one that failed, a deadlock is tried again), so `run` takes `&self`
//! and keeps nothing: whatever it did in a transaction that was not committed is undone with it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use outflow_core::{Code, Error, Result, Unload};

use crate::connection::{Connection, Row, Value};
use crate::dialect::Dialect;
use crate::record;
use crate::statement::{self, Statement};

pub(crate) mod claim;
pub(crate) mod create;
pub(crate) mod hint;
pub(crate) mod lease;
pub(crate) mod outbox;
pub(crate) mod retention;
pub(crate) mod transition;

/// What one transaction does.
#[async_trait]
pub(crate) trait Work: Debug + Send + Sync + 'static {
    /// What the caller learns, once it is committed.
    type Output: Send + 'static;

    /// Does it. An error undoes everything that this work did, and nothing else.
    async fn run(&self, session: &mut Session<'_>) -> Result<Self::Output>;
}

/// A transaction under way.
#[derive(Debug)]
pub(crate) struct Session<'c> {
    connection: Connection<'c>,
    changed: Vec<Arc<Unload>>,
}

impl<'c> Session<'c> {
    /// A transaction on that connection, which its owner has begun and will end.
    pub(crate) fn new(connection: Connection<'c>) -> Self {
        Self { connection, changed: Vec::new() }
    }

    /// Whose SQL is spoken.
    pub(crate) fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    /// Runs a query and gives all its rows.
    pub(crate) async fn rows(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.connection.rows(statement.text(self.dialect()), values).await
    }

    /// Reads at most `limit` rows of a query whose last placeholder is the limit. A row that cannot be read makes room for another.
    pub(crate) async fn readable<T: Send>(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        limit: i64,
        (id, read): (&str, fn(&Row) -> Result<T>),
    ) -> Result<Vec<T>> {
        let mut left_out = 0;
        loop {
            let rows = self.rows(statement, &[values, &[Value::from(limit + left_out)]].concat()).await?;
            let found = record::readable(&rows, id, read);
            let unreadable = i64::try_from(rows.len() - found.len()).unwrap_or(i64::MAX);
            if unreadable == left_out {
                return Ok(found);
            }
            left_out = unreadable;
        }
    }

    /// Runs a query that gives at most one row.
    pub(crate) async fn row(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Option<Row>> {
        Ok(self.rows(statement, values).await?.pop())
    }

    /// Runs a command and gives how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64> {
        self.connection.execute(statement.text(self.dialect()), values).await
    }

    /// The store's own time, in microseconds since 1970.
    pub(crate) async fn now(&mut self) -> Result<i64> {
        match self.row(&statement::CLOCK, &[]).await? {
            Some(row) => row.get("now"),
            None => Err(Error::new(Code::Internal, "the state table does not tell the time")),
        }
    }

    /// Tells watchers of a change, if and when it is committed.
    pub(crate) fn changed(&mut self, unload: &Unload) {
        self.changed.push(Arc::new(unload.clone()));
    }

    /// What watchers are to hear after the commit.
    pub(crate) fn into_changed(self) -> Vec<Arc<Unload>> {
        self.changed
    }
}
