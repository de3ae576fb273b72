//! The embedded warehouse from outside: statements go in, files and manifests come out and are read back.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod exact;
mod failures;
mod fixture;
mod lifecycle;
mod memory;
mod reading;
mod sql;
mod store;
mod tables;
mod tpch;
mod values;
mod words;
