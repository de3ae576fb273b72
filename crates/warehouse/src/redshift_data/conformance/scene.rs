//! What probes have in common: statements run to their ends, places of their own, and the traces to be removed.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_redshiftdata::types::StatusString;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::options::Format;
use outflow_core::statement::{StatementSettings, UnloadStatement};
use outflow_core::{Code, Error, RequestId, Result, UnloadId};
use outflow_storage::Storage;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::super::client::DataApi;
use super::super::error::Refusal;
use super::super::query::{self, Answer};
use super::super::watch::Watches;
use super::cancel::Cancelled;

/// How long one statement may take: a serverless workgroup may have to wake first.
const STATEMENT: Duration = Duration::from_secs(120);
/// How long a look at a statement is held back.
const LOOK: u32 = 5;
/// How often a call is repeated that passes.
const TRIES: u32 = 6;
/// What files are read up to.
const SMALL: u64 = 1 << 20;
/// The data rows of the sample.
pub(super) const SAMPLE_ROWS: u64 = 3;
/// Columns of every type that is told differently, of literals.
pub(super) const TYPED: &str = "CAST(1 AS SMALLINT) AS a, CAST(1 AS INTEGER) AS b, CAST(1 AS BIGINT) AS c, \
     CAST(1.5 AS NUMERIC(10,2)) AS d, CAST(1 AS REAL) AS e, CAST(1 AS DOUBLE PRECISION) AS f, CAST(1 AS BOOLEAN) AS g, \
     CAST('2026-01-02' AS DATE) AS h, CAST('2026-01-02 03:04:05' AS TIMESTAMP) AS i, CAST('x' AS VARCHAR(25)) AS j";

/// The cluster, and what is left on it.
pub(super) struct Scene<'a> {
    pub(super) api: &'a DataApi,
    watches: &'a Watches,
    pub(super) storage: &'a Storage,
    settings: &'a StatementSettings,
    run: RequestId,
    until: Instant,
    places: Mutex<Vec<AttemptPlace>>,
    running: Mutex<Vec<String>>,
    sample: OnceCell<Written>,
    pub(super) cancelled: OnceCell<Cancelled>,
}

/// How a statement ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) id: String,
    pub(super) status: StatusString,
    /// What it failed of.
    pub(super) said: String,
    /// Its `ResultRows`.
    pub(super) rows: i64,
}

/// An UNLOAD that ended well, and what is at its place: names with sizes, the manifest among them.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) place: AttemptPlace,
    pub(super) ended: Ended,
    pub(super) files: Vec<(String, u64)>,
}

