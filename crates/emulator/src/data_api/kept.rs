//! The statements that are remembered, and the tokens that they came with: for as long as AWS does, and within a bound of memory.
//!
//! Beyond the bound the oldest that have ended go first: their results, and if that is not enough, they themselves. What runs stays.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use outflow_warehouse::belief::{BELIEVED, Beliefs, TokenReused};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::answer;
use super::error::ApiError;
use super::request::Submit;
use super::statement::Statement;
use crate::belief;
use crate::fault::Faults;

/// How many bytes all results may take that are kept, but for the last one; and all statements beside their results.
const BOUNDS: Bounds = Bounds { results: 256 << 20, statements: 32 << 20, tokens: 100_000, token_window: BELIEVED.token_window };

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    results: usize,
    statements: usize,
    tokens: usize,
    /// For how long a token is.
    token_window: Duration,
}

/// All statements, and the tokens that they came with.
#[derive(Debug)]
pub(super) struct Statements {
    bounds: Bounds,
    token_reused: TokenReused,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<String, Arc<Statement>>,
    /// In the order of their coming.
    order: VecDeque<Arc<Statement>>,
    /// Those that may not have ended.
    active: Vec<Arc<Statement>>,
    /// What the statements take.
    bytes: usize,
    /// Those that ended with results, in the order of their ends.
    with_results: VecDeque<Weak<Statement>>,
    /// What the results take.
    result_bytes: usize,
    tokens: HashMap<Arc<str>, Token>,
    /// In the order of their coming.
    token_order: VecDeque<(Arc<str>, Instant)>,
}

/// What is known of a token.
#[derive(Debug)]
struct Token {
    /// The statement that it came with first.
    id: String,
    /// Of the request that it came with.
    digest: [u8; 32],
    /// What was answered.
    answer: Value,
}

/// What came of a submit.
#[derive(Debug)]
pub(super) enum Entered {
    /// A statement that must run now.
    New(Arc<Statement>),
    /// The token is that of a statement which was accepted before.
    Found(Arc<Statement>),
    /// It is that of one which is forgotten; this was answered when it came.
    Forgotten(Value),
}

impl Statements {
    pub(super) fn new(beliefs: &Beliefs) -> Self {
        let bounds = Bounds { token_window: beliefs.token_window, ..BOUNDS };
        Self { bounds, token_reused: beliefs.token_reused, inner: Mutex::default() }
    }

    /// Enters the statement that `make` makes, or finds the one that came with the same token before.
    ///
    /// # Errors
    /// `ValidationException` for a token that came with another request; `ActiveStatementsExceededException`; those of `make`.
    pub(super) fn enter(
        &self,
        asked: &Submit,
        faults: &Faults,
        make: impl FnOnce() -> Result<Statement, ApiError>,
    ) -> Result<Entered, ApiError> {
        let digest = digest(asked);
        let mut inner = self.lock();
        inner.forget(faults, self.bounds);
        if let Some(token) = asked.client_token.as_deref().and_then(|token| inner.tokens.get(token)) {
            if token.digest != digest && self.token_reused == TokenReused::Refused {
                return Err(ApiError::validation(
                    "Idempotency token is being reused with different request parameters. Please provide a new token.",
                ));
            }
            return Ok(match inner.by_id.get(&token.id) {
                Some(statement) => Entered::Found(Arc::clone(statement)),
                None => Entered::Forgotten(token.answer.clone()),
            });
        }
        inner.active.retain(|statement| !statement.status().is_over());
        if inner.active.len() >= faults.active_limit.unwrap_or(belief::ACTIVE) {
            return Err(ApiError::active_statements());
        }
        let statement = Arc::new(make()?);
        if let Some(token) = asked.client_token.as_deref().map(Arc::<str>::from) {
            let known = Token { id: statement.id.clone(), digest, answer: answer::accepted(&statement) };
            inner.tokens.insert(Arc::clone(&token), known);
            inner.token_order.push_back((token, Instant::now()));
        }
        inner.bytes += statement.weight();
        inner.by_id.insert(statement.id.clone(), Arc::clone(&statement));
        inner.order.push_back(Arc::clone(&statement));
        inner.active.push(Arc::clone(&statement));
        Ok(Entered::New(statement))
    }

    /// Notes that a statement has ended, with whatever results it has; once for each.
    pub(super) fn ended(&self, statement: &Arc<Statement>, faults: &Faults) {
        let mut inner = self.lock();
        let weight = statement.result_weight();
        if weight > 0 {
            inner.result_bytes += weight;
            inner.with_results.push_back(Arc::downgrade(statement));
        }
        statement.settle();
        inner.forget(faults, self.bounds);
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
        inner.forget(faults, self.bounds);
        let statement = inner.by_id.get(whole).cloned().ok_or_else(|| ApiError::not_found(id))?;
        drop(inner);
        match number {
            None => Ok((statement, None)),
            Some(number) if (1..=statement.len()).contains(&number) => Ok((statement, Some(number - 1))),
            Some(_) => Err(ApiError::not_found(id)),
        }
    }

    /// All statements, the newest first.
    pub(super) fn newest_first(&self, faults: &Faults) -> Vec<Arc<Statement>> {
        let mut inner = self.lock();
        inner.forget(faults, self.bounds);
        inner.order.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets what is old, and then what is too much. What still runs stays.
    fn forget(&mut self, faults: &Faults, bounds: Bounds) {
        let remembered = faults.expire.unwrap_or(belief::REMEMBERED);
        let window = faults.forget_token.unwrap_or(bounds.token_window);
        self.forget_statements(|statement, _| statement.born.elapsed() >= remembered);
        self.forget_statements(|_, bytes| bytes > bounds.statements);
        while self.result_bytes > bounds.results && self.with_results.len() > 1 {
            if let Some(statement) = self.with_results.pop_front().and_then(|statement| statement.upgrade()) {
                self.result_bytes = self.result_bytes.saturating_sub(statement.drop_results());
            }
        }
        while self.token_order.front().is_some_and(|(_, at)| at.elapsed() >= window) || self.token_order.len() > bounds.tokens {
            let Some((token, _)) = self.token_order.pop_front() else { return };
            self.tokens.remove(&token);
        }
    }

    /// Forgets the oldest statements for as long as that is so of them and of what all take.
    fn forget_statements(&mut self, must: impl Fn(&Statement, usize) -> bool) {
        let mut at = 0;
        while let Some(statement) = self.order.get(at).filter(|statement| must(statement, self.bytes)) {
            if !statement.is_settled() {
                at += 1;
                continue;
            }
            let Some(statement) = self.order.remove(at) else { return };
            self.bytes = self.bytes.saturating_sub(statement.weight());
            self.result_bytes = self.result_bytes.saturating_sub(statement.drop_results());
            self.by_id.remove(&statement.id);
        }
        while self.with_results.front().is_some_and(|statement| statement.strong_count() == 0) {
            self.with_results.pop_front();
        }
    }
}

/// What tells two requests apart: how long somebody waits for the answer is none of it.
fn digest(asked: &Submit) -> [u8; 32] {
    let said = serde_json::to_vec(&Submit { wait_time_seconds: None, ..asked.clone() });
    Sha256::digest(said.unwrap_or_default()).into()
}

#[cfg(test)]
mod tests;
