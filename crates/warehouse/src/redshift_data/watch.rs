//! Looking at statements: one task for each that somebody waits for, however often it is asked about.
//!
//! The Data API can hold its answer back until the statement ends; then an end is noticed at once, and a running statement costs two calls
//! a minute. Where it refuses to, or does not know how, looks come at a distance that grows with the statement's age, and all together
//! within the budget. Whoever asks waits for news, not for a call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::types::StatusString;
use outflow_core::warehouse::Progress;
use outflow_core::{Code, Error, Result, StatementId};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::client::DataApi;
use super::error::Refusal;
use crate::redshift::failure::{failure, is_cancel};
use crate::redshift::seen::{Seen, Trouble};

/// How long an answer is held back at most.
const LONGEST_WAIT: u32 = 30;
/// How long a statement is looked at without long polls after they were refused.
const WITHOUT_WAITING: Duration = Duration::from_secs(60);
/// The distances between looks without long polls.
const REST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long a statement is watched that nobody asks about.
const INTEREST: Duration = Duration::from_secs(60);

/// The statements that are looked at.
#[derive(Debug)]
pub(super) struct Watches {
    api: Arc<DataApi>,
    of: Arc<Mutex<HashMap<StatementId, Watch>>>,
    stopping: CancellationToken,
    _stop: DropGuard,
}

#[derive(Debug, Clone)]
struct Watch {
    seen: watch::Receiver<Seen>,
    asked_at: Arc<Mutex<Instant>>,
}

impl Watches {
    pub(super) fn new(api: Arc<DataApi>) -> Self {
        let stopping = CancellationToken::new();
        Self { api, of: Arc::default(), _stop: stopping.clone().drop_guard(), stopping }
    }

    /// How the statement stands: at once when it has ended, else when `wait` has passed. Who waits for less than a second waits for a look,
    /// if there was none yet.
    pub(super) async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        if wait < Duration::from_secs(1) && !self.is_watched(statement_id) {
            let described = self.api.describe(statement_id.as_str(), None).await;
            return look(statement_id, described).progress();
        }
        let mut seen = self.watched(statement_id);
        let ended = tokio::time::timeout(wait, seen.wait_for(Seen::is_final)).await;
        let found = match ended {
            Ok(Ok(found)) => found.clone(),
            // Nothing was seen in that time; or the watching ended without an end to tell: nobody had asked for a while, the warehouse was
            // let go of, or the task went with its runtime. The next poll begins anew.
            Err(_) | Ok(Err(_)) => Seen::Running,
        };
        if found.is_final() {
            self.lock().remove(statement_id);
        }
        found.progress()
    }

    fn is_watched(&self, statement_id: &StatementId) -> bool {
        self.lock().get(statement_id).is_some_and(|watch| !matches!(*watch.seen.borrow(), Seen::Nothing))
    }

    /// What is seen of the statement; from now on it is looked at, if it was not.
    fn watched(&self, statement_id: &StatementId) -> watch::Receiver<Seen> {
        let mut of = self.lock();
        if let Some(watch) = of.get(statement_id)
            && (watch.seen.has_changed().is_ok() || watch.seen.borrow().is_final())
        {
            *watch.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            return watch.seen.clone();
        }
        let (sender, seen) = watch::channel(Seen::Nothing);
        let watch = Watch { seen: seen.clone(), asked_at: Arc::new(Mutex::new(Instant::now())) };
        of.insert(statement_id.clone(), watch.clone());
        let (api, of, stopping, id) = (Arc::clone(&self.api), Arc::clone(&self.of), self.stopping.clone(), statement_id.clone());
        let task = async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = follow(&api, &id, &watch, &sender) => {}
            }
            drop(sender);
            let mut of = of.lock().unwrap_or_else(PoisonError::into_inner);
            // A later watch of the same statement stays.
            if of.get(&id).is_some_and(|other| Arc::ptr_eq(&other.asked_at, &watch.asked_at)) {
                of.remove(&id);
            }
        };
        tokio::spawn(task.in_current_span());
        seen
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StatementId, Watch>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks until the statement has ended, it cannot be told, or nobody asks any more. What was seen last is kept for who comes late.
async fn follow(api: &DataApi, id: &StatementId, watch: &Watch, sender: &watch::Sender<Seen>) {
    let idle = || watch.asked_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
    let mut rest = REST.0;
    let mut waits_again_at = Instant::now();
    while idle() < INTEREST {
        let begun = Instant::now();
        let wait = (api.config().pace.long_polls && begun >= waits_again_at).then_some(LONGEST_WAIT);
        let described = api.describe(id.as_str(), wait).await;
        match &described {
            // In whatever words that is refused; a statement's own description is valid without.
            Err(refusal) if wait.is_some() && (refusal.is_of_waiting() || refusal.is_validation()) => {
                tracing::debug!(said = refusal.said, "the Data API does not hold its answer back");
                waits_again_at = Instant::now() + WITHOUT_WAITING;
                continue;
            }
            Err(refusal) if refusal.is_throttling() => {
                tracing::debug!("the Data API asks for fewer looks");
                continue;
            }
            _ => {}
        }
        let found = look(id, described);
        let is_final = found.is_final();
        sender.send_replace(found);
        if is_final {
            tokio::time::sleep(INTEREST).await;
            return;
        }
        // An answer that was not held back comes again at a distance.
        if begun.elapsed() < Duration::from_secs(1) {
            tokio::time::sleep(rest).await;
            rest = rest.mul_f64(1.3).min(REST.1);
        }
    }
}

