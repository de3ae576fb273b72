//! What the databases say, as our errors: by SQLite's result code and by PostgreSQL's SQLSTATE, in this one place.
//!
//! The driver's error stays inside as the source, so that this file can also tell what may be tried again.

use outflow_core::{Code, Error};
use sqlx::error::DatabaseError;

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
mod sqlite_code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

/// PostgreSQL's SQLSTATEs, whole or their class (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
mod sql_state {
    pub(super) const SERIALIZATION_FAILURE: &str = "40001";
    pub(super) const DEADLOCK: &str = "40P01";
    pub(super) const READ_ONLY: &str = "25006";
    pub(super) const DISK_FULL: &str = "53100";
    pub(super) const TOO_MANY_CONNECTIONS: &str = "53300";
    pub(super) const NO_SUCH_DATABASE: &str = "3D000";
    pub(super) const CLASS_CONNECTION: &str = "08";
    pub(super) const CLASS_LOGIN: &str = "28";
    pub(super) const CLASS_RESOURCES: &str = "53";
    pub(super) const CLASS_OPERATOR: &str = "57";
    pub(super) const CLASS_SYSTEM: &str = "58";
}

/// Our error for a driver's.
pub(crate) fn from_sqlx(error: sqlx::Error) -> Error {
    let (code, message) = match &error {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
            Some(_) => of_sqlite(database.as_ref()),
            None => of_postgres(database.as_ref()),
        },
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
            (Code::StoreUnavailable, "the connection to the state table was lost; is the database server running".to_owned())
        }
        sqlx::Error::PoolTimedOut => {
            (Code::StoreUnavailable, "no connection to the state table became free in time; it is slow or overloaded".to_owned())
        }
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => (Code::StoreUnavailable, "the state table is closed".to_owned()),
        sqlx::Error::Configuration(_) => (Code::ConfigInvalid, "the store's url cannot be understood".to_owned()),
        _ => (Code::Internal, "the state table answered what was not expected".to_owned()),
    };
    Error::new(code, message).with_source(error)
}

fn of_sqlite(error: &dyn DatabaseError) -> (Code, String) {
    let primary = error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    let message = match primary {
        Some(sqlite_code::FULL) => "the disk that holds the state table is full; free some room, nothing was recorded",
        Some(sqlite_code::BUSY | sqlite_code::LOCKED) => "another program holds the state table's file; close it there",
        Some(sqlite_code::READ_ONLY) => "the state table's file cannot be written to; look at its permissions",
        Some(sqlite_code::CANNOT_OPEN) => "the state table's file cannot be opened; look at its path and permissions",
        Some(sqlite_code::NOT_A_DATABASE) => "the state table's file is not a SQLite database; name another file",
        Some(sqlite_code::CORRUPT) => "the state table's file is damaged; restore it from a backup",
        Some(sqlite_code::IO) => "the disk that holds the state table fails to read or write",
        _ => return (Code::Internal, "the state table refused a change that should be possible".to_owned()),
    };
    (Code::StoreUnavailable, message.to_owned())
}

fn of_postgres(error: &dyn DatabaseError) -> (Code, String) {
    let state = error.code().unwrap_or_default();
    let class = state.get(..2).unwrap_or_default();
    let message = match (state.as_ref(), class) {
        (sql_state::SERIALIZATION_FAILURE | sql_state::DEADLOCK, _) => {
            "the change met others at the same place too often; nothing was recorded, try again"
        }
        (sql_state::READ_ONLY, _) => "the database of the state table is read-only; after a failover it may be the wrong server",
        (sql_state::DISK_FULL, _) => "the disk of the state table's server is full; nothing was recorded",
        (sql_state::TOO_MANY_CONNECTIONS, _) => "the state table's server takes no more connections",
        (sql_state::NO_SUCH_DATABASE, _) => "the database that the store's url names does not exist; create it",
        (_, sql_state::CLASS_LOGIN) => "the state table's server refuses the user or password of the store's url",
        (_, sql_state::CLASS_CONNECTION | sql_state::CLASS_RESOURCES | sql_state::CLASS_OPERATOR | sql_state::CLASS_SYSTEM) => {
            "the state table's server is not available"
        }
        _ => return (Code::Internal, "the state table refused a change that should be possible".to_owned()),
    };
    (Code::StoreUnavailable, message.to_owned())
}

fn driver_error(error: &Error) -> Option<&sqlx::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether the database itself undid the transaction because of others: running it again is right.
pub(crate) fn is_conflict(error: &Error) -> bool {
    let Some(sqlx::Error::Database(database)) = driver_error(error) else { return false };
    matches!(database.code().as_deref(), Some(sql_state::SERIALIZATION_FAILURE | sql_state::DEADLOCK))
}

/// Whether the connection was gone. What was sent before a commit is undone then; of a commit itself nobody knows.
pub(crate) fn is_connection_lost(error: &Error) -> bool {
    match driver_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => true,
        Some(sqlx::Error::Database(database)) => {
            let state = database.code().unwrap_or_default();
            // 57P01 to 57P03: the server is being stopped, was crashed by another session, or is starting.
            state.starts_with(sql_state::CLASS_CONNECTION) || state.starts_with("57P0")
        }
        _ => false,
    }
}

/// The same error once more, for each of several callers whose changes failed together.
pub(crate) fn again(error: &Error) -> Error {
    let copy = Error::new(error.code(), error.message());
    match std::error::Error::source(error) {
        Some(source) => copy.with_source(source.to_string()),
        None => copy,
    }
}

/// A row that does not say what it should.
pub(crate) fn unreadable(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, format!("{what} in the state table cannot be read")).with_source(source)
}
