//! The state table over SQLite and over PostgreSQL, with one set of queries.
//!
//! A use case that writes is a `Work`: one transaction, the same code on both. The queries lie in `src/sql`; what the dialects say
//! differently is a handful of words (`dialect.rs`). SQLite groups the works of many callers into one synced commit
//! (`sqlite/writer.rs`); PostgreSQL gives each its transaction and tries conflicts again (`postgres.rs`). There is no cache: what a
//! caller reads is what was committed. Notices between replicas are not here yet.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outflow_core::store::Store;
use outflow_core::{Code, Error, Result};
use tokio::sync::broadcast;

mod connection;
mod dialect;
mod error;
mod list;
mod migration;
mod postgres;
mod record;
mod sqlite;
mod statement;
mod store;
mod work;

#[cfg(feature = "testing")]
#[allow(clippy::unwrap_used, reason = "an assertion of a test")]
pub mod suite;
#[cfg(feature = "testing")]
pub mod testing;

use store::{Backend, SqlStore};

/// How many changes a slow listener may be behind before it loses some.
const NOTICES_KEPT: usize = 1024;

/// What can be tuned; the defaults suit a service of any size.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections read a SQLite file beside its one writer.
    pub sqlite_readers: u32,
    /// How many connections to PostgreSQL are open at most; a quarter of them only reads.
    pub postgres_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    /// How many pages a SQLite file may have; none leaves it to the disk.
    pub sqlite_page_limit: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { sqlite_readers: 4, postgres_connections: 16, acquire_timeout: Duration::from_secs(5), sqlite_page_limit: None }
    }
}

/// Opens the state table that a locator names, `sqlite:PATH` or `postgres://…`, and brings it to this version.
///
/// A SQLite file and its folder are made where they are missing; the file is held for as long as the store lives. The tables of a
/// PostgreSQL database are made by whichever replica comes first.
///
/// # Errors
/// `config_invalid` for another locator, `store_locked` when another service holds the file, `store_too_new` when a newer version
/// has been there, `store_unavailable` when it cannot be reached or written.
pub async fn connect(url: &str, options: &Options) -> Result<Arc<dyn Store>> {
    let (notices, _) = broadcast::channel(NOTICES_KEPT);
    let backend = match url.split_once(':') {
        Some(("sqlite", path)) => {
            Backend::Sqlite(sqlite::SqliteStore::open(&sqlite_path(path)?, options, notices.clone()).await?)
        }
        Some(("postgres" | "postgresql", _)) => {
            Backend::Postgres(postgres::PostgresStore::open(url, options, notices.clone()).await?)
        }
        _ => return Err(unknown_locator()),
    };
    Ok(Arc::new(SqlStore { backend, notices }))
}

/// `sqlite:folder/file`, `sqlite:/folder/file`, and with the two slashes that other tools want.
fn sqlite_path(path: &str) -> Result<PathBuf> {
    match path.strip_prefix("//").unwrap_or(path) {
        "" | ":memory:" => Err(unknown_locator()),
        path => Ok(PathBuf::from(path)),
    }
}

fn unknown_locator() -> Error {
    // A url may hold a password: it is not repeated.
    Error::new(Code::ConfigInvalid, "the store's url must be `sqlite:PATH`, naming a file, or `postgres://user@host/database`")
}
