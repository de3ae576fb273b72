//! How many files the process may have open: each connection is one, and so is each file that is written or sent.

/// What the systems that we know allow at least.
const LEAST: u64 = 256;

/// Raises the limit of this process to the most that it may set itself, and gives what holds now: the usual limit, often 1,024, is soon
/// used up. Later calls change nothing.
pub(crate) fn raise() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files could not be raised");
        LEAST
    })
}
