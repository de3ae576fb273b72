//! Two long statements and what becomes of them: one is cancelled from another connection, the other's client is gone.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::options::Format;
use outflow_core::statement::{StatementSettings, UnloadStatement};
use outflow_core::{AttemptToken, Code, Error, RequestId, Result, UnloadId};
use outflow_storage::Storage;
use tokio::sync::OnceCell;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use super::super::connect::Stop;
use super::super::lookout::LOOK;
use super::super::{RedshiftWire, Tagged, error};
use crate::belief::DIGITS;
use crate::redshift::failure::is_cancel;
use crate::redshift::seen::Trouble;

/// How long a statement is waited for that is late in the record.
const LATE: Duration = Duration::from_secs(60);
/// How long one may take to end that was told to stop, and how long one is looked at whose client is gone.
const STOP: Duration = Duration::from_secs(15);
/// The distance between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The cluster, and what is left on it.
pub(super) struct Scene<'a> {
    warehouse: &'a RedshiftWire,
    storage: &'a Storage,
    settings: &'a StatementSettings,
    recorded_within: Duration,
    run: RequestId,
    traces: Mutex<Vec<Trace>>,
    watched: OnceCell<Told<Watched>>,
    stopped: OnceCell<Told<Stopped>>,
}

/// What was found out once for all who ask, or why it was not.
type Told<T> = std::result::Result<T, Trouble>;

/// A statement that may run.
#[derive(Debug, Clone)]
struct Trace {
    place: AttemptPlace,
    tagged: Tagged,
    stop: Stop,
}

/// A statement that was sent, and its connection.
struct Sent {
    trace: Trace,
    link: AbortHandle,
    at: Instant,
    ended: JoinHandle<std::result::Result<(), tokio_postgres::Error>>,
}

/// What the record says of a statement.
struct Recorded {
    text: String,
    session: String,
    status: String,
    said: String,
}

/// How a statement came into the record.
pub(super) struct Watched {
    /// Where its tag is.
    pub(super) tag: &'static str,
    /// Within what time.
    pub(super) recorded: String,
    /// Whether before or after its end.
    pub(super) when: &'static str,
    /// It, for whoever stops it.
    running: Mutex<Option<(Sent, Recorded)>>,
}

/// How a statement ended that was cancelled by its session.
pub(super) struct Stopped {
    pub(super) how: String,
    pub(super) status: String,
}

