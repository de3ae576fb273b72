//! SQLite: one writer that groups commits, a few readers beside it, and a lock file that keeps a second service away.
//!
//! WAL with `synchronous = FULL`: a commit that was answered survives a power cut. Readers see what was committed and never wait.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use outflow_core::{Code, Error, Result, Unload};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlStr};
use tokio::sync::broadcast;

use crate::Options;
use crate::connection::{Connection, Row, Value};
use crate::dialect::Dialect;
use crate::error::from_sqlx;
use crate::migration;
use crate::statement;
use crate::work::Work;

mod lock;
mod writer;

use lock::FileLock;
use writer::Writer;

/// How long a statement waits for a lock that another program holds on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many KiB of pages the writer, and each reader, keeps in memory.
const WRITER_CACHE_KIB: u32 = 8 * 1024;
const READER_CACHE_KIB: u32 = 2 * 1024;
/// How many pages the write-ahead log gathers before they are copied into the file: often enough to stay small, seldom enough that a
/// page that changes all the time is copied once for many changes.
const CHECKPOINT_PAGES: u32 = 4_000;
/// How many prepared statements a connection keeps: all of ours, and lists in their combinations.
const PREPARED_STATEMENTS: usize = 128;

/// The state table in a file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, making it and its folder where they are missing, and brings its tables to this version.
    pub(crate) async fn open(path: &Path, options: &Options, notices: broadcast::Sender<Arc<Unload>>) -> Result<Self> {
        let path = path.to_owned();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                let reason = error.kind();
                unusable(format!("the folder `{}` of the state table cannot be made: {reason}", folder.display()))
                    .with_source(error)
            })?;
        }
        let lock = FileLock::acquire(&path).await?;
        let file = File { path, page_limit: options.sqlite_page_limit };
        let mut connection = file.open_to_write().await?;
        migration::sqlite(&mut connection).await.map_err(|error| naming(&file.path, error))?;
        // Whoever holds the file's lock is alone: what a dead process held need not run out before it is taken up again.
        for void in [&statement::LEASES_VOID, &statement::OUTBOX_VOID] {
            Connection::from(&mut connection).execute(void.text(Dialect::Sqlite), &[]).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(options.sqlite_readers.max(1))
            .min_connections(1)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(file.options(READER_CACHE_KIB).read_only(true))
            .await
            .map_err(from_sqlx)?;
        Ok(Self { writer: Writer::start(file, connection, lock, notices)?, readers })
    }

    /// Runs a work in the next grouped transaction.
    pub(crate) async fn write<W: Work>(&self, work: W) -> Result<W::Output> {
        self.writer.write(work).await
    }

    /// Asks on a connection that only reads.
    pub(crate) async fn ask(&self, text: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let mut reader = self.readers.acquire().await.map_err(from_sqlx)?;
        Connection::from(&mut *reader).rows(text, values).await
    }
}

/// The database file, and how it is opened.
#[derive(Debug)]
struct File {
    path: PathBuf,
    page_limit: Option<u32>,
}

impl File {
    fn options(&self, cache_kib: u32) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .statement_cache_capacity(PREPARED_STATEMENTS)
            .pragma("cache_size", format!("-{cache_kib}"))
            .pragma("temp_store", "memory")
            .disable_statement_logging()
    }

    /// The one connection that writes.
    async fn open_to_write(&self) -> Result<SqliteConnection> {
        let mut options = self
            .options(WRITER_CACHE_KIB)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", (64 * 1024 * 1024).to_string());
        if let Some(pages) = self.page_limit {
            options = options.pragma("max_page_count", pages.to_string());
        }
        options.connect().await.map_err(|error| naming(&self.path, from_sqlx(error)))
    }
}

/// The same error with the file in its message.
fn naming(path: &Path, error: Error) -> Error {
    if error.code() != Code::StoreUnavailable {
        return error;
    }
    Error::new(error.code(), format!("`{}`: {}", path.display(), error.message())).with_source(error)
}

fn unusable(message: String) -> Error {
    Error::new(Code::StoreUnavailable, message)
}

impl<'c> From<&'c mut SqliteConnection> for Connection<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

#[cfg(test)]
mod tests;
