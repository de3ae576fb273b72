//! How a statement stands, for those who wait on it: counted as it runs, told at most every so often, and at once when it ends.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use outflow_core::unload::Amount;
use outflow_core::warehouse::Progress;
use outflow_core::{Error, Failure};
use tokio::sync::watch;

/// How often a running statement tells how far it is: often enough for a person, seldom enough for the store that keeps it.
const EVERY: Duration = Duration::from_millis(200);

/// How a statement stands, in a form that can be told many times.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// It runs.
    Running(Amount),
    /// It wrote so many rows.
    Finished(u64),
    /// It failed; what the log is told of the cause, beside what people are.
    Failed(Failure, Option<String>),
    /// It was cancelled.
    Cancelled,
}

impl Standing {
    /// The standing of a statement that ended with an error.
    pub(super) fn failed(error: &Error) -> Self {
        let chain = error.chain();
        let cause = chain.strip_prefix(error.message()).and_then(|rest| rest.strip_prefix(": "));
        Self::Failed(Failure::from(error), cause.filter(|cause| *cause != error.message()).map(str::to_owned))
    }

    /// Whether the statement has ended.
    pub(super) fn is_over(&self) -> bool {
        !matches!(self, Self::Running(_))
    }

    /// As the trait tells it.
    pub(super) fn progress(&self) -> Progress {
        match self {
            Self::Running(amount) => Progress::Running(*amount),
            Self::Finished(rows) => Progress::Finished { rows: Some(*rows) },
            Self::Failed(failure, cause) => {
                let mut error = Error::new(failure.code, failure.message.clone());
                if let Some(cause) = cause {
                    error = error.with_source(cause.clone());
                }
                Progress::Failed(match failure.position {
                    Some(position) => error.at(position),
                    None => error,
                })
            }
            Self::Cancelled => Progress::Cancelled,
        }
    }
}

/// Counts what a statement has written.
#[derive(Debug)]
pub(super) struct Meter {
    rows: AtomicU64,
    bytes: AtomicU64,
    told_at: Mutex<Instant>,
    standing: watch::Sender<Standing>,
}

impl Meter {
    /// Counts for whoever listens to `standing`.
    pub(super) fn new(standing: watch::Sender<Standing>) -> Self {
        Self { rows: AtomicU64::new(0), bytes: AtomicU64::new(0), told_at: Mutex::new(Instant::now()), standing }
    }

    /// So many rows more.
    pub(super) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.tell();
    }

    /// So many bytes more.
    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let Ok(mut told_at) = self.told_at.try_lock() else { return };
        if told_at.elapsed() >= EVERY {
            *told_at = Instant::now();
            let amount = Amount { rows: self.rows.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) };
            self.standing.send_if_modified(|standing| match standing {
                Standing::Running(told) if *told != amount => {
                    *told = amount;
                    true
                }
                _ => false,
            });
        }
    }
}
