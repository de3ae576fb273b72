//! Outflow over HTTP: the calls of the API, streams of changes, signed downloads, metrics, and the OpenAPI document made from them.
//!
//! It speaks HTTP and nothing else: what an unload is and what becomes of it is decided in `outflow-engine`. There are no keys yet, so it
//! refuses to listen beyond loopback.

mod app;
mod caller;
mod error;
mod extract;
mod handler;
mod listen;
mod metrics;
mod middleware;
mod open_files;
mod openapi;
mod router;
mod serve;
mod settings;

pub use listen::check_listen;
pub use openapi::document as openapi;
pub use serve::Server;
pub use settings::{Hosts, Limits, ServerSettings};
