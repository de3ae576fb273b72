//! What libFuzzer runs. `target.rs` is shared with `crates/api/tests/fuzz.rs`, which runs it without libFuzzer.

#[path = "../../crates/core/tests/guard/disguise.rs"]
#[allow(dead_code, reason = "the guard's own tests use all of it")]
mod disguise;
pub mod target;
