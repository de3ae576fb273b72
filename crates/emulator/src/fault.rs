//! Faults that can be switched on: each is one that AWS shows some day, here as often as it is asked for.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One fault, as it is named on the command line: `NAME` or `NAME=NUMBER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `slow=SECONDS`: every UNLOAD and SELECT takes that much longer; 5 seconds when nothing is said.
    Slow(Duration),
    /// `lost-request=N`: the first and then every Nth submit is lost before it takes effect: the connection ends, and nothing runs.
    LostRequest(u64),
    /// `lost-answer=N`: the first and then every Nth submit takes effect, and its answer is lost.
    LostAnswer(u64),
    /// `fail-half-way=N`: the first and then every Nth UNLOAD fails after it has written: parts stay, a manifest does not.
    FailHalfWay(u64),
    /// `throttle`: the call quotas of the Data API hold. `throttle=N`: the first and then every Nth call is refused, too.
    Throttle(Option<u64>),
    /// `active-limit=N`: so many statements of the Data API may be active at a time; 200 when nothing is said.
    ActiveLimit(usize),
    /// `expire=SECONDS`: the Data API forgets statements so soon after they were accepted; 10 seconds when nothing is said.
    Expire(Duration),
    /// `expire-credentials=SECONDS`: passwords that are handed out for a while are right for so long only; 10 seconds when nothing is said.
    ExpireCredentials(Duration),
    /// `forget-token=SECONDS`: the Data API forgets a ClientToken so soon; 10 seconds when nothing is said.
    ForgetToken(Duration),
    /// `no-wait`: the Data API holds no answer back, and refuses those who ask for it.
    NoWait,
}

/// The names of all faults.
pub const FAULTS: [&str; 10] = [
    "slow",
    "lost-request",
    "lost-answer",
    "fail-half-way",
    "throttle",
    "active-limit",
    "expire",
    "expire-credentials",
    "forget-token",
    "no-wait",
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once('=') {
            Some((name, number)) => {
                let wrong = || format!("`{number}` in the fault `{text}` is no number of 1 or more");
                (name, Some(number.parse::<u64>().ok().filter(|number| *number > 0).ok_or_else(wrong)?))
            }
            None => (text, None),
        };
        let seconds = |usual| Duration::from_secs(number.unwrap_or(usual));
        Ok(match name {
            "slow" => Self::Slow(seconds(5)),
            "lost-request" => Self::LostRequest(number.unwrap_or(3)),
            "lost-answer" => Self::LostAnswer(number.unwrap_or(3)),
            "fail-half-way" => Self::FailHalfWay(number.unwrap_or(1)),
            "throttle" => Self::Throttle(number),
            "active-limit" => Self::ActiveLimit(number.map_or(200, |number| usize::try_from(number).unwrap_or(usize::MAX))),
            "expire" => Self::Expire(seconds(10)),
            "expire-credentials" => Self::ExpireCredentials(seconds(10)),
            "forget-token" => Self::ForgetToken(seconds(10)),
            "no-wait" if number.is_none() => Self::NoWait,
            "no-wait" => return Err(format!("the fault `no-wait` takes no number, as in `{text}`")),
            _ => return Err(format!("there is no fault `{name}`; there are {}", FAULTS.join(", "))),
        })
    }
}

/// The faults that are switched on, with what they count.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) slow: Option<Duration>,
    pub(crate) active_limit: Option<usize>,
    pub(crate) expire: Option<Duration>,
    pub(crate) expire_credentials: Option<Duration>,
    pub(crate) forget_token: Option<Duration>,
    pub(crate) no_wait: bool,
    lost_request: Every,
    lost_answer: Every,
    fail_half_way: Every,
    throttle: Every,
    quotas: Option<Quotas>,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let mut on = Self::default();
        for fault in faults {
            match *fault {
                Fault::Slow(by) => on.slow = Some(by),
                Fault::LostRequest(every) => on.lost_request = Every::nth(every),
                Fault::LostAnswer(every) => on.lost_answer = Every::nth(every),
                Fault::FailHalfWay(every) => on.fail_half_way = Every::nth(every),
                Fault::Throttle(every) => {
                    on.quotas = Some(Quotas::default());
                    on.throttle = every.map(Every::nth).unwrap_or_default();
                }
                Fault::ActiveLimit(limit) => on.active_limit = Some(limit),
                Fault::Expire(after) => on.expire = Some(after),
                Fault::ExpireCredentials(after) => on.expire_credentials = Some(after),
                Fault::ForgetToken(after) => on.forget_token = Some(after),
                Fault::NoWait => on.no_wait = true,
            }
        }
        on
    }

    /// Whether this submit is lost before it takes effect.
    pub(crate) fn loses_request(&self) -> bool {
        self.lost_request.is_now()
    }

    /// Whether the answer to this submit is lost.
    pub(crate) fn loses_answer(&self) -> bool {
        self.lost_answer.is_now()
    }

    /// Whether this UNLOAD fails after it has written.
    pub(crate) fn fails_half_way(&self) -> bool {
        self.fail_half_way.is_now()
    }

    /// Whether this call of that operation is refused.
    pub(crate) fn throttles(&self, operation: &str) -> bool {
        self.throttle.is_now() || self.quotas.as_ref().is_some_and(|quotas| !quotas.take(operation))
    }
}

/// The first, and then every Nth.
#[derive(Debug, Default)]
struct Every {
    nth: Option<u64>,
    seen: AtomicU64,
}

impl Every {
    fn nth(nth: u64) -> Self {
        Self { nth: Some(nth), seen: AtomicU64::new(0) }
    }

    fn is_now(&self) -> bool {
        self.nth.is_some_and(|nth| self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(nth))
    }
}

/// The call quotas of the Data API, each refilled evenly, with a second's worth in hand.
#[derive(Debug, Default)]
struct Quotas {
    spent: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Quotas {
    /// Takes a call if there is one left.
    fn take(&self, operation: &str) -> bool {
        let Some(quota) = crate::belief::calls_per_second(operation) else { return true };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (left, at) = spent.entry(operation.to_owned()).or_insert((quota, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() * quota).min(quota);
        *at = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name_and_a_number_where_it_takes_one() {
        for name in FAULTS {
            name.parse::<Fault>().unwrap();
            assert_eq!(format!("{name}=2").parse::<Fault>().is_ok(), name != "no-wait", "{name}");
        }
        assert_eq!("slow=2".parse(), Ok(Fault::Slow(Duration::from_secs(2))));
        for wrong in ["quick", "slow=", "slow=0", "slow=-1", "slow=x"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_and_then_every_nth_is_met() {
        let faults = Faults::new(&[Fault::LostAnswer(3)]);
        let met: Vec<bool> = (0..7).map(|_| faults.loses_answer()).collect();
        assert_eq!(met, [true, false, false, true, false, false, true]);
        assert!(!faults.loses_request());
    }

    #[test]
    fn a_quota_lets_so_many_calls_through_at_once() {
        let faults = Faults::new(&[Fault::Throttle(None)]);
        let through = (0..50).filter(|_| !faults.throttles("CancelStatement")).count();
        assert!((3..50).contains(&through), "{through}");
        assert!(!faults.throttles("ListSchemas"));
    }
}
