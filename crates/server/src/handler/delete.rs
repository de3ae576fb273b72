//! `DELETE /api/unload/{id}`: deletes the files of an unload that has ended.

use axum::Json;
use axum::extract::State;
use outflow_api::UnloadView;

use crate::app::App;
use crate::error::{About, ApiResult};
use crate::extract::{Found, UnloadPath};

/// Deletes the files of an unload.
///
/// `DONE` becomes `EXPIRED` at once, and links to the files end with it; the files go soon after. Receipt and history stay. One that
/// ended without files stays as it is.
#[utoipa::path(
    delete, path = "/api/unload/{id}", operation_id = "delete_unload", tag = "unload", params(UnloadPath),
    responses((status = 200, description = "The unload, whose files are not to be had any more", body = UnloadView))
)]
pub(crate) async fn delete_unload(State(app): State<App>, Found(unload): Found) -> ApiResult<Json<UnloadView>> {
    let request_id = unload.request_id().clone();
    let unload = app.engine.delete(unload).await.about(&request_id)?;
    Ok(Json(app.view(&unload)))
}
