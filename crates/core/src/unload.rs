//! The unload: one request to run a query and deliver its result, as the store keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::parameter::Parameters;
use crate::receipt::Receipt;
use crate::state::{Effect, Event, IllegalTransition};
use crate::{Owner, Position, RequestId, State, StatementId, Status, Timestamp, UnloadId, UnloadOptions};

/// What drives an attempt. A row keeps the one that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orchestrator {
    /// The service, from the state table with leases.
    Scheduler,
    /// AWS Step Functions.
    StepFunctions,
    /// Notifications of S3 and the Data API.
    S3Events,
}

impl Orchestrator {
    /// The name in the configuration, the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::StepFunctions => "step-functions",
            Self::S3Events => "s3-events",
        }
    }

    /// The orchestrator of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Scheduler, Self::StepFunctions, Self::S3Events].into_iter().find(|orchestrator| orchestrator.as_str() == text)
    }
}

/// How far a running statement has come, as far as the warehouse says; both only ever grow within an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Data rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// A request that has been checked and may be accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUnload {
    /// Ours.
    pub unload_id: UnloadId,
    /// The caller's.
    pub request_id: RequestId,
    /// Whose it is.
    pub owner: Owner,
    /// The query as sent.
    pub sql: String,
    /// The query as it runs: parameters bound, comments blanked.
    pub bound_sql: String,
    /// Whether the query has an outer `ORDER BY`, which the result must keep.
    pub is_ordered: bool,
    /// Whether the query has an outer `LIMIT` or `TOP`, which UNLOAD refuses and which must be wrapped.
    pub is_limited: bool,
    /// The request as sent, `requestId` left out, in canonical form: what a repetition is compared with, and what a retry sends again.
    pub request: Value,
    /// What holds of the result.
    pub options: UnloadOptions,
    /// The caller's labels.
    pub labels: BTreeMap<String, String>,
    /// The warehouse's name in the configuration.
    pub warehouse: String,
    /// What drives it.
    pub orchestrator: Orchestrator,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it must have ended.
    pub deadline_at: Timestamp,
    /// The unload that this one repeats.
    pub retry_of: Option<RequestId>,
}

impl NewUnload {
    /// Where a place of the query as it runs is in the query as sent; `None` where that cannot be told.
    pub fn original_position(&self, place: Position) -> Option<Position> {
        if self.sql == self.bound_sql {
            return Some(place);
        }
        let parameters = match self.request.get("parameters").and_then(Value::as_object) {
            Some(sent) => Parameters::from_json(sent).ok()?,
            None => Parameters::default(),
        };
        crate::guard::original_position(&self.sql, &parameters, &self.bound_sql, place)
    }
}

/// An unload as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Unload {
    /// What was asked, unchanged for life.
    pub asked: NewUnload,
    /// Counts every change, from 1.
    pub version: i64,
    /// Where it stands.
    pub state: State,
    /// The last statement's name, kept after its end.
    pub statement_id: Option<StatementId>,
    /// How far the present attempt has come; the result's own numbers once `DONE`.
    pub amount: Amount,
    /// How many files there are, once `DONE`.
    pub file_count: Option<u32>,
    /// The plain address of the file, or of the receipt beside several, once `DONE`.
    pub file_url: Option<String>,
    /// When the first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When its files go.
    pub expires_at: Option<Timestamp>,
}

/// What goes into a transition beside the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The result, with [`Event::Finalized`] and only there.
    pub result: Option<Delivery>,
}

/// A verified result and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// What was verified.
    pub receipt: Receipt,
    /// The plain address of the file, or of the receipt beside several.
    pub file_url: String,
}

impl Change {
    /// A change that brings nothing but its event.
    pub fn new(event: Event, at: Timestamp) -> Self {
        Self { event, at, result: None }
    }
}

impl Unload {
    /// The unload that a request becomes on acceptance: `PENDING`, version 1.
    pub fn accepted(asked: NewUnload) -> Self {
        Self {
            asked,
            version: 1,
            state: State::Pending,
            statement_id: None,
            amount: Amount::default(),
            file_count: None,
            file_url: None,
            started_at: None,
            finished_at: None,
            expires_at: None,
        }
    }

    /// Our name for it.
    pub fn unload_id(&self) -> UnloadId {
        self.asked.unload_id
    }

    /// The caller's name for it.
    pub fn request_id(&self) -> &RequestId {
        &self.asked.request_id
    }

    /// Where it stands, for its caller.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// The unload after a change, its version raised by one, and what must be recorded with it. Pure: the store calls it inside its
    /// transaction.
    ///
    /// # Errors
    /// [`IllegalTransition`]; nothing has changed then.
    pub fn apply(&self, change: &Change) -> Result<(Unload, Vec<Effect>), IllegalTransition> {
        let (state, effects) = self.state.clone().apply(change.event.clone(), change.at)?;
        let mut next = self.clone();
        next.version += 1;
        match &state {
            State::Submitting { .. } => {
                // The store's clock, which stamps a claim, may be behind that of whoever accepted it.
                next.started_at.get_or_insert(change.at.max(self.asked.created_at));
                next.statement_id = None;
                next.amount = Amount::default();
            }
            State::Done { .. } => {
                let delivery = change.result.as_ref().expect("a finalized change brings its result");
                next.amount = Amount { rows: delivery.receipt.row_count, bytes: delivery.receipt.byte_count };
                next.file_count = Some(u32::try_from(delivery.receipt.files.len()).unwrap_or(u32::MAX));
                next.file_url = Some(delivery.file_url.clone());
                next.expires_at = Some(change.at + chrono::TimeDelta::days(i64::from(self.asked.options.retention_days)));
            }
            State::Expired { .. } => next.expires_at = Some(change.at),
            _ => {}
        }
        if let Some(statement_id) = state.statement_id() {
            next.statement_id = Some(statement_id.clone());
        }
        if state.status().is_terminal() {
            next.finished_at.get_or_insert(change.at);
        }
        next.state = state;
        Ok((next, effects))
    }
}
