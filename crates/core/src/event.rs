//! What is told to others and what is heard from them: announcements, which the outbox keeps, and hints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::state::Announced;
use crate::{Failure, Owner, RequestId, Status, Timestamp, Unload, UnloadId};

/// What a terminal state tells, as it stood in the transaction that made it. The relay adds the links and publishes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// The caller's name; the message's key.
    pub request_id: RequestId,
    /// The plain address of the file, or of the receipt beside several; null without files.
    pub s3_file_url: Option<String>,
    /// Our name.
    pub unload_id: UnloadId,
    /// The unload's version after the change; consumers order by it.
    pub version: i64,
    /// Whose it is.
    pub owner: Owner,
    /// Where it stands now.
    pub status: Status,
    /// The last attempt.
    pub attempt: u32,
    /// How many files.
    pub file_count: Option<u32>,
    /// Data rows of all files.
    pub row_count: Option<u64>,
    /// Bytes of all files.
    pub byte_count: Option<u64>,
    /// Outflow's own, stable address of the one file; filled in by the relay, null unless `DONE` with one file.
    pub file_link: Option<String>,
    /// Outflow's own address of the receipt; filled in by the relay, null unless there is one.
    pub receipt_link: Option<String>,
    /// The caller's labels.
    pub labels: BTreeMap<String, String>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Why it failed. Never on `unload-complete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl Announcement {
    /// What that unload has to tell at `occurred_at`.
    pub fn of(unload: &Unload, occurred_at: Timestamp) -> Self {
        let has_files = unload.file_count.is_some();
        Self {
            request_id: unload.request_id().clone(),
            s3_file_url: unload.file_url.clone(),
            unload_id: unload.unload_id(),
            version: unload.version,
            owner: unload.asked.owner.clone(),
            status: unload.status(),
            attempt: unload.state.attempt(),
            file_count: unload.file_count,
            row_count: has_files.then_some(unload.amount.rows),
            byte_count: has_files.then_some(unload.amount.bytes),
            file_link: None,
            receipt_link: None,
            labels: unload.asked.labels.clone(),
            occurred_at,
            error: unload.state.failure().cloned().or_else(|| cancelled(unload)),
        }
    }
}

fn cancelled(unload: &Unload) -> Option<Failure> {
    (unload.status() == Status::Cancelled)
        .then(|| Failure { retryable: false, ..Failure::new(crate::Code::UnloadCancelled, "the unload was cancelled") })
}

/// A row of the outbox: committed with the change that it tells of, published after it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEntry {
    /// `{unloadId}-{version}`: the same at every attempt to publish.
    pub event_id: String,
    /// Which announcement.
    pub announced: Announced,
    /// What it says.
    pub announcement: Announcement,
}

impl OutboxEntry {
    /// The entry for a change that led to `unload`.
    pub fn new(announced: Announced, unload: &Unload, occurred_at: Timestamp) -> Self {
        Self {
            event_id: format!("{}-{}", unload.unload_id(), unload.version),
            announced,
            announcement: Announcement::of(unload, occurred_at),
        }
    }
}

/// A hint from outside that files may be there (`unload-landed`). Two fields are enough when they name one active unload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    /// The caller's name.
    pub request_id: RequestId,
    /// Our name, where the sender knows it.
    #[serde(default)]
    pub unload_id: Option<UnloadId>,
    /// The attempt, where the sender knows it.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// Where the sender believes the file to be; never taken over, the warehouse's word checked against storage is.
    #[serde(default)]
    pub s3_file_url: Option<String>,
}
