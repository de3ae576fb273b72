//! The table of contents: every path of the service and who answers it.

use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::handler::{
    cancel, delete, download, error_page, events, explain, fallback, file, health, list, receipt, retry, status, submit, tables,
    unload,
};
use crate::middleware::{answered_at_once, around, may_wait};
use crate::openapi;

/// The service's router.
pub(crate) fn router(app: &App) -> Router {
    let at_once = middleware::from_fn_with_state(app.clone(), answered_at_once);
    let waits = middleware::from_fn_with_state(app.clone(), may_wait);
    let (router, _) = OpenApiRouter::new()
        .merge(unloads().layer(at_once.clone()))
        .merge(changes().layer(waits))
        .merge(downloads().layer(at_once))
        .merge(operations())
        .split_for_parts();
    let router = router.fallback(fallback::no_such_path).method_not_allowed_fallback(fallback::no_such_method);
    around(router.with_state(app.clone()), app)
}

/// What all the paths say of themselves.
pub(crate) fn described() -> OpenApi {
    OpenApiRouter::with_openapi(openapi::preface())
        .merge(unloads())
        .merge(changes())
        .merge(downloads())
        .merge(operations())
        .into_openapi()
}

/// An unload, from its request to its receipt.
fn unloads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit::create_unload, list::list_unloads))
        .routes(routes!(unload::show_unload, delete::delete_unload))
        .routes(routes!(cancel::cancel_unload))
        .routes(routes!(retry::retry_unload))
        .routes(routes!(receipt::show_receipt))
        .routes(routes!(file::list_files))
        .routes(routes!(file::open_file))
        .routes(routes!(explain::explain_unload))
        .routes(routes!(tables::list_tables))
}

/// What becomes of an unload, for those who wait for it.
fn changes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status::show_status))
        .routes(routes!(events::stream_events))
        .routes(routes!(events::open_socket))
}

/// The bytes themselves, behind signed links.
fn downloads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(download::download))
}

/// For those who run the service. Answered even when there is no room for anything else.
fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi_document))
        .routes(routes!(error_page::error_page))
}
