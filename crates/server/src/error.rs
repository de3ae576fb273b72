//! The one error of all handlers: an [`outflow_core::Error`] on its way to a caller, as RFC 9457 wants it.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use outflow_api::Problem;
use outflow_core::{Code, Error, ErrorKind, RequestId};

/// What a handler gives.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// An error on its way to a caller. What caused it stays in the log.
#[derive(Debug)]
pub(crate) struct ApiError {
    error: Error,
    request_id: Option<String>,
    retry_after: Option<u64>,
}

impl ApiError {
    /// An error of that code.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::from(Error::new(code, message))
    }

    /// The same error, with when to come back.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let retry_after = match error.kind() {
            ErrorKind::Throttled | ErrorKind::Unavailable => Some(2),
            _ => None,
        };
        Self { error, request_id: None, retry_after }
    }
}

/// Says which unload an error is about.
pub(crate) trait About<T> {
    /// The same, an error being about the unload of that name.
    fn about(self, request_id: &RequestId) -> ApiResult<T>;
    /// The same, an error being about the unload that the caller called so, whether it may be called so or not.
    fn about_text(self, request_id: Option<String>) -> ApiResult<T>;
}

impl<T, E: Into<ApiError>> About<T> for Result<T, E> {
    fn about(self, request_id: &RequestId) -> ApiResult<T> {
        self.about_text(Some(request_id.as_str().to_owned()))
    }

    fn about_text(self, request_id: Option<String>) -> ApiResult<T> {
        self.map_err(|error| ApiError { request_id: request_id.map(shortened), ..error.into() })
    }
}

impl IntoResponse for ApiError {
    /// Leaves the [`Problem`] with the response; its body is written on the way out, by what knows the public address.
    fn into_response(self) -> Response {
        let code = self.error.code();
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Load that is turned away has no cause; it comes in crowds, and has a counter: a line for each would be one more load.
        let is_refused_load = code == Code::Overloaded && std::error::Error::source(&self.error).is_none();
        if status.is_server_error() && !is_refused_load {
            tracing::error!(%code, request_id = self.request_id, error = self.error.chain(), "request failed");
        } else {
            tracing::debug!(%code, "request refused");
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(Problem::new(&self.error, self.request_id));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a caller sent as an id, at a length that an answer can bear.
fn shortened(text: String) -> String {
    if text.len() <= 128 { text } else { text.chars().take(128).collect() }
}
