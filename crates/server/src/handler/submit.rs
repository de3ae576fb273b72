//! `POST /api/unload`: a query to run.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use outflow_api::{UnloadRequest, UnloadView};
use outflow_core::Unload;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{About, ApiResult};
use crate::extract::JsonBody;
use crate::handler::COME_BACK;

/// Accepts a query.
///
/// Once it is answered, the request is on disk and will reach a terminal state. Sending the same request under the same `requestId`
/// again gives the same unload; another request under it is refused.
#[utoipa::path(
    post, path = "/api/unload", operation_id = "create_unload", tag = "unload", request_body = UnloadRequest,
    responses(
        (status = 202, description = "It is accepted, or was accepted before and has not ended", body = UnloadView,
            headers(("Location" = String, description = "The unload"), ("Retry-After" = u64, description = "When to look again, in seconds"))),
        (status = 200, description = "It was accepted before and has ended", body = UnloadView, headers(("Location" = String, description = "The unload"))),
    )
)]
pub(crate) async fn create_unload(
    State(app): State<App>,
    Caller(owner): Caller,
    JsonBody(body): JsonBody,
) -> ApiResult<Response> {
    let request = UnloadRequest::from_json(&body)?;
    let named = request.request_id.clone();
    let submission = request.into_submission(None).about_text(named.clone())?;
    let submitted = app.engine.submit(owner, submission).await.about_text(named)?;
    Ok(accepted(&app, submitted.unload()))
}

/// The answer to a request that is accepted: `202`, or `200` for one that was accepted before and has ended.
pub(super) fn accepted(app: &App, unload: &Unload) -> Response {
    let span = tracing::Span::current();
    span.record("request_id", unload.request_id().as_str());
    span.record("unload_id", tracing::field::display(unload.unload_id()));
    let location = [(LOCATION, app.location(unload.request_id()))];
    let view = Json(app.view(unload));
    if unload.status().is_terminal() {
        (StatusCode::OK, location, view).into_response()
    } else {
        (StatusCode::ACCEPTED, location, [(RETRY_AFTER, COME_BACK.to_string())], view).into_response()
    }
}
