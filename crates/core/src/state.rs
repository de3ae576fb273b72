//! The states of an unload and the one pure function that moves them.
//!
//! [`State::apply`] is total over `(state, event)`: it gives the next state and the effects that the same transaction must
//! record, or says that the event is illegal there. There is no I/O and no clock in it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Code, Failure, StatementId, Timestamp};

/// Where an unload stands, for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Accepted; nobody works on it.
    Pending,
    /// An attempt is under way, or between two.
    Running,
    /// The files are there, verified.
    Done,
    /// It will never be there.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// The files were there and are gone.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Expired];

    /// The name in the API, the store and the events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether nothing runs any more. (`DONE` can still become `EXPIRED`.)
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// What a running unload does just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// The intent to submit is recorded; whether the statement runs is not known yet.
    Submitting,
    /// The statement runs in the warehouse.
    Executing,
    /// An attempt failed; the next begins later.
    Waiting,
    /// The statement finished; its files are verified and joined.
    Finalizing,
    /// Somebody asked to stop it; the statement may still run.
    Cancelling,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Submitting, Self::Executing, Self::Waiting, Self::Finalizing, Self::Cancelling];

    /// The name in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitting => "SUBMITTING",
            Self::Executing => "EXECUTING",
            Self::Waiting => "WAITING",
            Self::Finalizing => "FINALIZING",
            Self::Cancelling => "CANCELLING",
        }
    }
}

/// Why files are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiryReason {
    /// Their time was over.
    Retention,
    /// Somebody deleted them.
    Deleted,
}

/// Where an unload stands, with what belongs to it there. Attempts count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Accepted.
    Pending,
    /// The attempt may or may not have reached the warehouse.
    Submitting {
        /// Which try.
        attempt: u32,
    },
    /// The statement runs.
    Executing {
        /// Which try.
        attempt: u32,
        /// The warehouse's name for the statement.
        statement_id: StatementId,
    },
    /// The attempt is over, and the next is due at `until`.
    Waiting {
        /// The try that failed.
        attempt: u32,
        /// When the next may begin.
        until: Timestamp,
        /// Why this one failed.
        failure: Failure,
    },
    /// The warehouse said finished.
    Finalizing {
        /// Which try.
        attempt: u32,
        /// The warehouse's name for the statement.
        statement_id: StatementId,
        /// How many data rows the warehouse says that it wrote, where it can say.
        rows: Option<u64>,
    },
    /// To be stopped; the statement, if there is one, is not known to have ended.
    Cancelling {
        /// Which try.
        attempt: u32,
        /// The statement, where its name is known.
        statement_id: Option<StatementId>,
    },
    /// The files are there.
    Done {
        /// The try that won.
        attempt: u32,
    },
    /// Over, without files.
    Failed {
        /// The last try; 0 if there was none.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// Stopped, without files.
    Cancelled {
        /// The last try; 0 if there was none.
        attempt: u32,
    },
    /// The files are gone.
    Expired {
        /// The try that won.
        attempt: u32,
        /// Why they are gone.
        reason: ExpiryReason,
    },
}

/// What became of a statement when the deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is known to have ended, or never to have begun.
    Settled,
    /// Nobody knows.
    Unknown,
}

/// What can happen to an unload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A worker takes it up, for the first or the next attempt. Recording it is the intent to submit.
    Claimed,
    /// The warehouse took the statement.
    Submitted {
        /// Its name there.
        statement_id: StatementId,
    },
    /// The warehouse says that the statement finished.
    Finished {
        /// How many data rows it wrote, where it can say.
        rows: Option<u64>,
    },
    /// The attempt is over without a result, and its statement known to be absent or ended.
    AttemptFailed {
        /// Why.
        failure: Failure,
        /// When to try again; none when this was the last try.
        retry_at: Option<Timestamp>,
    },
    /// Everything is verified and the receipt written.
    Finalized,
    /// Somebody asks to stop it.
    CancelRequested,
    /// The statement is known to have ended.
    CancelConfirmed,
    /// The deadline passed.
    DeadlinePassed {
        /// What became of the statement.
        fate: Fate,
    },
    /// The files are to be deleted.
    Expired {
        /// Why.
        reason: ExpiryReason,
    },
}

/// Which announcement a terminal state makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announced {
    /// `unload-complete`
    Complete,
    /// `unload-failed`, of failed and cancelled ones.
    Failed,
    /// `unload-expired`
    Expired,
}

/// What the transaction that records a transition must record with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A row in the outbox.
    Announce(Announced),
    /// The files of that attempt are to be deleted.
    Discard {
        /// Which try.
        attempt: u32,
    },
}

