//! Errors as the Data API answers them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

/// An error of the API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    kind: &'static str,
    message: String,
    status: StatusCode,
    more: Map<String, Value>,
}

impl ApiError {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: StatusCode::BAD_REQUEST, more: Map::new() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A member that must be there and is not.
    pub(super) fn missing(member: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    }

    pub(super) fn not_found(id: &str) -> Self {
        let more = Map::from_iter([("ResourceId".to_owned(), json!(id))]);
        Self { more, ..Self::new("ResourceNotFoundException", "Query does not exist.") }
    }

    /// A result that is kept no more, although its statement is.
    pub(super) fn expired(id: &str) -> Self {
        let more = Map::from_iter([("ResourceId".to_owned(), json!(id))]);
        Self { more, ..Self::new("ResourceNotFoundException", "The result of the query has expired.") }
    }

    /// There is no result to give, under the name that is believed.
    pub(super) fn no_result(kind: &'static str, id: &str) -> Self {
        let more = Map::from_iter([("ResourceId".to_owned(), json!(id))]);
        Self { more, ..Self::new(kind, "Query does not have result. Please check query status with DescribeStatement.") }
    }

    pub(super) fn no_session(id: &str) -> Self {
        let more = Map::from_iter([("ResourceId".to_owned(), json!(id))]);
        Self { more, ..Self::new("ResourceNotFoundException", "Session does not exist.") }
    }

    pub(super) fn active_sessions() -> Self {
        Self::new("ActiveSessionsExceededException", "Active sessions exceeded the allowed quota.")
    }

    pub(super) fn active_statements() -> Self {
        Self::new("ActiveStatementsExceededException", "Active statements exceeded the allowed quota.")
    }

    pub(super) fn active_waits() -> Self {
        Self::new(
            "ActiveWaitingRequestsExceededException",
            "The number of active requests with WaitTimeSeconds for the same SQL statement exceeds the limit.",
        )
    }

    pub(super) fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    pub(super) fn database(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("DatabaseConnectionException", message) }
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, ..Self::new("AccessDeniedException", message) }
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "The operation is not one of the Amazon Redshift Data API.")
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut body = Map::from_iter([("__type".to_owned(), json!(self.kind))]);
        // What is in the model of this API in capitals is so on the wire.
        body.insert("Message".to_owned(), json!(self.message));
        body.insert("message".to_owned(), json!(self.message));
        body.extend(self.more);
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(super::JSON));
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(self.kind));
        response
    }
}
