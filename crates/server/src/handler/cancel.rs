//! `POST /api/unload/{id}/cancel`: stops an unload, all the way into the warehouse.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use outflow_api::UnloadView;

use crate::app::App;
use crate::error::{About, ApiResult};
use crate::extract::{Found, UnloadPath};
use crate::handler::COME_BACK;

/// Asks an unload to stop.
///
/// It is answered once the wish is recorded; `CANCELLED` follows when the warehouse has stopped the statement. One that finishes first
/// stays what it is.
#[utoipa::path(
    post, path = "/api/unload/{id}/cancel", operation_id = "cancel_unload", tag = "unload", params(UnloadPath),
    responses((status = 202, description = "It is being stopped", body = UnloadView,
        headers(("Location" = String, description = "The unload"), ("Retry-After" = u64, description = "When to look again, in seconds"))))
)]
pub(crate) async fn cancel_unload(State(app): State<App>, Found(unload): Found) -> ApiResult<Response> {
    let request_id = unload.request_id().clone();
    let unload = app.engine.cancel(unload).await.about(&request_id)?;
    let headers = [(LOCATION, app.location(&request_id)), (RETRY_AFTER, COME_BACK.to_string())];
    Ok((StatusCode::ACCEPTED, headers, Json(app.view(&unload))).into_response())
}