/// What a description says.
fn look(id: &StatementId, described: std::result::Result<DescribeStatementOutput, Refusal>) -> Seen {
    let statement = match described {
        Ok(statement) => statement,
        Err(refusal) if refusal.is_unknown_statement() => {
            // It may have run, and run still: only its result could tell, and nobody knows whose it is.
            let message = format!(
                "the Data API does not know the statement `{id}`; it forgets after 24 hours, and tells only the role that started it"
            );
            let error = Error::new(Code::OutcomeUnknown, message).with_source(refusal.said);
            return Seen::Unclear(Trouble::from(&error));
        }
        Err(refusal) => return Seen::Unclear(Trouble::from(&refusal.error)),
    };
    let subs = statement.sub_statements();
    let said = [statement.error()].into_iter().chain(subs.iter().map(|sub| sub.error())).flatten().find(|said| !said.is_empty());
    let said = said.unwrap_or_default();
    let sql = statement.query_string().filter(|sql| !sql.is_empty()).or_else(|| subs.last().and_then(|sub| sub.query_string()));
    match statement.status() {
        Some(StatusString::Finished) => Seen::Finished,
        Some(StatusString::Aborted) => Seen::Cancelled,
        Some(StatusString::Failed) if is_cancel(said) => Seen::Cancelled,
        Some(StatusString::Failed) => {
            let error = failure(said, sql).with_source(said.to_owned());
            Seen::Failed(Trouble::from(&error))
        }
        // Submitted, picked, started; and what a later version of the Data API may say: it has not ended until it says so.
        Some(_) | None => Seen::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(status: &str, error: Option<&str>) -> Seen {
        let output =
            DescribeStatementOutput::builder().id("x").status(StatusString::from(status)).set_error(error.map(str::to_owned));
        look(&StatementId::new("x"), Ok(output.build().unwrap()))
    }

    #[test]
    fn every_status_is_read_and_an_unknown_one_is_no_end() {
        for status in ["SUBMITTED", "PICKED", "STARTED", "HIBERNATING", "ALL"] {
            assert!(matches!(described(status, None), Seen::Running), "{status}");
        }
        assert!(matches!(described("FINISHED", None), Seen::Finished));
        assert!(matches!(described("ABORTED", None), Seen::Cancelled));
        assert!(matches!(described("FAILED", Some("ERROR: Query (1) cancelled on user's request")), Seen::Cancelled));
        let Seen::Failed(trouble) = described("FAILED", Some("ERROR: relation \"x\" does not exist")) else { panic!() };
        assert_eq!(trouble.to_error().code(), Code::UnknownTable);
    }
}
