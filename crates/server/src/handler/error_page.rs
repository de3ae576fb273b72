//! `GET /docs/errors/{code}`: the page that the `type` of a problem names.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use outflow_core::Code;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::{ApiError, ApiResult};

/// The pages of the documentation, by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ErrorPath {
    /// The `code` of a problem.
    #[param(example = "not_ready")]
    code: String,
}

/// Explains a kind of problem: what it means, and what to do.
#[utoipa::path(
    get, path = "/docs/errors/{code}", operation_id = "error_page", tag = "operations", params(ErrorPath),
    responses((status = 200, description = "The page", body = String, content_type = "text/markdown"))
)]
pub(crate) async fn error_page(path: Result<Path<ErrorPath>, PathRejection>) -> ApiResult<Response> {
    let code = path.map(|Path(path)| path.code).unwrap_or_default();
    let page = Code::parse(&code).and_then(|code| PAGES.iter().find(|(name, _)| *name == code.as_str()));
    let (_, text) = page.ok_or_else(|| ApiError::new(Code::NotFound, "there is no such error code"))?;
    Ok(([(CONTENT_TYPE, "text/markdown; charset=utf-8")], *text).into_response())
}