impl Written {
    /// The names of the data files.
    pub(super) fn data(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str()).filter(|name| !name.ends_with("manifest"))
    }
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        api: &'a DataApi,
        watches: &'a Watches,
        storage: &'a Storage,
        settings: &'a StatementSettings,
        until: Instant,
    ) -> Self {
        let unload_id = UnloadId::generate();
        let id = unload_id.to_string();
        let run =
            RequestId::parse(&format!("conformance-{}", &id[id.len() - 12..])).unwrap_or_else(|_| unload_id.to_request_id());
        Self {
            api,
            watches,
            storage,
            settings,
            run,
            until,
            places: Mutex::default(),
            running: Mutex::default(),
            sample: OnceCell::new(),
            cancelled: OnceCell::new(),
        }
    }

    pub(super) fn prefix(&self) -> String {
        format!("{}/{}/", outflow_core::key::RESULTS, self.run)
    }

    /// The name of the run, which statements and tokens of its begin with.
    pub(super) fn name(&self) -> &str {
        self.run.as_str()
    }

    /// A name that no other statement has.
    pub(super) fn fresh_name(&self) -> String {
        let id = UnloadId::generate().to_string().replace('-', "");
        format!("{}-{}", self.run, &id[id.len() - 12..])
    }

    /// A place that nothing else has; what is there is deleted at the end.
    pub(super) fn place(&self) -> AttemptPlace {
        let place = AttemptPlace { request_id: self.run.clone(), unload_id: UnloadId::generate(), attempt: 1 };
        locked(&self.places).push(place.clone());
        place
    }

    /// An UNLOAD of that query to that place: CSV, in one file.
    pub(super) fn statement(&self, query: &str, place: &AttemptPlace) -> UnloadStatement {
        UnloadStatement {
            settings: self.settings.clone(),
            format: Format::Csv,
            parallel: false,
            ..UnloadStatement::plain(query, self.storage.uri(&StorageKey::Output(place.clone())))
        }
    }

    /// Runs an UNLOAD, changed as it is wanted, that must end well.
    pub(super) async fn unload(&self, query: &str, change: impl FnOnce(&mut UnloadStatement)) -> Result<Written> {
        let place = self.place();
        let mut statement = self.statement(query, &place);
        change(&mut statement);
        let ended = self.run(&statement.to_sql()).await?;
        if ended.status != StatusString::Finished {
            return Err(Error::new(Code::QueryFailed, "the UNLOAD failed").with_source(ended.said));
        }
        let files = self.storage.list(&place).await?;
        Ok(Written { place, ended, files })
    }

    /// The text of the one data file of an UNLOAD of that query as CSV.
    pub(super) async fn csv(&self, query: &str) -> Result<String> {
        self.text(query, |_| {}).await
    }

    /// The text of the one data file of an UNLOAD.
    pub(super) async fn text(&self, query: &str, change: impl FnOnce(&mut UnloadStatement)) -> Result<String> {
        let written = self.unload(query, change).await?;
        let file = written.data().next().ok_or_else(|| Error::new(Code::VerificationFailed, "the UNLOAD left no file"))?;
        let bytes = self.read(&written.place, file).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A small file.
    pub(super) async fn read(&self, place: &AttemptPlace, name: &str) -> Result<Vec<u8>> {
        let key = StorageKey::File(place.clone(), name.to_owned());
        Ok(self.storage.read(&key, SMALL).await?.to_vec())
    }

    /// Three rows of every type, as CSV with a header in one file: written once for all who look at it.
    pub(super) async fn sample(&self) -> Result<&Written> {
        let query = format!("SELECT {TYPED} UNION ALL SELECT {TYPED} UNION ALL SELECT {TYPED}");
        self.sample.get_or_try_init(|| self.unload(&query, |statement| statement.header = true)).await
    }

    /// The rows of a small query.
    pub(super) async fn select(&self, sql: &str) -> Result<Answer> {
        query::run(self.api, self.watches, sql, &self.fresh_name(), self.left()).await
    }

    /// Runs a statement to its end, whatever that is.
    pub(super) async fn run(&self, sql: &str) -> Result<Ended> {
        let id = self.submit(sql, &self.fresh_name(), &[]).await.map_err(|refusal| refusal.error)?;
        self.end(&id).await
    }

    /// Submits a statement under a token, which is its name.
    pub(super) async fn submit(&self, sql: &str, token: &str, values: &[(&str, &str)]) -> Result<String, Refusal> {
        // Within a moment the same token is the same statement.
        let id = patiently(|| self.api.execute_with(sql, token, values)).await?;
        locked(&self.running).push(id.clone());
        Ok(id)
    }

    /// Waits for the end of a statement; one that takes too long is stopped.
    pub(super) async fn end(&self, id: &str) -> Result<Ended> {
        let until = Instant::now() + self.left();
        let mut wait = Some(LOOK);
        loop {
            let described = match patiently(|| self.api.describe(id, wait)).await {
                Err(refusal) if wait.is_some() && refusal.is_of_waiting() => {
                    wait = None;
                    continue;
                }
                described => described.map_err(|refusal| refusal.error)?,
            };
            let status = described.status().cloned().unwrap_or(StatusString::Submitted);
            if matches!(status, StatusString::Finished | StatusString::Failed | StatusString::Aborted) {
                locked(&self.running).retain(|other| other != id);
                let said = described.error().unwrap_or_default().to_owned();
                return Ok(Ended { id: id.to_owned(), status, said, rows: described.result_rows() });
            }
            if Instant::now() >= until {
                let _ = self.api.cancel(id).await;
                return Err(Error::new(Code::WarehouseUnavailable, "the statement has not ended in time"));
            }
            if wait.is_none() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }

    /// How long the next statement may take.
    fn left(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        left.clamp(Duration::from_secs(5), STATEMENT)
    }

    /// Stops what still runs, and deletes what is there.
    pub(super) async fn clean_up(&self) -> Result<()> {
        let mut running = std::mem::take(&mut *locked(&self.running));
        // Whoever was let go of in the middle of a submit has told nobody its id.
        let listed = self.api.listed(self.name()).await.unwrap_or_default();
        let is_over =
            |status: &StatusString| matches!(status, StatusString::Finished | StatusString::Failed | StatusString::Aborted);
        let active = listed.into_iter().filter(|one| !one.status().is_some_and(is_over)).map(|one| one.id);
        running.extend(active);
        for id in &running {
            // What has ended is refused, and that is as well.
            let _ = self.api.cancel(id).await;
        }
        for id in &running {
            // Nothing comes any more once it has ended.
            let _ = self.end(id).await;
        }
        let mut outcome = Ok(());
        let places = std::mem::take(&mut *locked(&self.places));
        for place in places {
            if let Err(error) = self.storage.delete_attempt(&place).await {
                locked(&self.places).push(place);
                outcome = Err(error);
            }
        }
        outcome
    }
}

impl fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene").field("run", &self.run).finish_non_exhaustive()
    }
}

/// Makes a call that is harmless to repeat, until it is answered or refused for good.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(call: impl Fn() -> F) -> Result<T, Refusal> {
    let mut rest = Duration::from_millis(250);
    for _ in 1..TRIES {
        match call().await {
            Err(refusal) if refusal.error.kind().is_retryable() && !refusal.is_of_waiting() => {
                tokio::time::sleep(rest).await;
                rest *= 2;
            }
            answer => return answer,
        }
    }
    call().await
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
