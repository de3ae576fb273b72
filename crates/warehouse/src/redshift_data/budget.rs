//! A bound on calls a second, shared by everything that asks the same thing: the Data API's quotas are for a whole account.
//!
//! Turns come at even distances, first come first served; a little burst is let through. Who lets go while it waits gives its turn to the
//! next. When the Data API asks for fewer calls, the turns come at twice the distance, and get back to the old one bit by bit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::Refusal;

/// How many turns may come at once after a rest, and no more than those of a second: some quotas are as small.
const BURST: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);
/// The longest distance between two turns.
const SLOWEST: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Budget {
    usual: Duration,
    pace: Mutex<Pace>,
    /// Held by who is next; the others stand behind it in their order.
    next: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Pace {
    distance: Duration,
    next: Instant,
}

impl Pace {
    /// Takes a turn, or says when it comes.
    fn take(&mut self, now: Instant, usual: Duration) -> Result<(), Instant> {
        let at = self.earliest(now);
        if at > now {
            return Err(at);
        }
        self.next = at + self.distance;
        self.distance = self.distance.mul_f64(0.98).max(usual);
        Ok(())
    }

    /// When the next turn comes, with what is in hand after a rest.
    fn earliest(&self, now: Instant) -> Instant {
        self.next.max(now.checked_sub((self.distance * BURST).min(SECOND)).unwrap_or(now))
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
        let pace = Mutex::new(Pace { distance: usual, next: Instant::now() });
        Self { usual, pace, next: tokio::sync::Mutex::default() }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        let _next = self.next.lock().await;
        while let Err(at) = self.take() {
            tokio::time::sleep_until(at).await;
        }
    }

    /// Takes a turn at once, before all who wait; they wait so much longer. For who asks seldom and does not wait.
    pub(super) fn go_first(&self) {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.next = pace.earliest(Instant::now()) + pace.distance;
    }

    fn take(&self) -> Result<(), Instant> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now(), self.usual)
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
        let at_once = (0..).take_while(|_| pace.take(now, USUAL).is_ok()).count();
        assert_eq!(at_once, 6);
        for turns in 1..10 {
            assert_eq!(pace.take(now, USUAL), Err(now + turns * USUAL));
            pace.take(now + turns * USUAL, USUAL).unwrap();
        }
        let slow = SECOND / 2;
        let mut pace = Pace { distance: slow, next: begun };
        let at_once = (0..).take_while(|_| pace.take(now, slow).is_ok()).count();
        assert_eq!(at_once, 3, "more than a second's worth");
    }

    #[tokio::test]
    async fn who_lets_go_gives_its_turn_to_the_next() {
        let budget = Budget::new(0.1);
        budget.turn().await;
        let next = || budget.pace.lock().unwrap().next;
        let before = next();
        let (mut first, mut second) = (Box::pin(budget.turn()), Box::pin(budget.turn()));
        assert!(futures::poll!(first.as_mut()).is_pending() && futures::poll!(second.as_mut()).is_pending());
        drop(first);
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(second);
        assert_eq!(next(), before);
        assert!(budget.next.try_lock().is_ok(), "nobody stands before the next");
    }

    #[test]
    fn who_goes_first_takes_a_turn_of_the_others() {
        let budget = Budget::new(2.0);
        budget.go_first();
        budget.go_first();
        let next = budget.pace.lock().unwrap().next;
        assert!(next > Instant::now() + Duration::from_millis(500), "two turns are gone");
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
        assert_eq!(pace.take(now, USUAL), Err(now + 2 * USUAL));
        for _ in 0..10 {
            pace.slow_down(now);
        }
        assert_eq!(pace.distance, SLOWEST);
        for turn in 1..=500 {
            pace.take(now + turn * SLOWEST, USUAL).unwrap();
        }
        assert_eq!(pace.distance, USUAL);
    }
}
