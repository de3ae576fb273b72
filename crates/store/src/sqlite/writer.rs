//! The one writer: takes whatever waits, runs it in one transaction, commits once, then answers everybody.
//!
//! A commit costs a sync of the disk; sharing it is what makes acknowledged-means-on-disk fast. A group first runs bare. When a work
//! in it fails, all of it is undone and run again, each work under a savepoint of its own, so that the failing one takes nobody along.
//! The writer lives on a thread of its own: it outlasts the runtime that opened it, finishes what was queued, and then lets the lock go.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures::FutureExt as _;
use outflow_core::{Code, Error, Result, Unload};
use sqlx::Executor as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::File;
use super::lock::FileLock;
use crate::connection::Connection;
use crate::error::{again, from_sqlx};
use crate::work::{Session, Work};

/// How many works share a commit at most: more would make the first of them wait.
const GROUP: usize = 256;
/// How many works may wait; beyond that, callers wait to be queued.
const QUEUE: usize = 4096;

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the writer; it ends when this handle is dropped and the queue is empty.
    pub(super) fn start(
        file: File,
        connection: SqliteConnection,
        lock: FileLock,
        notices: broadcast::Sender<Arc<Unload>>,
    ) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let failed = |error| super::unusable("the writer of the state table cannot be started".to_owned()).with_source(error);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
        let group = GroupWriter { file, connection: Some(connection), notices };
        std::thread::Builder::new()
            .name("outflow-store".to_owned())
            .spawn(move || {
                runtime.block_on(group.run(jobs));
                drop(lock);
            })
            .map_err(failed)?;
        Ok(Self { queue })
    }

    /// Queues a work and waits until it is on disk. A caller that stops waiting does not stop the work.
    pub(super) async fn write<W: Work>(&self, work: W) -> Result<W::Output> {
        let (answer, answered) = oneshot::channel();
        let queued = Queued { work, outcome: None, answer };
        let closed = || super::unusable("the state table is closed".to_owned());
        self.queue.send(Box::new(queued)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

/// A work in the queue, its type forgotten.
#[async_trait]
trait Job: Send {
    /// Runs it and keeps its outcome; fails as the work did.
    async fn run(&mut self, session: &mut Session<'_>) -> Result<()>;

    /// Answers with the outcome, or with the failure that befell the whole group.
    fn answer(self: Box<Self>, group: std::result::Result<(), &Error>);
}

struct Queued<W: Work> {
    work: W,
    outcome: Option<Result<W::Output>>,
    answer: oneshot::Sender<Result<W::Output>>,
}

#[async_trait]
impl<W: Work> Job for Queued<W> {
    async fn run(&mut self, session: &mut Session<'_>) -> Result<()> {
        let outcome = AssertUnwindSafe(self.work.run(session)).catch_unwind().await.unwrap_or_else(|_| {
            Err(Error::new(Code::Internal, format!("a change of the state table panicked: {:?}", self.work)))
        });
        let result = outcome.as_ref().map(|_| ()).map_err(again);
        self.outcome = Some(outcome);
        result
    }

    fn answer(self: Box<Self>, group: std::result::Result<(), &Error>) {
        let outcome = match (group, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::new(Code::Internal, "a change of the state table was left out")),
            (Err(_), Some(Err(own))) => Err(own),
            (Err(error), _) => Err(again(error)),
        };
        // Whoever asked may have gone; the work is done all the same.
        let _ = self.answer.send(outcome);
    }
}

/// Why a group was not committed.
enum GroupFailure {
    /// A work failed and took the bare transaction with it; nothing is recorded.
    OneFailed,
    /// The database failed; nothing is recorded, or nobody knows.
    Database(Error),
}

struct GroupWriter {
    file: File,
    connection: Option<SqliteConnection>,
    notices: broadcast::Sender<Arc<Unload>>,
}

impl GroupWriter {
    async fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut group = Vec::with_capacity(GROUP);
        while jobs.recv_many(&mut group, GROUP).await > 0 {
            let began = Instant::now();
            let result = self.write(&mut group).await;
            metrics::histogram!("outflow_store_batch_size", "store" => "sqlite").record(group.len() as f64);
            metrics::histogram!("outflow_store_commit_seconds", "store" => "sqlite").record(began.elapsed().as_secs_f64());
            if let Err(error) = &result {
                tracing::error!(error = error.chain(), changes = group.len(), "a group of changes of the state table failed");
            }
            for job in group.drain(..) {
                job.answer(result.as_ref().map(|_| ()));
            }
            for unload in result.into_iter().flatten() {
                // Nobody may be listening.
                let _ = self.notices.send(unload);
            }
        }
        if let Some(connection) = self.connection {
            use sqlx::Connection as _;
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "the state table did not close in order");
            }
        }
    }

    /// Commits a group; gives what changed. A connection on which that failed is not used again.
    async fn write(&mut self, group: &mut [Box<dyn Job>]) -> Result<Vec<Arc<Unload>>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.file.open_to_write().await?,
        };
        let result = match transaction(&mut connection, group, false).await {
            Err(GroupFailure::OneFailed) if group.len() > 1 => transaction(&mut connection, group, true).await,
            result => result,
        };
        match result {
            Ok(changed) => {
                self.connection = Some(connection);
                Ok(changed)
            }
            Err(GroupFailure::OneFailed) => {
                self.connection = Some(connection);
                Ok(Vec::new())
            }
            Err(GroupFailure::Database(error)) => Err(error),
        }
    }
}

/// Runs a group in one transaction. `guarded` puts each work under a savepoint: then a failing one undoes only itself.
async fn transaction(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Job>],
    guarded: bool,
) -> std::result::Result<Vec<Arc<Unload>>, GroupFailure> {
    command(connection, "begin immediate").await?;
    let mut changed = Vec::new();
    for job in group {
        if guarded {
            command(connection, "savepoint work").await?;
        }
        let mut session = Session::new(Connection::from(&mut *connection));
        match (job.run(&mut session).await, guarded) {
            (Ok(()), _) => changed.extend(session.into_changed()),
            // Where there is nothing to roll back, the error ended the whole transaction by itself, as a full disk does.
            (Err(error), true) => command(connection, "rollback to work").await.map_err(|_| GroupFailure::Database(error))?,
            (Err(_), false) => {
                if let Err(error) = connection.execute("rollback").await {
                    tracing::debug!(%error, "the transaction was rolled back already");
                }
                return Err(GroupFailure::OneFailed);
            }
        }
        if guarded {
            command(connection, "release work").await?;
        }
    }
    command(connection, "commit").await?;
    Ok(changed)
}

async fn command(connection: &mut SqliteConnection, sql: &'static str) -> std::result::Result<(), GroupFailure> {
    match connection.execute(sqlx::query(sql)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(GroupFailure::Database(from_sqlx(error))),
    }
}
