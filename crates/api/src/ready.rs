//! Whether the service can do its work.

use outflow_core::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// Whether everything that the service needs is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyView {
    /// Whether all of it is.
    pub ready: bool,
    /// One after the other: the store, the storage, each warehouse, the bus.
    pub checks: Vec<Check>,
}

/// One thing that the service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `store`, `storage`, `bus`, or `warehouse/` and its name.
    pub name: String,
    /// Whether it is there.
    pub up: bool,
    /// What is wrong with it, for a program.
    #[schema(schema_with = schema::code_or_null, required)]
    pub code: Option<Code>,
    /// What is wrong with it, for a person.
    #[schema(required)]
    pub error: Option<String>,
}
