//! When a statement that the record does not have is believed to be absent.
//!
//! Whoever asks for it holds the claim on its unload, or the unload is over: from the first question on nobody else begins to send it, and
//! what was sent before is in the record after a while. That holds for as long as the claim does, of which nothing is known here but that somebody goes on
//! asking. When nobody has asked for a time in which another process could have claimed the unload, sent the statement and been lost, what
//! is known is too old, and the while begins anew with the next question.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outflow_core::StatementId;
use tokio::time::Instant;

/// How long at most from the end of one question to the next of the same asker: longer than the engine ever rests between two (10 s), shorter
/// than the lease that another must have let run out (30 s, unless it is set shorter). How long a question takes does not count, nor
/// does the length of the while: when it is short, the second question settles it, however close to this bound it comes.
const PAUSE: Duration = Duration::from_secs(15);

/// The statements that were asked for and are not in the record.
#[derive(Debug)]
pub(super) struct Settling {
    settle: Duration,
    asked: Mutex<HashMap<StatementId, Asked>>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    first: Instant,
    /// When the last question began or ended.
    last: Instant,
    /// How many questions there are just now.
    now: usize,
}

/// A question, for as long as it is asked.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    settling: &'a Settling,
    id: StatementId,
    has_settled: bool,
}

impl Settling {
    /// What is not in the record `settle` after the first question is believed to be absent.
    pub(super) fn new(settle: Duration) -> Self {
        Self { settle, asked: Mutex::default() }
    }

    /// Notes that somebody asks for a statement, before the record is looked into.
    pub(super) fn ask(&self, id: &StatementId) -> Asking<'_> {
        Asking { settling: self, id: id.clone(), has_settled: self.begin(id, Instant::now()) }
    }

    /// Forgets a statement, whose fate is known.
    pub(super) fn forget(&self, id: &StatementId) {
        self.lock().remove(id);
    }

    /// Notes the begin of a question; gives whether it has settled.
    fn begin(&self, id: &StatementId, now: Instant) -> bool {
        let mut asked = self.lock();
        asked.retain(|_, asked| asked.now > 0 || now.duration_since(asked.last) <= PAUSE);
        let asked = asked.entry(id.clone()).or_insert(Asked { first: now, last: now, now: 0 });
        (asked.last, asked.now) = (now, asked.now + 1);
        now.duration_since(asked.first) >= self.settle
    }

    /// Notes the end of a question.
    fn end(&self, id: &StatementId, now: Instant) {
        if let Some(asked) = self.lock().get_mut(id) {
            (asked.last, asked.now) = (now, asked.now.saturating_sub(1));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StatementId, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking<'_> {
    /// Whether a record that does not have it when it is looked into now will not have it later.
    pub(super) fn has_settled(&self) -> bool {
        self.has_settled
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.settling.end(&self.id, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks in these seconds, each time for so many, and tells whether the last question found it settled.
    fn asked(settle: f64, questions: &[(f64, f64)]) -> bool {
        let (settling, id, begun) = (Settling::new(Duration::from_secs_f64(settle)), StatementId::new("a-1"), Instant::now());
        let mut has_settled = false;
        for (at, took) in questions {
            has_settled = settling.begin(&id, begun + Duration::from_secs_f64(*at));
            // Somebody asks for another one meanwhile.
            settling.begin(&StatementId::new("b-1"), begun + Duration::from_secs_f64(at + took));
            settling.end(&id, begun + Duration::from_secs_f64(at + took));
        }
        has_settled
    }

    #[test]
    fn who_goes_on_asking_is_told_after_the_while() {
        let questions: Vec<_> = (0..=10).map(|n| (f64::from(n) * 10.0, 0.1)).collect();
        assert!(asked(100.0, &questions));
        assert!(!asked(100.0, &questions[..10]));
    }

    #[test]
    fn a_question_that_was_asked_once_says_nothing_later() {
        assert!(!asked(100.0, &[(0.0, 0.1), (120.0, 0.1)]));
        assert!(!asked(40.0, &[(0.0, 0.1), (70.0, 0.1)]));
        assert!(!asked(40.0, &[(0.0, 0.1), (10.0, 0.1), (30.0, 0.1), (40.0, 0.1)]), "nobody asked from 10 to 30");
    }

    #[test]
    fn how_long_a_look_takes_is_no_silence() {
        assert!(asked(100.0, &[(0.0, 50.0), (60.0, 45.0), (110.0, 0.1)]));
    }

    #[test]
    fn questions_further_apart_than_the_while_settle_it_too() {
        assert!(asked(0.3, &[(0.0, 0.1), (5.0, 0.1)]));
        assert!(asked(0.3, &[(0.0, 0.1), (14.9, 0.1)]));
    }

    #[test]
    fn what_is_known_is_forgotten() {
        let (settling, id) = (Settling::new(Duration::ZERO), StatementId::new("a-1"));
        assert!(settling.ask(&id).has_settled());
        settling.forget(&id);
        assert!(settling.lock().is_empty());
    }
}
