//! `GET /api/unload`: the caller's history.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use outflow_api::ListView;
use outflow_core::store::ListFilter;
use outflow_core::{Code, Error, Owner, Result, Status, Timestamp, UnloadId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{Params, shown};

const DEFAULT_LIMIT: u32 = 50;
const LARGEST_LIMIT: u32 = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only of that status.
    #[param(example = "DONE")]
    status: Option<String>,
    /// Only with that label, key and value.
    #[param(example = "team:growth")]
    label: Option<String>,
    /// Only accepted at or after that moment.
    #[param(example = "2026-01-01T00:00:00Z")]
    since: Option<String>,
    /// How many on a page; 50 when it is absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Lists the caller's unloads, newest first.
#[utoipa::path(
    get, path = "/api/unload", operation_id = "list_unloads", tag = "unload", params(ListParams),
    responses((status = 200, description = "A page of unloads", body = ListView))
)]
pub(crate) async fn list_unloads(
    State(app): State<App>,
    Caller(owner): Caller,
    Params(params): Params<ListParams>,
) -> ApiResult<Json<ListView>> {
    let mut filter = params.filter(owner)?;
    let limit = filter.limit;
    // One more than the page has tells whether there is another.
    filter.limit += 1;
    let mut unloads = app.engine.store().list_unloads(&filter).await?;
    let has_more = unloads.len() > limit as usize;
    unloads.truncate(limit as usize);
    let next = unloads.last().filter(|_| has_more).map(|last| write_cursor(last.unload_id()));
    Ok(Json(ListView { items: unloads.iter().map(|unload| app.view(unload)).collect(), next }))
}

impl ListParams {
    fn filter(self, owner: Owner) -> Result<ListFilter> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(invalid(format!("`limit` is {limit}; it must be from 1 to {LARGEST_LIMIT}")));
        }
        Ok(ListFilter {
            owner: Some(owner),
            status: self.status.as_deref().map(read_status).transpose()?,
            label: self.label.as_deref().map(read_label).transpose()?,
            since: self.since.as_deref().map(read_since).transpose()?,
            before: self.cursor.as_deref().map(read_cursor).transpose()?,
            limit,
        })
    }
}

fn read_status(text: &str) -> Result<Status> {
    Status::parse(&text.to_ascii_uppercase()).ok_or_else(|| {
        let known = Status::ALL.map(Status::as_str).join("`, `");
        invalid(format!("`status` is `{}`; it must be one of `{known}`", shown(text)))
    })
}

fn read_label(text: &str) -> Result<(String, String)> {
    let (key, value) = text.split_once(':').ok_or_else(|| {
        invalid(format!("`label` is `{}`; write key and value with a colon between, `team:growth`", shown(text)))
    })?;
    Ok((key.to_owned(), value.to_owned()))
}

fn read_since(text: &str) -> Result<Timestamp> {
    // A plus that was not encoded arrives as a space.
    let moment = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    moment
        .map(|moment| moment.to_utc())
        .map_err(|error| invalid(format!("`since` is `{}`; write it as `2026-01-01T00:00:00Z`", shown(text))).with_source(error))
}

fn write_cursor(last: UnloadId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(last.to_string())
}

fn read_cursor(text: &str) -> Result<UnloadId> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .and_then(|text| UnloadId::parse(&text).ok())
        .ok_or_else(|| invalid("`cursor` is not one that this service gave; begin again without it".to_owned()))
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidRequest, message)
}
