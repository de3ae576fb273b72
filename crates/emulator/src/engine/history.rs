//! What ran, as the system views tell of it. It lives in memory, and the oldest of what ended is forgotten first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use outflow_warehouse::embedded::{UnloadText, Unloaded};

use super::session::Session;
use crate::belief;
use crate::error::SqlError;
use crate::secret;

/// How many statements are remembered at most.
const REMEMBERED: usize = 20_000;

/// How a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Queued,
    Running,
    Success,
    Failed,
    Cancelled,
}

/// A statement that ran, or runs.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) query_id: i64,
    pub(crate) pid: i32,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) label: String,
    /// `SELECT`, `UNLOAD` or `UTILITY`.
    pub(crate) kind: &'static str,
    /// The beginning of its text as it may be shown, comments and all.
    pub(crate) text: String,
    pub(crate) standing: Standing,
    pub(crate) queued_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) error: Option<String>,
    /// What a query gave.
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) unload: Option<UnloadRecord>,
}

/// What is told of an UNLOAD beside.
#[derive(Debug, Clone)]
pub(crate) struct UnloadRecord {
    pub(crate) said: UnloadText,
    /// What it wrote; nothing yet while it runs.
    pub(crate) written: Option<Unloaded>,
}

/// All that ran.
#[derive(Debug, Default)]
pub(crate) struct History {
    records: Mutex<BTreeMap<i64, Record>>,
}

impl History {
    /// Enters a statement that waits to run.
    pub(super) fn begin(&self, query_id: i64, session: &Session, kind: &'static str, text: &str) {
        let record = Record {
            query_id,
            pid: session.pid,
            user: session.user.clone(),
            database: session.database.clone(),
            label: session.setting("query_group").filter(|group| group != "unset").unwrap_or_else(|| "default".to_owned()),
            kind,
            text: secret::shown(text).chars().take(belief::QUERY_TEXT).collect(),
            standing: Standing::Queued,
            queued_at: Utc::now(),
            started_at: None,
            ended_at: None,
            error: None,
            rows: 0,
            bytes: 0,
            unload: None,
        };
        let mut records = self.lock();
        records.insert(query_id, record);
        while records.len() > REMEMBERED {
            let Some(oldest) = records.values().find(|record| record.ended_at.is_some()).map(|record| record.query_id) else {
                break;
            };
            records.remove(&oldest);
        }
    }

    /// Notes that it runs.
    pub(super) fn start(&self, query_id: i64, unload: Option<UnloadText>) {
        self.change(query_id, |record| {
            record.standing = Standing::Running;
            record.started_at = Some(Utc::now());
            record.unload = unload.map(|said| UnloadRecord { said, written: None });
        });
    }

    /// Notes what an UNLOAD wrote.
    pub(super) fn wrote(&self, query_id: i64, written: Unloaded) {
        self.change(query_id, |record| {
            if let Some(unload) = &mut record.unload {
                unload.written = Some(written);
            }
        });
    }

    /// Notes that it ended; of one that has ended already this changes nothing.
    pub(super) fn end(&self, query_id: i64, ended: Result<(u64, u64), &SqlError>) {
        self.change(query_id, |record| {
            if record.ended_at.is_some() {
                return;
            }
            record.ended_at = Some(Utc::now());
            match ended {
                Ok((rows, bytes)) => {
                    record.standing = Standing::Success;
                    (record.rows, record.bytes) = (rows, bytes);
                }
                Err(error) => {
                    record.standing = if error.is_cancelled() { Standing::Cancelled } else { Standing::Failed };
                    record.error = Some(error.message.clone());
                }
            }
        });
    }

    /// All records, oldest first.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.lock().values().cloned().collect()
    }

    fn change(&self, query_id: i64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.lock().get_mut(&query_id) {
            change(record);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
