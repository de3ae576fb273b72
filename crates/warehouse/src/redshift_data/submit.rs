//! Starting statements, so that none is started twice, and finding them again.
//!
//! A statement's name is its token: the hashed unload and attempt. Within the token's window (8 hours) submitting again is harmless. An
//! answer that is lost is settled by the name all the same, before anything is submitted again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_redshiftdata::types::{StatementData, StatusString};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};
use tokio::time::Instant;

use super::client::DataApi;

/// The Data API's bound on a statement's text.
const MAX_TEXT: usize = 100_000;
/// The first and the longest rest in between.
const REST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));
/// How long it is remembered that a submit is unclear.
const MEMORY: Duration = Duration::from_secs(3_600);

/// What this process knows of tokens that it submitted and whose statement it has no name of.
#[derive(Debug, Default)]
pub(super) struct Submits {
    of: Mutex<HashMap<String, Submit>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Submit {
    /// Nothing runs: every answer said so.
    Refused(Instant),
    /// It may run; when it was last sent.
    Unclear(Instant),
}

impl Submit {
    fn at(self) -> Instant {
        match self {
            Self::Refused(at) | Self::Unclear(at) => at,
        }
    }
}

impl Submits {
    /// Starts the statement.
    ///
    /// # Errors
    /// Of a kind that is not retryable only when nothing runs.
    pub(super) async fn start(&self, api: &DataApi, sql: &str, token: &AttemptToken) -> Result<StatementId> {
        if sql.len() > MAX_TEXT {
            let message = format!(
                "the UNLOAD statement has {} bytes, and the Data API takes {MAX_TEXT}; its quotes count twice, so shorten the query",
                sql.len()
            );
            return Err(Error::new(Code::SqlTooLarge, message));
        }
        let name = token.client_token();
        let until = Instant::now() + api.config().pace.patience;
        let mut is_unclear = false;
        let mut rest = REST.0;
        loop {
            // Noted first: whoever lets go of this in the middle does not know either.
            self.note(&name, Submit::Unclear(Instant::now()));
            let refusal = match api.submit(sql, &name).await {
                Ok(id) => {
                    self.forget(&name);
                    return Ok(StatementId::new(id));
                }
                Err(refusal) => refusal,
            };
            is_unclear |= refusal.may_have_taken_effect;
            // The token with another text, as after a change of the configuration: the statement is there.
            let is_of_token = refusal.is_validation() && refusal.said.to_lowercase().contains("token");
            if (is_unclear || is_of_token)
                && let Ok(Some(found)) = look(api, &name).await
            {
                self.forget(&name);
                return Ok(found);
            }
            let error = refusal.error;
            if error.kind().is_retryable() && Instant::now() + rest < until {
                tracing::debug!(error = error.chain(), "the statement is submitted again");
                tokio::time::sleep(rest).await;
                rest = (rest * 2).min(REST.1);
                continue;
            }
            return Err(self.given_up(&name, error, is_unclear || is_of_token));
        }
    }

    fn given_up(&self, name: &str, error: Error, is_unclear: bool) -> Error {
        if is_unclear {
            self.note(name, Submit::Unclear(Instant::now()));
            if error.kind().is_retryable() {
                return error;
            }
            let message = "it is not known whether the statement was started";
            return Error::new(Code::WarehouseUnavailable, message).with_source(error.chain());
        }
        if error.kind().is_retryable() {
            self.note(name, Submit::Refused(Instant::now()));
        } else {
            self.forget(name);
        }
        error
    }

    /// The statement of that token, if there is or was one.
    ///
    /// # Errors
    /// When it cannot be told.
    pub(super) async fn find(&self, api: &DataApi, token: &AttemptToken) -> Result<Option<StatementId>> {
        let name = token.client_token();
        let known = self.known(&name);
        if let Some(Submit::Refused(_)) = known {
            self.forget(&name);
            return Ok(None);
        }
        if let Some(found) = look(api, &name).await? {
            self.forget(&name);
            return Ok(Some(found));
        }
        // What was sent a moment ago, by this process or by one that died, may still be on its way.
        let since = known.map_or_else(Instant::now, Submit::at);
        tokio::time::sleep_until(since + api.config().pace.settle).await;
        let found = look(api, &name).await?;
        self.forget(&name);
        Ok(found)
    }

    fn note(&self, name: &str, submit: Submit) {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        of.retain(|_, submit| submit.at().elapsed() < MEMORY);
        of.insert(name.to_owned(), submit);
    }

    fn known(&self, name: &str) -> Option<Submit> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn forget(&self, name: &str) {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// The statement of exactly that name.
async fn look(api: &DataApi, name: &str) -> Result<Option<StatementId>> {
    let named = api.named(name).await.map_err(|refusal| refusal.error)?;
    if named.len() > 1 {
        tracing::warn!(count = named.len(), name, "more than one statement has the name of one attempt");
    }
    Ok(best(&named).map(|statement| StatementId::new(&statement.id)))
}

/// Of several, the one that can have the result; of equal ones the first.
fn best(named: &[StatementData]) -> Option<&StatementData> {
    let rank = |statement: &StatementData| match statement.status() {
        Some(StatusString::Finished) => 0,
        Some(StatusString::Failed | StatusString::Aborted) => 2,
        Some(_) | None => 1,
    };
    let since = |statement: &StatementData| statement.created_at().map_or(i64::MAX, |at| at.secs());
    named.iter().min_by_key(|statement| (rank(statement), since(statement)))
}
