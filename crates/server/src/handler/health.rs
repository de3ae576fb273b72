//! For those who run the service: liveness, readiness, metrics, and the document of the API.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use futures::{FutureExt, future::BoxFuture};
use outflow_api::{Check, ReadyView};
use outflow_core::{Code, Error, Result};
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::{metrics, openapi};

/// How long something may take to say that it is there.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// Says that the process lives.
#[utoipa::path(
    get, path = "/healthz", operation_id = "healthz", tag = "operations",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain"))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether everything that the service needs is there.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "operations",
    responses(
        (status = 200, description = "Everything is there", body = ReadyView),
        (status = 503, description = "Something is not there, or the service is stopping", body = ReadyView),
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let engine = &app.engine;
    let mut checks: Vec<(String, BoxFuture<'_, Result<()>>)> =
        vec![("store".into(), engine.store().check()), ("storage".into(), engine.storage().check().boxed())];
    for name in engine.warehouse_names() {
        if let Ok(entry) = engine.warehouse(Some(name)) {
            checks.push((format!("warehouse/{name}"), entry.warehouse.check()));
        }
    }
    checks.push(("bus".into(), app.settings.bus.check()));
    let checks = join_all(checks.into_iter().map(|(name, check)| async move { checked(name, check).await })).await;
    let ready = checks.iter().all(|check| check.up) && !app.closing.is_cancelled();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyView { ready, checks })).into_response()
}

async fn checked(name: String, check: BoxFuture<'_, Result<()>>) -> Check {
    let late = |_| Err(Error::new(Code::RequestTimeout, format!("no answer within {} seconds", CHECK_LIMIT.as_secs())));
    match tokio::time::timeout(CHECK_LIMIT, check).await.unwrap_or_else(late) {
        Ok(()) => Check { name, up: true, code: None, error: None },
        Err(error) => {
            tracing::warn!(check = name, error = error.chain(), "not ready");
            Check { name, up: false, code: Some(error.code()), error: Some(error.message().to_owned()) }
        }
    }
}

/// The numbers of the service, as Prometheus reads them.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "operations",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    if let Err(error) = metrics::refresh(&app.engine).await {
        // The other numbers are as good as ever, and wanted most now.
        tracing::warn!(error = error.chain(), "the store's numbers could not be refreshed");
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response()
}

/// The document of the API.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub(crate) async fn openapi_document() -> Json<OpenApi> {
    Json(openapi::document())
}
