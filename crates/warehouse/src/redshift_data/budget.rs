//! A bound on calls a second, shared by everything that asks the same thing: the Data API's quotas are for a whole account.
//!
//! Turns come at even distances, first come first served; a little burst is let through. When the Data API asks for fewer calls, the turns
//! come at twice the distance, and get back to the old one bit by bit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::Refusal;

/// How many turns may come at once after a rest.
const BURST: u32 = 5;
/// The longest distance between two turns.
const SLOWEST: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Budget {
    usual: Duration,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    distance: Duration,
    next: Instant,
}

impl Pace {
    /// When the next turn is.
    fn take(&mut self, now: Instant, usual: Duration) -> Instant {
        let earliest = now.checked_sub(self.distance * BURST).unwrap_or(now);
        let at = self.next.max(earliest);
        self.next = at + self.distance;
        self.distance = self.distance.mul_f64(0.98).max(usual);
        at
    }

    fn slow_down(&mut self, now: Instant) {
        self.distance = (self.distance * 2).min(SLOWEST);
        self.next = self.next.max(now + self.distance);
    }
}

impl Budget {
    /// So many turns a second.
    pub(super) fn new(per_second: f64) -> Self {
        let usual = Duration::from_secs_f64(1.0 / per_second.max(0.1));
        Self { usual, pace: Mutex::new(Pace { distance: usual, next: Instant::now() }) }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        let at = {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.take(Instant::now(), self.usual)
        };
        tokio::time::sleep_until(at).await;
    }

    /// Takes note of a refusal, and hands it on.
    pub(super) fn told(&self, refusal: Refusal) -> Refusal {
        if refusal.is_of_rate() {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.slow_down(Instant::now());
        }
        refusal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(100);

    #[test]
    fn turns_come_at_even_distances_after_a_little_burst() {
        let begun = Instant::now();
        let now = begun + Duration::from_secs(60);
        let mut pace = Pace { distance: USUAL, next: begun };
        let turns: Vec<_> = (0..BURST + 11).map(|_| pace.take(now, USUAL).saturating_duration_since(now).as_millis()).collect();
        assert_eq!(turns[..6], [0; 6]);
        assert_eq!(turns[6..], [100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    }

    #[test]
    fn every_word_for_too_many_calls_slows_down_and_too_many_statements_do_not() {
        let slows = |name: &str| {
            let budget = Budget::new(10.0);
            budget.told(Refusal {
                error: outflow_core::Error::new(outflow_core::Code::WarehouseThrottled, "less"),
                may_have_taken_effect: false,
                name: name.to_owned(),
                said: String::new(),
            });
            budget.pace.lock().unwrap().distance > USUAL
        };
        for name in ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"] {
            assert!(slows(name), "{name}");
        }
        for name in ["ActiveStatementsExceededException", "ActiveSessionsExceededException"] {
            assert!(!slows(name), "{name}");
        }
    }

    #[test]
    fn who_is_asked_for_less_asks_less_for_a_while() {
        let now = Instant::now();
        let mut pace = Pace { distance: USUAL, next: now };
        pace.slow_down(now);
        assert_eq!(pace.take(now, USUAL), now + 2 * USUAL);
        for _ in 0..10 {
            pace.slow_down(now);
        }
        assert_eq!(pace.distance, SLOWEST);
        for _ in 0..500 {
            pace.take(now, USUAL);
        }
        assert_eq!(pace.distance, USUAL);
    }
}
