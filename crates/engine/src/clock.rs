//! The time, as a part that a test can replace.

use std::fmt;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
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

/// A length of time, to be added to a moment.
pub(crate) fn as_delta(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or_default()
}