impl Recorded {
    fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "success" | "failed" | "canceled" | "cancelled")
    }

    fn told(&self) -> String {
        if self.said.is_empty() || self.status != "failed" { self.status.clone() } else { format!("failed: {}", self.said) }
    }
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        warehouse: &'a RedshiftWire,
        storage: &'a Storage,
        settings: &'a StatementSettings,
        recorded_within: Duration,
    ) -> Self {
        let unload_id = UnloadId::generate();
        let id = unload_id.to_string();
        let run =
            RequestId::parse(&format!("conformance-{}", &id[id.len() - 12..])).unwrap_or_else(|_| unload_id.to_request_id());
        let (watched, stopped) = (OnceCell::new(), OnceCell::new());
        Self { warehouse, storage, settings, recorded_within, run, traces: Mutex::default(), watched, stopped }
    }

    pub(super) fn prefix(&self) -> String {
        format!("{}/{}/", outflow_core::key::RESULTS, self.run)
    }

    /// How a statement came into the record, seen from another connection.
    pub(super) async fn watched(&self) -> Result<&Watched> {
        let watched = self.watched.get_or_init(|| async { self.watch().await.map_err(|error| Trouble::from(&error)) }).await;
        watched.as_ref().map_err(Trouble::to_error)
    }

    /// How the same statement was stopped by its session.
    pub(super) async fn stopped(&self) -> Result<&Stopped> {
        let stopped = self.stopped.get_or_init(|| async { self.stop().await.map_err(|error| Trouble::from(&error)) }).await;
        stopped.as_ref().map_err(Trouble::to_error)
    }

    async fn watch(&self) -> Result<Watched> {
        let sent = self.send().await?;
        let found = self.until(&sent.trace, LATE.max(self.recorded_within), |_| true).await?;
        let took = sent.at.elapsed();
        if sent.ended.is_finished() {
            return Err(by_itself(sent).await);
        }
        let recorded = match &found {
            None => format!("not within {} s", took.as_secs()),
            Some(_) if took <= self.recorded_within => format!("within {} s", self.recorded_within.as_secs()),
            Some(_) => format!("after {} s", took.as_secs_f64().ceil()),
        };
        let tag = match &found {
            Some(found) if found.text.starts_with(&sent.trace.tagged.tag) => "at the beginning",
            Some(found) if found.text.contains(&sent.trace.tagged.tag) => "further on",
            _ => "nowhere",
        };
        let when = if found.is_some() { "before its end" } else { "after its end" };
        Ok(Watched { tag, recorded, when, running: Mutex::new(found.map(|found| (sent, found))) })
    }

    async fn stop(&self) -> Result<Stopped> {
        let running = locked(&self.watched().await?.running).take();
        let (sent, found) = running.ok_or_else(|| unprobed("the statement is not in the record, and its session not known"))?;
        self.cancel_session(&found).await?;
        let how = match tokio::time::timeout(STOP, sent.ended).await {
            Err(_) => {
                sent.trace.stop.ask().await?;
                "it goes on".to_owned()
            }
            Ok(Ok(Err(error))) if error.as_db_error().is_some_and(|told| is_cancel(told.message())) => "it stops".to_owned(),
            Ok(Ok(Err(error))) => format!("it ends: {}", crate::redshift::chain(&error)),
            Ok(Ok(Ok(())) | Err(_)) => return Err(unprobed("the statement ended by itself before it was cancelled")),
        };
        let recorded = self.until(&sent.trace, STOP, Recorded::is_over).await?;
        Ok(Stopped { how, status: recorded.map_or_else(|| "none".to_owned(), |recorded| recorded.told()) })
    }

    /// What becomes of a statement whose connection is gone, as far as the record tells within a while.
    pub(super) async fn dropped(&self) -> Result<String> {
        let sent = self.send().await?;
        if self.until(&sent.trace, LATE, |_| true).await?.is_none() {
            return Err(unprobed("the statement is not in the record, which would tell"));
        }
        if sent.ended.is_finished() {
            return Err(by_itself(sent).await);
        }
        sent.link.abort();
        Ok(match self.until(&sent.trace, STOP, Recorded::is_over).await? {
            Some(found) if found.is_over() && found.status != "success" => found.told(),
            Some(_) => "it goes on".to_owned(),
            None => "it is not in the record any more".to_owned(),
        })
    }

    /// Sends a statement that runs for long, also on a real cluster, and writes nothing before its end.
    async fn send(&self) -> Result<Sent> {
        let place = AttemptPlace { request_id: self.run.clone(), unload_id: UnloadId::generate(), attempt: 1 };
        let three = format!("(WITH d AS ({DIGITS}) SELECT x.n + 10 * y.n + 100 * z.n AS n FROM d x, d y, d z)");
        let query = format!(
            "SELECT COUNT(*) AS n FROM {three} AS a, {three} AS b, {three} AS c \
             WHERE LEN(MD5(CAST(a.n + b.n + c.n AS VARCHAR))) = 0"
        );
        let statement = UnloadStatement {
            settings: self.settings.clone(),
            format: Format::Csv,
            parallel: false,
            ..UnloadStatement::plain(query, self.storage.uri(&StorageKey::Output(place.clone())))
        };
        let tagged = Tagged::of(&AttemptToken::new(place.unload_id, place.attempt));
        let sql = format!("{} {}", tagged.tag, statement.to_sql());
        let session = self.warehouse.connector.open().await?;
        let trace = Trace { place, tagged, stop: session.stop() };
        locked(&self.traces).push(trace.clone());
        let link = session.link();
        let ended = tokio::spawn(async move { session.client.batch_execute(&sql).await });
        Ok(Sent { trace, link, at: Instant::now(), ended })
    }

    /// What the record says of a statement as soon as that `is_so`, or else at the end of that time.
    async fn until(&self, trace: &Trace, within: Duration, is_so: fn(&Recorded) -> bool) -> Result<Option<Recorded>> {
        let until = Instant::now() + within;
        loop {
            let found = self.recorded(trace).await?;
            if found.as_ref().is_some_and(is_so) || Instant::now() >= until {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What the record says of a statement, which is known by its place, wherever its tag is.
    async fn recorded(&self, trace: &Trace) -> Result<Option<Recorded>> {
        let place = &trace.place;
        let sql = format!(
            "SELECT LEFT(query_text, 200), session_id, TRIM(status), TRIM(error_message) FROM sys_query_history \
             WHERE start_time >= CAST('{}' AS TIMESTAMP) AND query_text LIKE '%UNLOAD%/{}-{}/output%' \
             AND query_text NOT LIKE 'SELECT%' ORDER BY start_time DESC",
            trace.tagged.since.format("%Y-%m-%d %H:%M:%S"),
            place.unload_id,
            place.attempt
        );
        let rows = self.warehouse.looks.rows(&sql, LOOK).await?;
        Ok(rows.first().map(|row| {
            let value = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default().trim().to_owned();
            Recorded { text: value(0), session: value(1), status: value(2), said: value(3) }
        }))
    }

    async fn cancel_session(&self, found: &Recorded) -> Result<()> {
        let told = || format!("the record says `{}` where a session should be", found.session);
        let session: i32 = found.session.parse().map_err(|_| unprobed(told()))?;
        self.warehouse.looks.rows(&format!("SELECT pg_cancel_backend({session})"), LOOK).await?;
        Ok(())
    }

    /// Stops what still runs, and deletes what is there.
    pub(super) async fn clean_up(&self) -> Result<()> {
        let mut outcome = Ok(());
        let traces = std::mem::take(&mut *locked(&self.traces));
        for trace in traces {
            let stopped = self.put_an_end_to(&trace).await;
            outcome = outcome.and(stopped).and(self.storage.delete_attempt(&trace.place).await);
        }
        outcome
    }

    async fn put_an_end_to(&self, trace: &Trace) -> Result<()> {
        // A client that is gone may ask as well: what it runs is known by a number and a secret.
        let asked = trace.stop.ask().await;
        match self.until(trace, STOP, Recorded::is_over).await? {
            Some(found) if !found.is_over() => {
                let message = format!("the statement in session {} could not be stopped", found.session);
                Err(asked.err().unwrap_or_else(|| Error::new(Code::WarehouseUnavailable, message)))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene").field("run", &self.run).finish_non_exhaustive()
    }
}

/// Of a statement that was to run for long, and ended.
async fn by_itself(sent: Sent) -> Error {
    let error = unprobed("the statement ended by itself before it could be watched");
    match sent.ended.await {
        Ok(Err(said)) => error.with_source(error::query(said)),
        Ok(Ok(())) | Err(_) => error,
    }
}

fn unprobed(why: impl Into<String>) -> Error {
    Error::new(Code::VerificationFailed, why)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
