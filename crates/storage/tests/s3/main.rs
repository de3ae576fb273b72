//! A bucket in an S3 server in this process, over real HTTP: what is S3's own, and every way in which it can fail us.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod deletion;
mod facts;
mod faults;
mod joins;
mod links;
mod support;
