//! PostgreSQL: a pool, a transaction for each change, and another try where the database itself asks for one.
//!
//! What is tried again has not been acknowledged: a conflict undoes the transaction, and a connection lost before the commit was sent
//! undoes it too. Of a commit that got no answer nobody knows; the caller asks again and finds `Stale` or `Known`.

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outflow_core::{Code, Error, Result, Unload};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, SqlStr};
use tokio::sync::broadcast;

use crate::Options;
use crate::connection::{Connection, Row, Value};
use crate::error::{from_sqlx, is_conflict, is_connection_lost};
use crate::migration;
use crate::work::{Session, Work};

/// How often a change that conflicts with others is tried at most.
const TRIES: u32 = 8;
/// The longest wait before the second try; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(4);

/// The state table in a database server.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    writers: PgPool,
    /// Apart, so that a look at a status does not queue behind commits.
    readers: PgPool,
    notices: broadcast::Sender<Arc<Unload>>,
}

impl PostgresStore {
    /// Connects, and brings the tables to this version.
    pub(crate) async fn open(url: &str, options: &Options, notices: broadcast::Sender<Arc<Unload>>) -> Result<Self> {
        let connect: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            // The url may hold a password: it is not repeated.
            Error::new(
                Code::ConfigInvalid,
                "the store's url is not one of PostgreSQL: postgres://user:password@host:port/database",
            )
            .with_source(error)
        })?;
        let connect = connect.application_name("outflow").disable_statement_logging();
        let mut connection = connect.connect().await.map_err(from_sqlx)?;
        migration::postgres(&mut connection).await?;
        connection.close().await.map_err(from_sqlx)?;
        let pool = |connections: u32| {
            PgPoolOptions::new()
                .max_connections(connections.max(1))
                .acquire_timeout(options.acquire_timeout)
                .test_before_acquire(false)
                .connect_lazy_with(connect.clone())
        };
        let readers = (options.postgres_connections / 4).max(1);
        Ok(Self { writers: pool(options.postgres_connections.saturating_sub(readers)), readers: pool(readers), notices })
    }

    /// Runs a work in a transaction of its own and tells watchers once it is committed.
    pub(crate) async fn write<W: Work>(&self, work: W) -> Result<W::Output> {
        let began = Instant::now();
        let (mut conflicts, mut losses) = (0, 0);
        let (output, changed) = loop {
            let failure = match self.attempt(&work).await {
                Ok(done) => break done,
                Err(failure) => failure,
            };
            match failure.undone {
                Some(Undone::Conflict) if conflicts + 1 < TRIES => {
                    conflicts += 1;
                    tokio::time::sleep(delay(conflicts)).await;
                }
                Some(Undone::Lost) if losses < most_lost(&self.writers) => losses += 1,
                _ => return Err(failure.error),
            }
        };
        metrics::histogram!("outflow_store_commit_seconds", "store" => "postgres").record(began.elapsed().as_secs_f64());
        for unload in changed {
            // Nobody may be listening.
            let _ = self.notices.send(unload);
        }
        Ok(output)
    }

    /// Asks, and asks again when the connection was gone: after a restart of the server each that the pool kept is.
    pub(crate) async fn ask(&self, text: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let mut losses = 0;
        loop {
            let mut reader = self.readers.acquire().await.map_err(from_sqlx)?;
            match Connection::from(&mut *reader).rows(text.clone(), values).await {
                Err(error) if is_connection_lost(&error) && losses < most_lost(&self.readers) => losses += 1,
                answer => return answer,
            }
        }
    }

    async fn attempt<W: Work>(&self, work: &W) -> Result<(W::Output, Vec<Arc<Unload>>), Failure> {
        let mut transaction = self.writers.begin().await.map_err(|error| Failure::before_commit(from_sqlx(error)))?;
        let mut session = Session::new(Connection::from(&mut *transaction));
        let result = work.run(&mut session).await;
        let changed = session.into_changed();
        let output = match result {
            Ok(output) => output,
            Err(error) => {
                if let Err(error) = transaction.rollback().await {
                    tracing::debug!(%error, "the transaction was rolled back already");
                }
                return Err(Failure::before_commit(error));
            }
        };
        match transaction.commit().await.map_err(from_sqlx) {
            Ok(()) => Ok((output, changed)),
            Err(error) => Err(Failure { undone: is_conflict(&error).then_some(Undone::Conflict), error }),
        }
    }
}

/// How many connections can be lost at once: all that the pool keeps.
fn most_lost(pool: &PgPool) -> u32 {
    pool.options().get_max_connections()
}

/// Why a transaction is known to be undone, through no fault of its own.
enum Undone {
    /// It met others.
    Conflict,
    /// Its connection was lost before the commit was sent.
    Lost,
}

struct Failure {
    error: Error,
    undone: Option<Undone>,
}

impl Failure {
    fn before_commit(error: Error) -> Self {
        let undone = match (is_conflict(&error), is_connection_lost(&error)) {
            (true, _) => Some(Undone::Conflict),
            (_, true) => Some(Undone::Lost),
            _ => None,
        };
        Self { error, undone }
    }
}

/// Half of the doubled delay and as much again by chance, so that two that met do not meet again.
fn delay(tries: u32) -> Duration {
    let whole = FIRST_DELAY.saturating_mul(1 << tries.min(8));
    let chance = std::hash::RandomState::new().hash_one(tries) % 1024;
    whole / 2 + whole.mul_f64(chance as f64 / 2048.0)
}

impl<'c> From<&'c mut PgConnection> for Connection<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::Postgres(connection)
    }
}
