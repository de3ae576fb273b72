//! The handlers, one file for each thing that a caller can do.

pub(crate) mod cancel;
pub(crate) mod delete;
pub(crate) mod download;
pub(crate) mod error_page;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod fallback;
pub(crate) mod file;
pub(crate) mod health;
pub(crate) mod list;
pub(crate) mod receipt;
pub(crate) mod retry;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod tables;
pub(crate) mod unload;

mod changes;
mod delivered;

pub(crate) use status::LONGEST_WAIT;

/// When to come back for something that is under way, in seconds.
const COME_BACK: u64 = 1;
