//! The real binary, as a shell runs it: what it prints where, how it ends, and what is left when it has.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod adopted;
#[cfg(feature = "redshift-data")]
mod conformance;
mod crash;
#[cfg(feature = "redshift-data")]
mod doctor;
mod emulate;
mod failing;
mod fake;
mod flow;
mod folders;
mod full_disk;
mod lake;
mod life;
mod mount;
mod offline;
#[cfg(feature = "redshift-data")]
mod redshift;
mod s3;
mod support;
mod target;
mod tour;
mod tpch;
mod watched;
mod wire;
