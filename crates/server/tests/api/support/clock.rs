//! A clock that runs as the machine's does, and can be put forward.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use outflow_core::Timestamp;
use outflow_engine::{Clock, SystemClock};

#[derive(Debug, Default)]
pub(crate) struct TestClock {
    ahead_seconds: AtomicI64,
}

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.ahead_seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + TimeDelta::seconds(self.ahead_seconds.load(Ordering::Relaxed))
    }
}
