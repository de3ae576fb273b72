//! The tables, by numbered steps that are only ever added: one folder a dialect, the same numbers in both.
//!
//! A step is shipped once and never edited. Replicas that start together wait for each other (PostgreSQL: an advisory lock).

use std::borrow::Cow;

use outflow_core::{Code, Error, Result};
use sqlx::SqlStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::dialect::Dialect;
use crate::error::from_sqlx;

/// Where the steps that were taken are noted.
const TABLE: &str = "schema_migration";

/// The steps: number, name, text for SQLite, text for PostgreSQL.
const STEPS: &[(i64, &str, &str, &str)] = &[(
    1,
    "unload",
    include_str!("../migrations/sqlite/0001_unload.sql"),
    include_str!("../migrations/postgres/0001_unload.sql"),
)];

/// The number of the last step that this version knows.
pub(crate) fn newest() -> i64 {
    STEPS.last().map_or(0, |step| step.0)
}

/// Brings a SQLite file to this version.
///
/// # Errors
/// `store_too_new` when a newer version has been there: nothing is touched then.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<()> {
    refuse_newer(connection).await?;
    migrator(Dialect::Sqlite).run(connection).await.map_err(failed)
}

/// Brings a PostgreSQL database to this version. The connection keeps the lock on migrations and must be closed afterwards.
///
/// # Errors
/// As [`sqlite`].
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<()> {
    connection.lock().await.map_err(failed)?;
    refuse_newer(connection).await?;
    migrator(Dialect::Postgres).run(connection).await.map_err(failed)
}

async fn refuse_newer<C: Migrate>(connection: &mut C) -> Result<()> {
    connection.ensure_migrations_table(TABLE).await.map_err(failed)?;
    let taken = connection.list_applied_migrations(TABLE).await.map_err(failed)?;
    match taken.iter().map(|step| step.version).max() {
        Some(found) if found > newest() => Err(too_new(found)),
        _ => Ok(()),
    }
}

fn migrator(dialect: Dialect) -> Migrator {
    let mut migrator = Migrator::with_migrations(STEPS.iter().map(|step| migration(step, dialect)).collect());
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

fn migration(&(number, name, sqlite, postgres): &(i64, &'static str, &'static str, &'static str), dialect: Dialect) -> Migration {
    let text = match dialect {
        Dialect::Sqlite => sqlite,
        Dialect::Postgres => postgres,
    };
    Migration::new(number, Cow::Borrowed(name), MigrationType::Simple, SqlStr::from_static(text), false)
}

fn too_new(found: i64) -> Error {
    let known = newest();
    Error::new(
        Code::StoreTooNew,
        format!("the state table is of version {found} and this program knows versions up to {known}; run a newer outflow on it"),
    )
}

fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => from_sqlx(error),
        // A replica of a newer version was faster between the look and the run.
        MigrateError::VersionMissing(found) => too_new(found),
        error => Error::new(Code::Internal, "the tables of the state table do not match this program").with_source(error),
    }
}
