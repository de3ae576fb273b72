//! How an unload lies in its row, and how it is read back.
//!
//! `state` holds the state in full; `status`, `phase`, `attempt`, `next_at` and `error` repeat what is searched by, and the table's
//! constraints keep them in step. Moments have microseconds, so that what is answered at once equals what is read later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use outflow_core::id::{from_micros, micros};
use outflow_core::state::{Event, Phase};
use outflow_core::store::Fence;
use outflow_core::unload::{Amount, Change, NewUnload, Orchestrator};
use outflow_core::{Code, Error, Owner, RequestId, Result, State, StatementId, Status, Timestamp, Unload, UnloadId, WorkerId};
use serde::de::DeserializeOwned;

use crate::connection::{Row, Value, values};
use crate::error::unreadable;

/// How many rows that cannot be read are told of in the life of a process.
const MOST_TOLD: usize = 1_000;

/// The columns that make an unload; never `*`, so that a column added later disturbs nobody's prepared queries.
pub(crate) const COLUMNS: [&str; 25] = [
    "unload_id",
    "owner",
    "request_id",
    "version",
    "state",
    "warehouse",
    "orchestrator",
    "statement_id",
    "row_count",
    "byte_count",
    "file_count",
    "file_url",
    "created_at",
    "deadline_at",
    "started_at",
    "finished_at",
    "expires_at",
    "retry_of",
    "is_ordered",
    "is_limited",
    "labels",
    "options",
    "request",
    "sql",
    "bound_sql",
];

/// The unload of a row.
pub(crate) fn unload(row: &Row) -> Result<Unload> {
    let request_id: &str = row.get("request_id")?;
    let retry_of: Option<&str> = row.get("retry_of")?;
    let orchestrator: &str = row.get("orchestrator")?;
    Ok(Unload {
        asked: NewUnload {
            unload_id: unload_id(row)?,
            request_id: RequestId::parse(request_id)?,
            owner: Owner::new(row.get::<&str>("owner")?),
            sql: row.get("sql")?,
            bound_sql: row.get("bound_sql")?,
            is_ordered: row.get::<i64>("is_ordered")? != 0,
            is_limited: row.get::<i64>("is_limited")? != 0,
            request: json(row, "request")?,
            options: json(row, "options")?,
            labels: json::<BTreeMap<String, String>>(row, "labels")?,
            warehouse: row.get("warehouse")?,
            orchestrator: Orchestrator::parse(orchestrator).ok_or_else(|| {
                Error::new(Code::Internal, format!("the orchestrator `{orchestrator}` is not known to this version"))
            })?,
            created_at: moment(row, "created_at")?,
            deadline_at: moment(row, "deadline_at")?,
            retry_of: retry_of.map(RequestId::parse).transpose()?,
        },
        version: row.get("version")?,
        state: json(row, "state")?,
        statement_id: row.get::<Option<String>>("statement_id")?.map(StatementId::new),
        amount: Amount { rows: count(row.get("row_count")?), bytes: count(row.get("byte_count")?) },
        file_count: row.get::<Option<i64>>("file_count")?.map(|files| u32::try_from(files).unwrap_or(u32::MAX)),
        file_url: row.get("file_url")?,
        started_at: moment_or_none(row, "started_at")?,
        finished_at: moment_or_none(row, "finished_at")?,
        expires_at: moment_or_none(row, "expires_at")?,
    })
}

/// What can be read of these rows. One that cannot, as a newer version may have written it, is told of once and left out: it must not
/// stop the others. `id` is the column with its name.
pub(crate) fn readable<T>(rows: &[Row], id: &str, read: impl Fn(&Row) -> Result<T>) -> Vec<T> {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let or_tell = |row: &Row| {
        read(row)
            .inspect_err(|error| {
                let name: String = row.get(id).unwrap_or_default();
                let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
                if told.len() < MOST_TOLD && told.insert(name.clone()) {
                    tracing::error!(
                        error = error.chain(),
                        row = name,
                        "a row cannot be read and is left out; was a newer version here"
                    );
                }
            })
            .ok()
    };
    rows.iter().filter_map(or_tell).collect()
}

