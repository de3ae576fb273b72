//! What an error looks like: RFC 9457, with a stable code.

use outflow_core::{Code, Error, Position};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// What went wrong, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The page about this kind of problem in Outflow's documentation.
    #[serde(rename = "type")]
    pub kind: String,
    /// A title that is the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, where, and what to do.
    pub detail: String,
    /// The kind of problem, for a program.
    #[schema(schema_with = schema::code)]
    pub code: Code,
    /// The unload that it is about, where it is about one.
    #[schema(required)]
    pub request_id: Option<String>,
    /// The line in the caller's SQL, from 1; only where it is about a place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line: Option<u64>,
    /// The column in the caller's SQL, in characters, from 1; only where it is about a place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub column: Option<u64>,
}

impl Problem {
    /// The media type of problems.
    pub const CONTENT_TYPE: &str = "application/problem+json";

    /// The problem that answers an error. What caused it stays out; the log has it.
    pub fn new(error: &Error, request_id: Option<String>) -> Self {
        let code = error.code();
        Self {
            kind: format!("/docs/errors/{code}"),
            title: code.title().to_owned(),
            status: code.http_status(),
            detail: error.message().to_owned(),
            code,
            request_id,
            line: error.position().map(|position| position.line),
            column: error.position().map(|position| position.column),
        }
    }

    /// The error that was answered, for a caller of the API.
    pub fn into_error(self) -> Error {
        let error = Error::new(self.code, self.detail);
        match (self.line, self.column) {
            (Some(line), Some(column)) => error.at(Position { line, column }),
            _ => error,
        }
    }
}
