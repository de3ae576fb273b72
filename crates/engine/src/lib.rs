//! What accepts unloads and carries them to their end: the worker, finalize, the reconciler and the sweeper.
//!
//! It knows the traits of `outflow-core` and the storage, and no vendor. Everything that it does to an unload is a transition that the
//! store records first or right after; a crash between any two lines leaves something that the next start carries on.

mod abandon;
mod boundary;
mod clock;
mod control;
mod drive;
mod ended;
mod engine;
mod finalize;
mod left_behind;
mod reconciler;
mod submit;
mod sweeper;
mod watch;
mod worker;

pub use boundary::{Boundary, Failpoints};
pub use clock::{Clock, SystemClock};
pub use engine::{Engine, Parts, Settings, WarehouseEntry};
pub use submit::{Explanation, Submitted};
pub use watch::Watch;
