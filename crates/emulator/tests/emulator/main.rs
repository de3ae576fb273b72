//! The emulator through the clients that people have, the AWS SDK and a PostgreSQL driver, and as a warehouse of Outflow.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod data_api;
mod drivers;
mod entry;
mod events;
mod faults;
mod s3;
mod session;
mod support;
mod values;
mod views;
mod warehouse;
mod wire;
