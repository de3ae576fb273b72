//! What is not there, and what cannot be done with what is.

use axum::http::{Method, Uri};
use outflow_core::Code;

use crate::error::ApiError;

/// No route has that path.
pub(crate) async fn no_such_path(uri: Uri) -> ApiError {
    let shown: String = uri.path().chars().take(200).flat_map(char::escape_debug).collect();
    ApiError::new(Code::NotFound, format!("there is nothing at `{shown}`; `/openapi.json` lists what there is"))
}

/// The path takes other methods, which `Allow` names.
pub(crate) async fn no_such_method(method: Method) -> ApiError {
    let shown: String = method.as_str().chars().take(20).collect();
    ApiError::new(Code::MethodNotAllowed, format!("`{shown}` is not possible here; the `Allow` header names what is"))
}
