//! A statement of the API, with its parts: one, but for a batch.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::ApiError;
use super::request::Submit;
use super::result::ResultSet;
use crate::belief;
use crate::engine::session::Session;
use crate::secret;

/// What a statement takes beside its texts, about.
const FRAME: usize = 1_024;

/// How a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Submitted,
    Picked,
    Started,
    Finished,
    Failed,
    Aborted,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Picked => "PICKED",
            Self::Started => "STARTED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Aborted)
    }
}

/// What one SQL text of a statement has come to.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its text as it may be shown.
    pub(super) sql: Arc<str>,
    pub(super) status: Status,
    pub(super) query_id: Option<i64>,
    pub(super) started: Option<Instant>,
    /// How long it ran, once it has ended.
    pub(super) took: Duration,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) error: Option<String>,
    pub(super) rows: i64,
    /// The bytes of its result, if it has one.
    pub(super) size: Option<usize>,
    /// The result, for as long as it is kept.
    pub(super) result: Option<Arc<ResultSet>>,
}

impl Part {
    fn new(sql: &str) -> Self {
        Self {
            sql: secret::shown(sql).into(),
            status: Status::Submitted,
            query_id: None,
            started: None,
            took: Duration::ZERO,
            updated_at: Utc::now(),
            error: None,
            rows: belief::NULL_NUMBER,
            size: None,
            result: None,
        }
    }
}

/// A statement.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) id: String,
    /// The request as it may be shown: without keys, and without its texts, which are the parts'.
    pub(super) asked: Submit,
    /// The process that serves it, whose it is, and where.
    pub(super) pid: i32,
    pub(super) user: String,
    pub(super) database: String,
    /// What it says of its session, if it keeps one.
    pub(super) session_id: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) cancel: CancellationToken,
    /// When it was accepted.
    pub(super) born: Instant,
    is_batch: bool,
    status: watch::Sender<Status>,
    parts: Mutex<Vec<Part>>,
    /// How many requests wait for its end.
    waiting: AtomicUsize,
    /// Whether it has ended and its results are counted.
    is_settled: AtomicBool,
}

impl Statement {
    pub(super) fn new(mut asked: Submit, texts: &[String], session: &Session, session_id: Option<String>) -> Self {
        asked.hide();
        let is_batch = asked.sqls.take().is_some();
        asked.sql = None;
        Self {
            id: Uuid::new_v4().to_string(),
            asked,
            pid: session.pid,
            user: session.user.clone(),
            database: session.database.clone(),
            session_id,
            created_at: Utc::now(),
            cancel: CancellationToken::new(),
            born: Instant::now(),
            is_batch,
            status: watch::Sender::new(Status::Submitted),
            parts: Mutex::new(texts.iter().map(|text| Part::new(text)).collect()),
            waiting: AtomicUsize::new(0),
            is_settled: AtomicBool::new(false),
        }
    }

    pub(super) fn is_batch(&self) -> bool {
        self.is_batch
    }

    /// Whether it has ended and its results are counted: only then may it be forgotten.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Relaxed)
    }

    /// Notes that.
    pub(super) fn settle(&self) {
        self.is_settled.store(true, Ordering::Relaxed);
    }

    /// How many parts it has.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// What it takes in memory beside its results, about.
    pub(super) fn weight(&self) -> usize {
        let asked = &self.asked;
        let parameters = asked.parameters.iter().flatten().map(|parameter| parameter.name.len() + parameter.value.len());
        let texts = self.lock().iter().map(|part| FRAME / 2 + part.sql.len()).sum::<usize>();
        FRAME + texts + asked.statement_name.as_ref().map_or(0, String::len) + parameters.sum::<usize>()
    }

    /// What its results take in memory.
    pub(super) fn result_weight(&self) -> usize {
        self.lock().iter().filter_map(|part| part.result.as_ref()).map(|result| result.weight()).sum()
    }

    /// Lets go of its results; gives what they took.
    pub(super) fn drop_results(&self) -> usize {
        let dropped: Vec<Arc<ResultSet>> = self.lock().iter_mut().filter_map(|part| part.result.take()).collect();
        dropped.iter().map(|result| result.weight()).sum()
    }

    pub(super) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// How it stands, from now on.
    pub(super) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(super) fn set_status(&self, status: Status) {
        self.status.send_replace(status);
    }

    /// What its parts have come to.
    pub(super) fn parts(&self) -> Vec<Part> {
        self.lock().clone()
    }

    /// Changes a part.
    pub(super) fn change(&self, index: usize, change: impl FnOnce(&mut Part)) {
        if let Some(part) = self.lock().get_mut(index) {
            change(part);
            part.updated_at = Utc::now();
        }
    }

    /// Notes how a part ended.
    pub(super) fn end(&self, index: usize, status: Status, change: impl FnOnce(&mut Part)) {
        self.change(index, |part| {
            part.status = status;
            part.took = part.started.map_or(Duration::ZERO, |started| started.elapsed());
            change(part);
        });
    }

    /// Notes that the work broke off: the part that ran has failed, and with it the statement.
    pub(super) fn break_off(&self, error: &str) {
        let mut broken = Some(error.to_owned());
        for (index, part) in self.parts().into_iter().enumerate() {
            if part.status.is_over() {
                continue;
            }
            let error = broken.take();
            let status = if error.is_some() { Status::Failed } else { Status::Aborted };
            self.end(index, status, |part| part.error = error);
        }
        self.set_status(Status::Failed);
    }

    /// Waits until it has ended, at most that long.
    ///
    /// # Errors
    /// `ActiveWaitingRequestsExceededException` when too many wait for it already.
    pub(super) async fn wait(&self, at_most: Duration) -> Result<(), ApiError> {
        let _place = Waiting::of(self).ok_or_else(ApiError::active_waits)?;
        let mut status = self.status.subscribe();
        let _ = tokio::time::timeout(at_most, status.wait_for(|status| status.is_over())).await;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// One more that waits for a statement, if there is room for it.
    fn of(statement: &'a Statement) -> Option<Self> {
        let waiting = Self(&statement.waiting);
        (waiting.0.fetch_add(1, Ordering::Relaxed) < belief::WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_requests_wait_for_one_statement_and_no_more() {
        let session = Session::new(1, "me".to_owned(), "dev".to_owned(), CancellationToken::new());
        let statement = Arc::new(Statement::new(Submit::default(), &["SELECT 1".to_owned()], &session, None));
        let wait = || {
            let statement = Arc::clone(&statement);
            tokio::spawn(async move { statement.wait(Duration::from_secs(60)).await })
        };
        let waiting: Vec<_> = (0..belief::WAITING).map(|_| wait()).collect();
        while statement.waiting.load(Ordering::Relaxed) < belief::WAITING {
            tokio::task::yield_now().await;
        }
        assert_eq!(wait().await.unwrap(), Err(ApiError::active_waits()));
        statement.set_status(Status::Finished);
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!(statement.waiting.load(Ordering::Relaxed), 0);
    }
}
