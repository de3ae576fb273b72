//! The domain of Outflow: what an unload is, how its state moves, the UNLOAD statement that runs it, the guard that
//! lets only one read-only query through, and the traits that the back ends implement.
//!
//! There is no I/O, no clock and no vendor here: callers pass `now`, and everything is a value that a test can make.

pub mod address;
pub mod bus;
pub mod error;
pub mod event;
pub mod field;
pub mod guard;
pub mod id;
pub mod key;
pub mod manifest;
pub mod options;
pub mod parameter;
pub mod receipt;
pub mod retry;
pub mod schema;
pub mod state;
pub mod statement;
pub mod store;
pub mod submission;
pub mod text;
pub mod unload;
pub mod warehouse;

pub use error::{Code, Error, ErrorKind, Failure, Position, Result};
pub use id::{AttemptToken, Owner, RequestId, StatementId, UnloadId, WorkerId};
pub use options::UnloadOptions;
pub use state::{Phase, State, Status};
pub use unload::Unload;

/// A moment, in UTC. Written as RFC 3339 everywhere outside, as microseconds since 1970 in the store.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
