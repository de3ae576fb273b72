//! The embedded warehouse from outside: statements go in, files and manifests come out and are read back.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod destination;
mod exact;
mod examples;
mod failures;
mod fixture;
mod lifecycle;
mod memory;
mod partition;
mod reading;
mod size;
mod sql;
mod store;
mod tables;
mod tpch;
mod values;
mod words;
