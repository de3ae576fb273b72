//! The API over real connections: one module for each group of paths, on a fresh store, storage and warehouse each.
//!
//! Every answer that a test gets is held against the OpenAPI document.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

mod awkward;
mod bad_input;
mod bus;
mod cancel;
mod delete;
mod download;
mod events;
mod explain;
mod file;
mod files;
mod limits;
mod list;
mod operations;
mod options;
mod privacy;
mod receipt;
mod retry;
mod security;
mod show;
mod shutdown;
mod status;
mod submit;
mod support;
mod tables;
mod websocket;
