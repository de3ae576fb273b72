//! The statements of the API: each with its parts (one, but for a batch), remembered for a day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use outflow_warehouse::belief::{Beliefs, TokenReused};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::ApiError;
use super::request::Submit;
use super::result::ResultSet;
use crate::belief;
use crate::engine::session::Session;
use crate::fault::Faults;
use crate::secret;

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
    pub(super) sql: String,
    pub(super) status: Status,
    pub(super) query_id: Option<i64>,
    pub(super) started: Option<Instant>,
    /// How long it ran, once it has ended.
    pub(super) took: Duration,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) error: Option<String>,
    pub(super) rows: i64,
    pub(super) result: Option<Arc<ResultSet>>,
}

impl Part {
    fn new(sql: &str) -> Self {
        Self {
            sql: secret::shown(sql),
            status: Status::Submitted,
            query_id: None,
            started: None,
            took: Duration::ZERO,
            updated_at: Utc::now(),
            error: None,
            rows: belief::NULL_NUMBER,
            result: None,
        }
    }
}

/// A statement.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) id: String,
    /// The request as it may be shown: without keys.
    pub(super) asked: Submit,
    pub(super) session: Arc<Session>,
    /// What it says of its session, if it keeps one.
    pub(super) session_id: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) cancel: CancellationToken,
    status: watch::Sender<Status>,
    parts: Mutex<Vec<Part>>,
    born: Instant,
}

impl Statement {
    pub(super) fn new(mut asked: Submit, texts: &[String], session: Arc<Session>, session_id: Option<String>) -> Self {
        asked.hide();
        Self {
            id: Uuid::new_v4().to_string(),
            asked,
            session,
            session_id,
            created_at: Utc::now(),
            cancel: CancellationToken::new(),
            status: watch::Sender::new(Status::Submitted),
            parts: Mutex::new(texts.iter().map(|text| Part::new(text)).collect()),
            born: Instant::now(),
        }
    }

    pub(super) fn is_batch(&self) -> bool {
        self.asked.sqls.is_some()
    }

    pub(super) fn status(&self) -> Status {
        *self.status.borrow()
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
    pub(super) async fn wait(&self, at_most: Duration) {
        let mut status = self.status.subscribe();
        let _ = tokio::time::timeout(at_most, status.wait_for(|status| status.is_over())).await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All statements, and the tokens that they came with.
#[derive(Debug)]
pub(super) struct Statements {
    inner: Mutex<Inner>,
    token_window: Duration,
    token_reused: TokenReused,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<String, Arc<Statement>>,
    /// In the order of their coming.
    order: Vec<Arc<Statement>>,
    tokens: HashMap<String, (String, Submit, Instant)>,
}

impl Statements {
    pub(super) fn new(beliefs: &Beliefs) -> Self {
        Self { inner: Mutex::default(), token_window: beliefs.token_window, token_reused: beliefs.token_reused }
    }

    /// Enters the statement that `make` makes, or finds the one that came with the same token before; `false` says that it was found.
    ///
    /// # Errors
    /// `ValidationException` for a token that came with another request; `ActiveStatementsExceededException`.
    pub(super) fn enter(
        &self,
        asked: &Submit,
        faults: &Faults,
        make: impl FnOnce() -> Result<Statement, ApiError>,
    ) -> Result<(Arc<Statement>, bool), ApiError> {
        let mut inner = self.lock();
        inner.forget(faults, self.token_window);
        if let Some(token) = &asked.client_token
            && let Some((id, before, _)) = inner.tokens.get(token)
        {
            if !is_same(before, asked) && self.token_reused == TokenReused::Refused {
                return Err(ApiError::validation(
                    "Idempotency token is being reused with different request parameters. Please provide a new token.",
                ));
            }
            if let Some(statement) = inner.by_id.get(id) {
                return Ok((Arc::clone(statement), false));
            }
        }
        let active = inner.order.iter().filter(|statement| !statement.status().is_over()).count();
        if active >= faults.active_limit.unwrap_or(belief::ACTIVE) {
            return Err(ApiError::active_statements());
        }
        let statement = Arc::new(make()?);
        if let Some(token) = &asked.client_token {
            inner.tokens.insert(token.clone(), (statement.id.clone(), asked.clone(), Instant::now()));
        }
        inner.by_id.insert(statement.id.clone(), Arc::clone(&statement));
        inner.order.push(Arc::clone(&statement));
        Ok((statement, true))
    }

    /// The statement of an id, and which of its parts is meant, if the id says so.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ValidationException` for what is no id.
    pub(super) fn find(&self, id: Option<&str>, faults: &Faults) -> Result<(Arc<Statement>, Option<usize>), ApiError> {
        let id = id.ok_or_else(|| ApiError::missing("id"))?;
        let (whole, number) = match id.split_once(':') {
            Some((whole, number)) => (whole, Some(number)),
            None => (id, None),
        };
        let wrong = || {
            ApiError::validation(format!(
                "id must satisfy regex pattern: ^[a-z0-9]{{8}}(-[a-z0-9]{{4}}){{3}}-[a-z0-9]{{12}}(:\\d+)?$, was `{id}`"
            ))
        };
        if Uuid::try_parse(whole).is_err() {
            return Err(wrong());
        }
        let number = number.map(|number| number.parse::<usize>().map_err(|_| wrong())).transpose()?;
        let mut inner = self.lock();
        inner.forget(faults, self.token_window);
        let statement = inner.by_id.get(whole).cloned().ok_or_else(|| ApiError::not_found(id))?;
        drop(inner);
        match number {
            None => Ok((statement, None)),
            Some(number) if (1..=statement.lock().len()).contains(&number) => Ok((statement, Some(number - 1))),
            Some(_) => Err(ApiError::not_found(id)),
        }
    }

    /// All statements, the newest first.
    pub(super) fn newest_first(&self, faults: &Faults) -> Vec<Arc<Statement>> {
        let mut inner = self.lock();
        inner.forget(faults, self.token_window);
        inner.order.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets what is old. What still runs stays.
    fn forget(&mut self, faults: &Faults, token_window: Duration) {
        let remembered = faults.expire.unwrap_or(belief::REMEMBERED);
        let window = faults.forget_token.unwrap_or(token_window);
        self.order.retain(|statement| !statement.status().is_over() || statement.born.elapsed() < remembered);
        if self.order.len() < self.by_id.len() {
            self.by_id = self.order.iter().map(|statement| (statement.id.clone(), Arc::clone(statement))).collect();
        }
        self.tokens.retain(|_, (_, _, at)| at.elapsed() < window);
    }
}

/// Whether two requests ask for the same: how long somebody waits for the answer is none of it.
fn is_same(before: &Submit, now: &Submit) -> bool {
    *before == Submit { wait_time_seconds: before.wait_time_seconds, ..now.clone() }
}
