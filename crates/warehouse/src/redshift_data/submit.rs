//! Starting statements, so that none is started twice, and finding them again.
//!
//! A statement's name is its token: the hashed unload and attempt. Within the token's window (8 hours) submitting again is harmless, and
//! [`Submits::start`], which lasts for seconds, relies on that alone: an answer that is lost is looked up by the name, but a list may lag,
//! and what it does not show is submitted again under the same token. Whether the statement of an attempt exists at all is settled by the
//! name, in [`Submits::find`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_redshiftdata::types::{StatementData, StatusString};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};
use tokio::time::Instant;

use super::client::DataApi;

/// The Data API's bound on a statement's text.
const MAX_TEXT: usize = 100_000;
/// The first and the longest rest in between.
const REST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));
/// How long it is believed that nothing runs: whoever was refused looks at once, and later somebody else may have started it, after the lease.
const MEMORY: Duration = Duration::from_secs(5);
/// How long after it was cut off a search may be gone on with: whoever asks on does so sooner, and later somebody else may have submitted.
const PAUSE: Duration = Duration::from_secs(180);

/// What is known of tokens.
#[derive(Debug, Default)]
pub(super) struct Submits {
    /// Those whose statement does not run for certain: every answer to a submit was a refusal, the last one then.
    refused: Mutex<HashMap<String, Instant>>,
    /// Those whose statement is looked for.
    searches: Mutex<HashMap<String, Search>>,
}

/// A search for a statement that nobody has the outcome of yet.
#[derive(Debug)]
struct Search {
    /// When it began.
    since: Instant,
    /// When it was asked for last.
    asked: Instant,
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
        // Whoever lets go of this in the middle does not know what was sent.
        self.take_refused(&name);
        lock(&self.searches).remove(&name);
        let mut is_unclear = false;
        let mut rest = REST.0;
        loop {
            // Nothing is sent while it waits, and whoever asked does not wait for ever.
            if tokio::time::timeout_at(until, api.turn_to_submit()).await.is_err() {
                let message = "more statements are to be submitted than the Data API takes in so short a time";
                return Err(self.given_up(&name, Error::new(Code::WarehouseThrottled, message), is_unclear));
            }
            let refusal = match api.submit(sql, &name).await {
                Ok(id) => return Ok(StatementId::new(id)),
                Err(refusal) => refusal,
            };
            is_unclear |= refusal.may_have_taken_effect;
            // The token with another text, as after a change of the configuration: the statement is there.
            let is_of_token = refusal.is_validation() && refusal.said.to_lowercase().contains("token");
            // In whatever words that is refused.
            if (is_unclear || refusal.is_validation())
                && let Ok(Some(found)) = look(api, &name).await
            {
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
        match (is_unclear, error.kind().is_retryable()) {
            (true, true) => error,
            (true, false) => {
                let message = "it is not known whether the statement was started";
                Error::new(Code::WarehouseUnavailable, message).with_source(error.chain())
            }
            (false, true) => {
                self.note_refused(name);
                error
            }
            (false, false) => error,
        }
    }

    /// The statement of that token, if there is or was one. What is not listed is believed only after a while from when it was first asked
    /// for: it may have been sent until a moment before, by this process or by one that died, and nobody knows when. Whoever is cut off and
    /// asks again goes on from there, so that many who ask at once, more than the quota lets look in time, all find out.
    ///
    /// # Errors
    /// When it cannot be told.
    pub(super) async fn find(&self, api: &DataApi, token: &AttemptToken) -> Result<Option<StatementId>> {
        let name = token.client_token();
        if self.take_refused(&name) {
            return Ok(None);
        }
        let settled = self.search(&name, Instant::now()) + api.config().pace.settle;
        let mut found = None;
        if Instant::now() < settled {
            found = look(api, &name).await?;
        }
        if found.is_none() {
            tokio::time::sleep_until(settled).await;
            found = look(api, &name).await?;
        }
        lock(&self.searches).remove(&name);
        Ok(found)
    }

    /// Since when that name is looked for.
    fn search(&self, name: &str, now: Instant) -> Instant {
        let mut searches = lock(&self.searches);
        searches.retain(|_, search| now < search.asked + PAUSE);
        let search = searches.entry(name.to_owned()).or_insert(Search { since: now, asked: now });
        search.asked = now;
        search.since
    }

    fn note_refused(&self, name: &str) {
        let mut refused = lock(&self.refused);
        refused.retain(|_, at| at.elapsed() < MEMORY);
        refused.insert(name.to_owned(), Instant::now());
    }

    /// Whether nothing runs for certain; it is forgotten with that.
    fn take_refused(&self, name: &str) -> bool {
        lock(&self.refused).remove(name).is_some_and(|at| at.elapsed() < MEMORY)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_once_and_not_for_long() {
        let submits = Submits::default();
        submits.note_refused("a");
        assert!(submits.take_refused("a") && !submits.take_refused("a"));
        submits.note_refused("a");
        *lock(&submits.refused).get_mut("a").unwrap() -= MEMORY;
        assert!(!submits.take_refused("a"));
    }

    #[test]
    fn a_search_is_gone_on_with_unless_nobody_asked_for_a_while() {
        let (submits, begun) = (Submits::default(), Instant::now());
        assert_eq!(submits.search("a", begun), begun);
        let mut now = begun;
        for _ in 0..5 {
            now += PAUSE / 2;
            assert_eq!(submits.search("a", now), begun);
        }
        now += PAUSE;
        assert_eq!(submits.search("b", now), now);
        assert_eq!(lock(&submits.searches).len(), 1, "what nobody asks for any more is forgotten");
        assert_eq!(submits.search("a", now), now);
    }
}