/// The id in the column `unload_id`.
pub(crate) fn unload_id(row: &Row) -> Result<UnloadId> {
    UnloadId::parse(row.get::<&str>("unload_id")?)
}

/// The fence in the column `fence`.
pub(crate) fn fence(row: &Row) -> Result<Fence> {
    Ok(Fence(row.get("fence")?))
}

/// A document kept as text.
pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(row.get::<&str>(column)?).map_err(|error| unreadable(&format!("the column `{column}`"), error))
}

/// A document as text.
pub(crate) fn to_json<T: serde::Serialize>(document: &T) -> String {
    serde_json::to_string(document).expect("our documents have text keys and finite numbers")
}

/// A moment that is always there.
pub(crate) fn moment(row: &Row, column: &str) -> Result<Timestamp> {
    row.get(column).map(from_micros)
}

/// A moment that may be missing.
pub(crate) fn moment_or_none(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<i64>>(column)?.map(from_micros))
}

/// A number that the store keeps as a signed one.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number as the store keeps it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A moment with the precision that the store keeps.
pub(crate) fn whole_micros(at: Timestamp) -> Timestamp {
    from_micros(micros(at))
}

/// A change with the precision that the store keeps.
pub(crate) fn change_in_micros(change: &Change) -> Change {
    let mut change = change.clone();
    change.at = whole_micros(change.at);
    if let Event::AttemptFailed { retry_at: Some(at), .. } = &mut change.event {
        *at = whole_micros(*at);
    }
    change
}

/// Who holds an unload, and until when.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lease {
    pub(crate) worker: Option<WorkerId>,
    pub(crate) until: Option<i64>,
}

/// What changes in a row when an unload does, ready to be bound.
pub(crate) struct Columns {
    unload_id: String,
    status: Status,
    phase: Option<Phase>,
    attempt: u32,
    state: String,
    statement_id: Option<String>,
    next_at: Option<i64>,
    error: Option<String>,
    worker: Option<String>,
    lease_until: Option<i64>,
}

impl Columns {
    /// The columns of `unload`, held as `lease` says; a lease ends by itself where nothing is driven any more.
    pub(crate) fn of(unload: &Unload, lease: Lease) -> Self {
        let state = &unload.state;
        let lease = if state.is_driven() { lease } else { Lease::default() };
        Self {
            unload_id: unload.unload_id().to_string(),
            status: state.status(),
            phase: state.phase(),
            attempt: state.attempt(),
            state: to_json(state),
            statement_id: unload.statement_id.as_ref().map(ToString::to_string),
            next_at: match state {
                State::Waiting { until, .. } => Some(micros(*until)),
                _ => None,
            },
            error: match state {
                State::Failed { failure, .. } => Some(to_json(failure)),
                _ => None,
            },
            worker: lease.worker.map(|worker| worker.to_string()),
            lease_until: lease.until,
        }
    }

    /// The values of `unload_update.sql`: from the version and fence found to those of `unload` and `fence`.
    pub(crate) fn values<'v>(&'v self, unload: &'v Unload, found: (i64, Fence), fence: Fence) -> [Value<'v>; 21] {
        *values![
            &self.unload_id,
            found.0,
            unload.version,
            self.status.as_str(),
            self.phase.map(Phase::as_str),
            self.attempt,
            &self.state,
            self.statement_id.as_deref(),
            signed(unload.amount.rows),
            signed(unload.amount.bytes),
            unload.file_count.map(i64::from),
            unload.file_url.as_deref(),
            unload.started_at.map(micros),
            unload.finished_at.map(micros),
            unload.expires_at.map(micros),
            self.next_at,
            self.error.as_deref(),
            fence.0,
            self.worker.as_deref(),
            self.lease_until,
            found.1.0,
        ]
    }
}
