//! Redshift through the Data API, against a server that speaks its protocol and does what a test tells it.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod fake;
mod finding;
mod following;
mod reading;

use std::time::Duration;

use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::{AttemptToken, UnloadId};

/// Longer than anything takes that is not awaited in vain.
pub(crate) const LONG: Duration = Duration::from_secs(25);

pub(crate) fn statement(query: &str) -> UnloadStatement {
    UnloadStatement {
        format: Format::Csv,
        header: true,
        ..UnloadStatement::plain(query, "s3://bucket/unload-results/r/1-1/output")
    }
}

pub(crate) fn token() -> AttemptToken {
    AttemptToken::new(UnloadId::generate(), 1)
}
