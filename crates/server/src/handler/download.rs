//! `GET /download/{token}/{name}`: the bytes of a file in local storage, behind a signed link.
//!
//! The token is a secret: it is neither logged nor shown. Whether the link holds is decided by the storage that made it; whether the
//! files may still be had, by the unload.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE,
    LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use outflow_core::key::AttemptPlace;
use outflow_core::{Code, State as UnloadState};
use outflow_storage::disposition::content_disposition;
use outflow_storage::range::{Selection, http_date, select};
use outflow_storage::{FileStat, LinkTarget};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{About, ApiError, ApiResult};
use crate::extract::header;
use crate::handler::delivered::expired;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DownloadPath {
    /// What the link was signed with.
    token: String,
    /// The name that the file is saved under; it decides nothing.
    #[serde(rename = "name")]
    _name: String,
}

/// Downloads a file.
#[utoipa::path(
    get, path = "/download/{token}/{name}", operation_id = "download", tag = "download",
    params(
        DownloadPath,
        ("Range" = Option<String>, Header, description = "A single byte range, to go on with a download"),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of the file that was begun: of another one, all of it is sent"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "Changes whenever the bytes do"), ("Content-Disposition" = String, description = "The file's name"))),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("Content-Range" = String, description = "Which part"))),
    )
)]
pub(crate) async fn download(
    State(app): State<App>,
    path: Result<Path<DownloadPath>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let token = path.map(|Path(path)| path.token).unwrap_or_default();
    let target = app.engine.storage().verify(&token, app.engine.now())?;
    let place = target.key.place();
    let span = tracing::Span::current();
    span.record("request_id", place.request_id.as_str());
    span.record("unload_id", tracing::field::display(place.unload_id));
    send(&app, &target, method, &headers).await.about(&place.request_id)
}

async fn send(app: &App, target: &LinkTarget, method: Method, headers: &HeaderMap) -> ApiResult<Response> {
    check_alive(app, target.key.place()).await?;
    let gone = || ApiError::new(Code::UnloadExpired, "the file is not there any more");
    let stat = app.engine.storage().stat(&target.key).await?.ok_or_else(gone)?;
    let selection = match select(header(headers, RANGE), header(headers, IF_RANGE), &stat) {
        Ok(selection) => selection,
        Err(outside) => {
            let refusal = ApiError::from(outflow_core::Error::from(outside)).into_response();
            return Ok(([(CONTENT_RANGE, outside.content_range())], refusal).into_response());
        }
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        audit(target, &selection, &stat);
        Body::from_stream(app.engine.storage().open_range(&target.key, &stat, selection.range()).await?)
    };
    let status = if matches!(selection, Selection::Part(_)) { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let described = [
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CACHE_CONTROL, "private, no-store".to_owned()),
        (CONTENT_DISPOSITION, content_disposition(&target.download_name)),
        (CONTENT_LENGTH, selection.length().to_string()),
        (CONTENT_TYPE, target.content_type.clone()),
        (ETAG, stat.etag.clone()),
        (LAST_MODIFIED, http_date(stat.last_modified)),
    ];
    let part = selection.content_range(stat.size).map(|range| [(CONTENT_RANGE, range)]);
    Ok((status, described, part, body).into_response())
}

/// A link must not outlive the files that it leads to: from the moment that they are to be deleted, it leads nowhere.
async fn check_alive(app: &App, place: &AttemptPlace) -> ApiResult<()> {
    let Some(unload) = app.engine.store().unload_by_id(place.unload_id).await? else {
        return Err(ApiError::new(Code::NotFound, "the unload is not kept any more"));
    };
    match &unload.state {
        UnloadState::Done { attempt } if *attempt == place.attempt => Ok(()),
        UnloadState::Expired { reason, .. } => Err(expired(&unload, *reason)),
        _ => Err(ApiError::new(Code::NotFound, "the link does not lead to a file of a result")),
    }
}

/// Every download leaves a line, with everything but the secret.
fn audit(target: &LinkTarget, selection: &Selection, stat: &FileStat) {
    let range = selection.range();
    let kind = if matches!(selection, Selection::Part(_)) { "part" } else { "whole" };
    counter!("outflow_downloads_total", "kind" => kind).increment(1);
    tracing::info!(
        target: "outflow::audit",
        file = target.key.path(),
        from = range.start,
        bytes = selection.length(),
        size = stat.size,
        "download"
    );
}
