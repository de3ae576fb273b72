//! Telling and hearing: the relay that publishes what the outbox holds, the listener that applies hints, and the bus inside the process.
//!
//! Relay and listener know the traits of `outflow-core` and no bus of their own. Nothing here decides what becomes of an unload.

mod listener;
mod memory;
mod outbox;

pub use listener::Listener;
pub use memory::{MemoryBus, MemorySource};
pub use outbox::{Relay, Rests, Topics, message};
