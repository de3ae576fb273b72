//! The few connections for small queries of ours, beside those that UNLOADs hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outflow_core::{Code, Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_postgres::Statement;

use super::connect::{Connector, Session};
use super::error;
use crate::redshift::Row;

/// How long one is kept that nobody needs.
const IDLE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Pool {
    connector: Arc<Connector>,
    room: Semaphore,
    idle: Mutex<Vec<(Arc<Session>, Instant)>>,
}

impl Pool {
    /// At most so many.
    pub(super) fn new(connector: Arc<Connector>, most: usize) -> Self {
        Self { connector, room: Semaphore::new(most), idle: Mutex::default() }
    }

    /// The rows of a small query.
    ///
    /// # Errors
    /// The query's; or `warehouse_unavailable` when it has not ended `within` so long, and then it is told to stop.
    pub(super) async fn rows(&self, sql: &str, within: Duration) -> Result<Vec<Row>> {
        self.run(within, |session| async move { session.rows(sql).await }).await
    }

    /// A query that is prepared and not run, which tells its columns.
    ///
    /// # Errors
    /// As [`Pool::rows`].
    pub(super) async fn prepare(&self, sql: &str, within: Duration) -> Result<Statement> {
        self.run(within, |session| async move { session.client.prepare(sql).await }).await
    }

    /// The names of the columns of a query that is run.
    ///
    /// # Errors
    /// As [`Pool::rows`].
    pub(super) async fn names(&self, sql: &str, within: Duration) -> Result<Vec<String>> {
        self.run(within, |session| async move { session.names(sql).await }).await
    }

    /// Whether the server is there and lets us in, without a statement.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn reach(&self) -> Result<()> {
        self.run(Duration::from_secs(12), |session| async move { session.client.check_connection().await }).await
    }

    /// Does something with a connection. One that has been idle may be gone without our knowing: then it is done once more with a new one.
    async fn run<T, F>(&self, within: Duration, work: impl Fn(Arc<Session>) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    {
        let late = || {
            let message = format!("a query of ours has not ended within {} s; the warehouse may be busy", within.as_secs());
            Error::new(Code::WarehouseUnavailable, message)
        };
        let until = Instant::now() + within;
        let _room = tokio::time::timeout_at(until, self.enter()).await.map_err(|_| late())??;
        loop {
            let (session, was_idle) = match self.take_idle() {
                Some(session) => (session, true),
                None => (Arc::new(self.connector.open().await?), false),
            };
            match tokio::time::timeout_at(until, work(Arc::clone(&session))).await {
                Ok(Ok(done)) => {
                    self.give_back(session);
                    return Ok(done);
                }
                Ok(Err(error)) if error.as_db_error().is_none() && was_idle => {
                    tracing::debug!(%error, "a connection that was kept is gone");
                }
                Ok(Err(error)) => {
                    if error.as_db_error().is_some() {
                        self.give_back(session);
                    }
                    return Err(error::query(error));
                }
                Err(_) => {
                    if let Err(error) = session.stop().ask().await {
                        tracing::debug!(error = error.chain(), "a query that took too long could not be stopped");
                    }
                    return Err(late());
                }
            }
        }
    }

    async fn enter(&self) -> Result<SemaphorePermit<'_>> {
        self.room.acquire().await.map_err(|error| Error::new(Code::Internal, "the connections are closed").with_source(error))
    }

    fn take_idle(&self) -> Option<Arc<Session>> {
        let mut idle = self.lock();
        idle.retain(|(session, since)| since.elapsed() < IDLE && !session.is_closed());
        idle.pop().map(|(session, _)| session)
    }

    fn give_back(&self, session: Arc<Session>) {
        if !session.is_closed() {
            self.lock().push((session, Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<Session>, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
