//! `GET /api/unload/status/{id}`: where an unload stands, at once or when there is something to tell.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use outflow_api::StatusView;
use outflow_core::Code;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{About, ApiError, ApiResult};
use crate::extract::{Found, Params, UnloadPath};

/// The longest that an answer is held.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatusParams {
    /// Holds the answer until the unload has ended or so many seconds have passed.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<u64>,
    /// With `wait`: answers as soon as the unload's version is above this one, too.
    version: Option<i64>,
}

/// Tells where an unload stands.
///
/// One that has ended is answered at once.
#[utoipa::path(
    get, path = "/api/unload/status/{id}", operation_id = "show_status", tag = "changes", params(UnloadPath, StatusParams),
    responses((status = 200, description = "Where it stands", body = StatusView))
)]
pub(crate) async fn show_status(
    State(app): State<App>,
    Found(unload): Found,
    Params(params): Params<StatusParams>,
) -> ApiResult<Json<StatusView>> {
    let request_id = unload.request_id().clone();
    let wait = Duration::from_secs(params.wait.unwrap_or(0));
    if wait > LONGEST_WAIT {
        let message = format!(
            "`wait` is {}; an answer is held for at most {} seconds, ask again then",
            wait.as_secs(),
            LONGEST_WAIT.as_secs()
        );
        return Err(ApiError::new(Code::InvalidRequest, message)).about(&request_id);
    }
    let status = if wait.is_zero() || unload.status().is_terminal() {
        app.status(&unload).await
    } else {
        let unload = app.wait(unload, params.version, wait).await.about(&request_id)?;
        app.status(&unload).await
    };
    status.map(Json).about(&request_id)
}
