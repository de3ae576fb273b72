//! `GET /api/unload/{id}`: the whole unload.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use outflow_api::UnloadView;

use crate::app::App;
use crate::extract::{Found, UnloadPath, header};

/// Shows an unload.
#[utoipa::path(
    get, path = "/api/unload/{id}", operation_id = "show_unload", tag = "unload",
    params(UnloadPath, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that is known already")),
    responses(
        (status = 200, description = "The unload", body = UnloadView, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "It is still the version that is known"),
    )
)]
pub(crate) async fn show_unload(State(app): State<App>, Found(unload): Found, headers: HeaderMap) -> Response {
    let etag = format!("\"{}\"", unload.version);
    let is_known = header(&headers, IF_NONE_MATCH).is_some_and(|known| matches(known, &etag));
    let validators = [(ETAG, etag), (CACHE_CONTROL, "private, no-cache".to_owned())];
    if is_known {
        (StatusCode::NOT_MODIFIED, validators).into_response()
    } else {
        (validators, Json(app.view(&unload))).into_response()
    }
}

/// Weak comparison, as RFC 9110 wants it for `If-None-Match`.
fn matches(known: &str, etag: &str) -> bool {
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}
