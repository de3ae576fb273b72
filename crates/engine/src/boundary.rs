//! The boundaries between steps, by name: where a crash test makes the process die.
//!
//! Built without the feature `failpoints`, they are nothing at all.

/// A place between two steps. A crash there must lose nothing, and repeat nothing that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The unload is accepted and on disk; the caller has no answer.
    Accepted,
    /// The intent to submit is recorded; the warehouse has not been asked.
    Claimed,
    /// The warehouse took the statement; its name is not recorded.
    Started,
    /// The statement's name is recorded.
    Submitted,
    /// The warehouse said finished; that is not recorded.
    StatementFinished,
    /// Finished is recorded; nothing is verified.
    Finalizing,
    /// The parts are joined; the one file is not summed.
    PartsJoined,
    /// The files are verified, joined and summed; there is no receipt in storage.
    Verified,
    /// The receipt lies in storage; the store does not know.
    ReceiptWritten,
    /// `DONE` and its outbox row are committed; nobody was told.
    Done,
    /// The bus took an announcement; that is not recorded. Passed by the relay, which is not of this crate.
    Published,
    /// The attempt failed; that is not recorded.
    AttemptFailed,
    /// The failure is recorded; the next attempt is not begun.
    Waiting,
    /// A cancel is recorded; the warehouse has not been asked to stop.
    CancelRecorded,
    /// The statement has ended after a cancel; that is not recorded.
    StatementCancelled,
    /// The statement was stopped at its deadline; that is not recorded.
    DeadlineStopped,
    /// The deadline has passed and no worker holds the unload; that is not recorded.
    Settling,
    /// The files' time is over; that is not recorded.
    Expiring,
    /// `EXPIRED` is recorded; the files are still there.
    Expired,
    /// The files are deleted; that is not recorded.
    FilesDeleted,
}

impl Boundary {
    /// Every boundary.
    pub const ALL: &'static [Boundary] = &[
        Self::Accepted,
        Self::Claimed,
        Self::Started,
        Self::Submitted,
        Self::StatementFinished,
        Self::Finalizing,
        Self::PartsJoined,
        Self::Verified,
        Self::ReceiptWritten,
        Self::Done,
        Self::Published,
        Self::AttemptFailed,
        Self::Waiting,
        Self::CancelRecorded,
        Self::StatementCancelled,
        Self::DeadlineStopped,
        Self::Settling,
        Self::Expiring,
        Self::Expired,
        Self::FilesDeleted,
    ];

    /// The name that a crash test sets in `FAILPOINTS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Claimed => "claimed",
            Self::Started => "started",
            Self::Submitted => "submitted",
            Self::StatementFinished => "statement-finished",
            Self::Finalizing => "finalizing",
            Self::PartsJoined => "parts-joined",
            Self::Verified => "verified",
            Self::ReceiptWritten => "receipt-written",
            Self::Done => "done",
            Self::Published => "published",
            Self::AttemptFailed => "attempt-failed",
            Self::Waiting => "waiting",
            Self::CancelRecorded => "cancel-recorded",
            Self::StatementCancelled => "statement-cancelled",
            Self::DeadlineStopped => "deadline-stopped",
            Self::Settling => "settling",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::FilesDeleted => "files-deleted",
        }
    }

    /// Passes the boundary; with the action `return`, the process dies here and says so in the log.
    pub(crate) fn pass(self) {
        fail::fail_point!(self.name(), |_| {
            tracing::error!(boundary = self.name(), "the failpoint fired: the process dies here");
            std::process::abort();
        });
    }
}

/// Reads `FAILPOINTS` from the environment, in a build with the feature `failpoints`. Keep what it gives for as long as they shall hold.
pub struct Failpoints {
    #[cfg(feature = "failpoints")]
    _scenario: fail::FailScenario<'static>,
}

impl Failpoints {
    /// Arms what the environment names.
    pub fn arm() -> Self {
        Self {
            #[cfg(feature = "failpoints")]
            _scenario: fail::FailScenario::setup(),
        }
    }
}

impl std::fmt::Debug for Failpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failpoints")
    }
}
