//! The time, as a part that a test can replace.

use std::fmt;

use chrono::Utc;
use outflow_core::Timestamp;

/// Tells the time that unloads are stamped with.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, to the microsecond that the store keeps.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Utc::now();
        Timestamp::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}
