//! The files of an unload: `GET /api/unload/file/{id}` lists them with links, `GET /api/unload/{id}/files/{n}` is the stable address
//! of one. Links are minted at the very call and never stored, logged or sent elsewhere.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use outflow_api::{FileView, FilesView};
use outflow_core::receipt::{Receipt, ReceiptFile};
use outflow_core::{Code, Unload};
use outflow_storage::SignedLink;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{About, ApiError, ApiResult};
use crate::extract::{Found, Params, UnloadPath};
use crate::handler::delivered::{files_of, link_target};

/// How many files a page has.
const PAGE: usize = 1_000;
/// How long the links of a list live: as long as it takes to go through it.
const LISTED_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long the link behind a stable address lives: as long as it takes to follow it.
const FOLLOWED_LIFE: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilesParams {
    /// Leads to the file itself when there is one; with several, the list says so.
    redirect: Option<bool>,
    /// The `next` of the page before.
    cursor: Option<usize>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct FilePath {
    /// The file's `index`, from 0.
    n: u32,
}

/// Lists the files of an unload with links to them.
#[utoipa::path(
    get, path = "/api/unload/file/{id}", operation_id = "list_files", tag = "unload", params(UnloadPath, FilesParams),
    responses(
        (status = 200, description = "The files", body = FilesView),
        (status = 300, description = "With `redirect`: there are several files", body = FilesView),
        (status = 302, description = "With `redirect`: the one file", headers(("Location" = String, description = "A signed link"))),
    )
)]
pub(crate) async fn list_files(
    State(app): State<App>,
    Found(unload): Found,
    method: Method,
    Params(params): Params<FilesParams>,
) -> ApiResult<Response> {
    answer(&app, &unload, &method, &params).await.about(unload.request_id())
}

async fn answer(app: &App, unload: &Unload, method: &Method, params: &FilesParams) -> ApiResult<Response> {
    let receipt = files_of(app, unload).await?;
    let is_asked_to_lead = params.redirect == Some(true);
    if let ([file], true) = (receipt.files.as_slice(), is_asked_to_lead) {
        return lead(app, &receipt, file, method).await;
    }
    let start = params.cursor.unwrap_or(0);
    let Some(rest) = receipt.files.get(start..) else {
        return Err(ApiError::new(
            Code::InvalidRequest,
            format!("`cursor` is {start}, and there are {} files", receipt.files.len()),
        ));
    };
    let mut files = Vec::with_capacity(rest.len().min(PAGE));
    for file in rest.iter().take(PAGE) {
        let link = link(app, &receipt, file).await?;
        files.push(FileView::new(file, link.url, link.expires_at));
    }
    let view = FilesView {
        request_id: receipt.request_id.clone(),
        file_count: u32::try_from(receipt.files.len()).unwrap_or(u32::MAX),
        files,
        next: (rest.len() > PAGE).then(|| (start + PAGE).to_string()),
    };
    let status = if is_asked_to_lead { StatusCode::MULTIPLE_CHOICES } else { StatusCode::OK };
    Ok((status, Json(view)).into_response())
}

/// Leads to a file.
///
/// The address is the same for as long as the file lives; each call leads to a fresh link.
#[utoipa::path(
    get, path = "/api/unload/{id}/files/{n}", operation_id = "open_file", tag = "unload", params(UnloadPath, FilePath),
    responses((status = 302, description = "The file", headers(("Location" = String, description = "A signed link that lives for five minutes"))))
)]
pub(crate) async fn open_file(
    State(app): State<App>,
    Found(unload): Found,
    method: Method,
    path: Result<Path<FilePath>, PathRejection>,
) -> ApiResult<Response> {
    let index = path.ok().map(|Path(path)| path.n);
    follow(&app, &unload, &method, index).await.about(unload.request_id())
}

async fn follow(app: &App, unload: &Unload, method: &Method, index: Option<u32>) -> ApiResult<Response> {
    let receipt = files_of(app, unload).await?;
    let file = receipt.files.iter().find(|file| Some(file.index) == index);
    let missing =
        || ApiError::new(Code::NotFound, format!("the unload has no such file; it has {}, counted from 0", receipt.files.len()));
    lead(app, &receipt, file.ok_or_else(missing)?, method).await
}

async fn link(app: &App, receipt: &Receipt, file: &ReceiptFile) -> ApiResult<SignedLink> {
    let link = app.engine.storage().sign(&link_target(receipt, file), LISTED_LIFE, app.engine.now()).await?;
    audit(app, receipt, file);
    Ok(link)
}

/// Leads to the file itself: by a link for the very method that was asked with, since that is signed too.
async fn lead(app: &App, receipt: &Receipt, file: &ReceiptFile, method: &Method) -> ApiResult<Response> {
    let (storage, target, now) = (app.engine.storage(), link_target(receipt, file), app.engine.now());
    let link = if *method == Method::HEAD {
        storage.sign_head(&target, FOLLOWED_LIFE, now).await?
    } else {
        let link = storage.sign(&target, FOLLOWED_LIFE, now).await?;
        audit(app, receipt, file);
        link
    };
    Ok((StatusCode::FOUND, [(LOCATION, link.url)]).into_response())
}

/// Where the download itself is not seen, a link to it leaves the line.
fn audit(app: &App, receipt: &Receipt, file: &ReceiptFile) {
    if app.engine.storage().links_elsewhere() {
        counter!("outflow_downloads_total", "kind" => "link").increment(1);
        tracing::info!(target: "outflow::audit", file = link_target(receipt, file).key.path(), size = file.bytes, "link");
    }
}
