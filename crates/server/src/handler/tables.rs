//! `GET /api/tables`: what a query may read.

use axum::Json;
use axum::extract::State;
use outflow_api::{TableView, TablesView};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Params;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TablesParams {
    /// The name of a configured warehouse; the first configured when it is absent.
    warehouse: Option<String>,
}

/// Lists the tables of a warehouse, as far as it can say.
#[utoipa::path(
    get, path = "/api/tables", operation_id = "list_tables", tag = "unload", params(TablesParams),
    responses((status = 200, description = "The tables", body = TablesView))
)]
pub(crate) async fn list_tables(State(app): State<App>, Params(params): Params<TablesParams>) -> ApiResult<Json<TablesView>> {
    let entry = app.engine.warehouse(params.warehouse.as_deref())?;
    let tables = entry.warehouse.tables().await?;
    Ok(Json(TablesView { warehouse: entry.name.clone(), tables: tables.iter().map(TableView::from).collect() }))
}
