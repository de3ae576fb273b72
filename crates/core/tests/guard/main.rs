//! The guard against what tries to pass it, and for what must: corpora, properties, limits.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

mod analytics;
mod corpus;
mod disguise;
mod documented;
mod hostile;
mod legitimate;
mod limits;
mod mutated;
mod parameters;
mod policy;
mod position;
mod property;

use outflow_core::guard::{CheckedQuery, Guard};
use outflow_core::parameter::Parameters;
use outflow_core::{Code, Error};
use serde_json::Value;

/// Checks a query without parameters as the embedded engine does.
fn check(sql: &str) -> Result<CheckedQuery, Error> {
    Guard::embedded().check(sql, &Parameters::default())
}

/// The code of the refusal, if it is refused.
fn refusal(sql: &str) -> Option<Code> {
    check(sql).err().map(|error| error.code())
}

/// The parameters of a JSON object.
fn parameters(sent: &Value) -> Parameters {
    Parameters::from_json(sent.as_object().expect("parameters are an object")).expect("the parameters are right")
}