/// An event that cannot happen in a state: somebody else was faster, or a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The state.
    pub state: State,
    /// The event.
    pub event: Event,
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{:?}` cannot happen in `{:?}`", self.event, self.state)
    }
}

impl std::error::Error for IllegalTransition {}

impl State {
    /// The status that callers see.
    pub fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Submitting { .. }
            | Self::Executing { .. }
            | Self::Waiting { .. }
            | Self::Finalizing { .. }
            | Self::Cancelling { .. } => Status::Running,
            Self::Done { .. } => Status::Done,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Expired { .. } => Status::Expired,
        }
    }

    /// The phase of a running one.
    pub fn phase(&self) -> Option<Phase> {
        match self {
            Self::Submitting { .. } => Some(Phase::Submitting),
            Self::Executing { .. } => Some(Phase::Executing),
            Self::Waiting { .. } => Some(Phase::Waiting),
            Self::Finalizing { .. } => Some(Phase::Finalizing),
            Self::Cancelling { .. } => Some(Phase::Cancelling),
            Self::Pending | Self::Done { .. } | Self::Failed { .. } | Self::Cancelled { .. } | Self::Expired { .. } => None,
        }
    }

    /// The present or last attempt; 0 before the first.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Submitting { attempt }
            | Self::Executing { attempt, .. }
            | Self::Waiting { attempt, .. }
            | Self::Finalizing { attempt, .. }
            | Self::Cancelling { attempt, .. }
            | Self::Done { attempt }
            | Self::Failed { attempt, .. }
            | Self::Cancelled { attempt }
            | Self::Expired { attempt, .. } => *attempt,
        }
    }

    /// The statement of the present attempt, where its name is known.
    pub fn statement_id(&self) -> Option<&StatementId> {
        match self {
            Self::Executing { statement_id, .. } | Self::Finalizing { statement_id, .. } => Some(statement_id),
            Self::Cancelling { statement_id, .. } => statement_id.as_ref(),
            _ => None,
        }
    }

    /// Why it failed, or why it waits.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Waiting { failure, .. } | Self::Failed { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// Whether a worker must hold a lease on it: whoever lost the worker must take it over.
    pub fn is_driven(&self) -> bool {
        matches!(self, Self::Submitting { .. } | Self::Executing { .. } | Self::Finalizing { .. } | Self::Cancelling { .. })
    }

    /// The next state, and what must be recorded with it.
    ///
    /// # Errors
    /// [`IllegalTransition`] when the event cannot happen here; nothing has changed then.
    pub fn apply(self, event: Event, now: Timestamp) -> Result<(State, Vec<Effect>), IllegalTransition> {
        use State as S;
        let next = match (self, event) {
            (S::Pending, Event::Claimed) => S::Submitting { attempt: 1 },
            (S::Waiting { attempt, until, .. }, Event::Claimed) if until <= now => S::Submitting { attempt: attempt + 1 },

            (S::Submitting { attempt }, Event::Submitted { statement_id }) => S::Executing { attempt, statement_id },
            (S::Cancelling { attempt, statement_id: None }, Event::Submitted { statement_id }) => {
                S::Cancelling { attempt, statement_id: Some(statement_id) }
            }

            (S::Executing { attempt, statement_id }, Event::Finished { rows }) => S::Finalizing { attempt, statement_id, rows },
            (S::Finalizing { attempt, .. }, Event::Finalized) => S::Done { attempt },

            (
                S::Submitting { attempt } | S::Executing { attempt, .. } | S::Finalizing { attempt, .. },
                Event::AttemptFailed { failure, retry_at },
            ) => match retry_at {
                Some(until) => S::Waiting { attempt, until, failure },
                None => S::Failed { attempt, failure },
            },

            (S::Pending, Event::CancelRequested) => S::Cancelled { attempt: 0 },
            (S::Waiting { attempt, .. }, Event::CancelRequested) => S::Cancelled { attempt },
            (S::Submitting { attempt }, Event::CancelRequested) => S::Cancelling { attempt, statement_id: None },
            (S::Executing { attempt, statement_id } | S::Finalizing { attempt, statement_id, .. }, Event::CancelRequested) => {
                S::Cancelling { attempt, statement_id: Some(statement_id) }
            }
            (S::Cancelling { attempt, .. }, Event::CancelConfirmed | Event::DeadlinePassed { fate: Fate::Settled }) => {
                S::Cancelled { attempt }
            }

            (S::Pending, Event::DeadlinePassed { .. }) => S::Failed { attempt: 0, failure: out_of_time() },
            (S::Waiting { attempt, .. }, Event::DeadlinePassed { .. })
            | (
                S::Submitting { attempt } | S::Executing { attempt, .. } | S::Finalizing { attempt, .. },
                Event::DeadlinePassed { fate: Fate::Settled },
            ) => S::Failed { attempt, failure: out_of_time() },
            (
                S::Submitting { attempt }
                | S::Executing { attempt, .. }
                | S::Finalizing { attempt, .. }
                | S::Cancelling { attempt, .. },
                Event::DeadlinePassed { fate: Fate::Unknown },
            ) => S::Failed { attempt, failure: unknown_outcome() },

            (S::Done { attempt }, Event::Expired { reason }) => S::Expired { attempt, reason },

            (state, event) => return Err(IllegalTransition { state, event }),
        };
        let effects = next.effects();
        Ok((next, effects))
    }

    /// What entering this state brings with it.
    fn effects(&self) -> Vec<Effect> {
        let announced = match self {
            Self::Done { .. } => Some(Announced::Complete),
            Self::Failed { .. } | Self::Cancelled { .. } => Some(Announced::Failed),
            Self::Expired { .. } => Some(Announced::Expired),
            _ => None,
        };
        let discarded = match self {
            Self::Waiting { attempt, .. }
            | Self::Failed { attempt, .. }
            | Self::Cancelled { attempt }
            | Self::Expired { attempt, .. }
                if *attempt > 0 =>
            {
                Some(*attempt)
            }
            _ => None,
        };
        announced.map(Effect::Announce).into_iter().chain(discarded.map(|attempt| Effect::Discard { attempt })).collect()
    }
}

fn out_of_time() -> Failure {
    Failure::new(
        Code::DeadlineExceeded,
        "the unload did not finish within its timeoutSeconds; send it again with more, or ask for less",
    )
}

fn unknown_outcome() -> Failure {
    Failure {
        retryable: false,
        ..Failure::new(
            Code::OutcomeUnknown,
            "the deadline passed while nobody could tell whether the statement still runs; look in the warehouse before you send it again",
        )
    }
}

#[cfg(test)]
mod tests;
