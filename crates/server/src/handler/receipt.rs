//! `GET /api/unload/{id}/receipt`: what was verified. It stays after the files are gone.

use axum::Json;
use axum::extract::State;
use outflow_api::ReceiptView;

use crate::app::App;
use crate::error::{About, ApiResult};
use crate::extract::{Found, UnloadPath};
use crate::handler::delivered::receipt_of;

/// Shows the receipt of an unload.
#[utoipa::path(
    get, path = "/api/unload/{id}/receipt", operation_id = "show_receipt", tag = "unload", params(UnloadPath),
    responses((status = 200, description = "The receipt", body = ReceiptView))
)]
pub(crate) async fn show_receipt(State(app): State<App>, Found(unload): Found) -> ApiResult<Json<ReceiptView>> {
    let receipt = receipt_of(&app, &unload).await.about(unload.request_id())?;
    Ok(Json(ReceiptView::from(&receipt)))
}
