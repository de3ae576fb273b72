//! What every store promises, as functions that a test calls with a fresh one. Each covers sentences of `outflow_core::store`.

pub mod claim;
pub mod create;
pub mod hint;
pub mod lease;
pub mod list;
pub mod outbox;
pub mod retention;
pub mod transition;
pub mod watch;
