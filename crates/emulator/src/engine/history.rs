//! What ran, as the system views tell of it. It lives in memory, within a bound; the oldest of what ended is forgotten first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use outflow_warehouse::embedded::{UnloadText, Unloaded};

use super::session::Session;
use crate::belief;
use crate::error::SqlError;
use crate::secret;

/// How many statements are remembered at most, and how many bytes they may take.
const REMEMBERED: usize = 20_000;
const BYTES: usize = 16 << 20;
/// What a record takes beside its texts, about; and a file.
const FRAME: usize = 512;
const FILE: usize = 64;

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
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: BTreeMap<i64, Record>,
    /// What they take.
    bytes: usize,
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
        let mut kept = self.lock();
        kept.bytes += record.weight();
        kept.records.insert(query_id, record);
        kept.forget();
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
        self.lock().records.values().cloned().collect()
    }

    fn change(&self, query_id: i64, change: impl FnOnce(&mut Record)) {
        let mut kept = self.lock();
        let Some(record) = kept.records.get_mut(&query_id) else { return };
        let before = record.weight();
        change(record);
        let after = record.weight();
        kept.bytes = kept.bytes - before + after;
        kept.forget();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets the oldest of what ended, for as long as there is too much.
    fn forget(&mut self) {
        while self.records.len() > REMEMBERED || self.bytes > BYTES {
            let oldest = self.records.values().find(|record| record.ended_at.is_some()).map(|record| record.query_id);
            let Some(record) = oldest.and_then(|oldest| self.records.remove(&oldest)) else { return };
            self.bytes -= record.weight();
        }
    }
}

impl Record {
    /// What it takes in memory, about.
    fn weight(&self) -> usize {
        let unload = self.unload.as_ref();
        let files = unload
            .and_then(|unload| unload.written.as_ref())
            .map_or(0, |written| written.files.iter().map(|file| FILE + file.key.len()).sum::<usize>());
        let destination = unload.map_or(0, |unload| unload.said.destination.len());
        FRAME + self.text.len() + self.label.len() + self.error.as_ref().map_or(0, String::len) + destination + files
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn twenty_thousand_statements_take_no_more_than_the_bound() {
        let history = History::default();
        let session = Session::new(1, "me".to_owned(), "dev".to_owned(), CancellationToken::new());
        let text = format!("SELECT '{}'", "x".repeat(2_000));
        history.begin(0, &session, "SELECT", "SELECT 0");
        for query_id in 1..=20_000 {
            history.begin(query_id, &session, "SELECT", &text);
            history.start(query_id, None);
            let cancelled = SqlError::cancelled(query_id);
            history.end(query_id, if query_id % 2 == 0 { Ok((1, 1)) } else { Err(&cancelled) });
        }
        let kept = history.lock();
        assert!(kept.bytes <= BYTES && kept.bytes > BYTES / 2, "{}", kept.bytes);
        assert_eq!(kept.bytes, kept.records.values().map(Record::weight).sum::<usize>());
        // What has not ended is remembered, and so is the last.
        assert!(kept.records.contains_key(&0) && kept.records.contains_key(&20_000) && !kept.records.contains_key(&1));
    }
}
