//! When a failed attempt is tried again: policy as data, decided by the error's kind alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Failure, Timestamp};

/// How often and how soon an attempt is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The most attempts an unload gets, the first included.
    pub max_attempts: u32,
    /// The longest wait after the first failure; it doubles with each further one.
    pub first_delay: Duration,
    /// The longest wait there is.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 4, first_delay: Duration::from_secs(1), max_delay: Duration::from_secs(60) }
    }
}

impl RetryPolicy {
    /// When the next attempt may begin, or `None` when there is none.
    ///
    /// `jitter` is from 0 to 1 and given by the caller, so that this stays pure; the wait is between half and the whole of the
    /// doubled delay, so that many unloads that failed together do not come back together.
    pub fn next_attempt_at(&self, failure: &Failure, attempt: u32, now: Timestamp, jitter: f64) -> Option<Timestamp> {
        if !failure.retryable || attempt >= self.max_attempts {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(1_u32 << attempt.saturating_sub(1).min(20)).min(self.max_delay);
        let wait = doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        now.checked_add_signed(chrono::TimeDelta::from_std(wait).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn only_retryable_kinds_come_back_and_ever_later() {
        let policy = RetryPolicy::default();
        let now = Timestamp::default();
        let lost = Failure::new(Code::WarehouseUnavailable, "gone");
        let delays: Vec<_> = (1..=4)
            .map(|attempt| policy.next_attempt_at(&lost, attempt, now, 1.0).map(|at| (at - now).num_milliseconds()))
            .collect();
        assert_eq!(delays, [Some(1_000), Some(2_000), Some(4_000), None]);
        assert_eq!(policy.next_attempt_at(&lost, 1, now, 0.0).map(|at| (at - now).num_milliseconds()), Some(500));
        assert_eq!(policy.next_attempt_at(&Failure::new(Code::QueryFailed, "no"), 1, now, 1.0), None);
        let far = RetryPolicy { max_attempts: 100, ..policy };
        assert_eq!(far.next_attempt_at(&lost, 60, now, 1.0).map(|at| (at - now).num_seconds()), Some(60));
    }
}
