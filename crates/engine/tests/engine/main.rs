//! The engine on a real state table and a real folder, with a warehouse whose every answer can be made to go wrong.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod attempts;
mod deadlines;
mod deliveries;
mod faults;
mod partitions;
mod retention;
mod support;
mod takeovers;
mod wakes;
