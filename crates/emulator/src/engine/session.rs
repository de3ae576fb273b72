//! A session: who is connected, what was set, and what ran last in it. A statement of the Data API has one of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::belief;

/// What `SHOW` says when nothing was set.
const SETTINGS: [(&str, &str); 16] = [
    ("analyze_threshold_percent", "10"),
    ("application_name", ""),
    ("client_encoding", "UTF8"),
    ("datestyle", "ISO, MDY"),
    ("enable_result_cache_for_session", "on"),
    ("extra_float_digits", "0"),
    ("integer_datetimes", "on"),
    ("is_superuser", "on"),
    ("query_group", "unset"),
    ("search_path", "$user, public"),
    ("server_encoding", "UTF8"),
    ("server_version", belief::SERVER_VERSION),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("timezone", "UTC"),
    ("transaction_isolation", "serializable"),
];

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    /// The process that would serve it.
    pub(crate) pid: i32,
    /// What a request to cancel must know beside.
    pub(crate) secret: i32,
    pub(crate) user: String,
    pub(crate) database: String,
    /// Told when the session must end.
    pub(crate) terminated: CancellationToken,
    settings: Mutex<BTreeMap<String, String>>,
    current: Mutex<CancellationToken>,
    last_query: AtomicI64,
    last_unload: AtomicI64,
}

impl Session {
    pub(crate) fn new(pid: i32, user: String, database: String, terminated: CancellationToken) -> Self {
        let settings = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            pid,
            secret: secret(),
            user,
            database,
            terminated,
            settings: Mutex::new(settings.collect()),
            current: Mutex::default(),
            last_query: AtomicI64::new(-1),
            last_unload: AtomicI64::new(0),
        }
    }

    /// The value of a setting.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        lock(&self.settings).get(&name.to_lowercase()).cloned()
    }

    /// All settings.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        lock(&self.settings).iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Sets a setting, whatever it is.
    pub(crate) fn set(&self, name: &str, value: String) {
        lock(&self.settings).insert(name.to_lowercase(), value);
    }

    /// Takes a setting back to what it is at first; all of them without a name.
    pub(crate) fn reset(&self, name: Option<&str>) {
        let mut settings = lock(&self.settings);
        for (usual, value) in SETTINGS {
            if name.is_none_or(|name| name.eq_ignore_ascii_case(usual)) {
                settings.insert(usual.to_owned(), value.to_owned());
            }
        }
    }

    /// Notes what stops the statement that runs now.
    pub(super) fn begin(&self, cancel: CancellationToken) {
        *lock(&self.current) = cancel;
    }

    /// Stops the statement that runs now, if one does.
    pub(crate) fn cancel(&self) {
        lock(&self.current).cancel();
    }

    pub(crate) fn last_query(&self) -> i64 {
        self.last_query.load(Ordering::Relaxed)
    }

    pub(super) fn set_last_query(&self, query_id: i64) {
        self.last_query.store(query_id, Ordering::Relaxed);
    }

    pub(crate) fn last_unload(&self) -> i64 {
        self.last_unload.load(Ordering::Relaxed)
    }

    pub(super) fn set_last_unload(&self, rows: i64) {
        self.last_unload.store(rows, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Four bytes that nobody guesses.
pub(crate) fn secret() -> i32 {
    let [a, b, c, d, ..] = uuid::Uuid::new_v4().into_bytes();
    i32::from_be_bytes([a, b, c, d])
}
