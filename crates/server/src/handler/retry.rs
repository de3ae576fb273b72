//! `POST /api/unload/{id}/retry`: the same request again, as a new unload.

use axum::extract::State;
use axum::response::Response;
use outflow_api::{RetryRequest, UnloadRequest, UnloadView};
use outflow_core::{Code, Owner, RequestId, Status, Unload};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{About, ApiError, ApiResult};
use crate::extract::{Found, JsonBody, UnloadPath};
use crate::handler::submit::accepted;

/// How many names are tried before one is made that nobody has.
const NAMES_TRIED: u32 = 100;

/// Sends the request of an unload that ended without files again.
///
/// Without a `requestId` in the body the new unload is called after the old one, `{id}-retry-1` and so on. A retry that is still under
/// way, or has succeeded, is not repeated: asking twice gives the same unload.
#[utoipa::path(
    post, path = "/api/unload/{id}/retry", operation_id = "retry_unload", tag = "unload", params(UnloadPath), request_body = Option<RetryRequest>,
    responses(
        (status = 202, description = "The new unload", body = UnloadView,
            headers(("Location" = String, description = "The new unload"), ("Retry-After" = u64, description = "When to look again, in seconds"))),
        (status = 200, description = "The retry that was asked for before and has ended", body = UnloadView,
            headers(("Location" = String, description = "The retry"))),
    )
)]
pub(crate) async fn retry_unload(
    State(app): State<App>,
    Caller(owner): Caller,
    Found(unload): Found,
    JsonBody(body): JsonBody,
) -> ApiResult<Response> {
    let retried = retry(&app, owner, &unload, &body).await.about(unload.request_id())?;
    Ok(accepted(&app, &retried))
}

async fn retry(app: &App, owner: Owner, unload: &Unload, body: &[u8]) -> ApiResult<Unload> {
    let asked = RetryRequest::from_json(body)?;
    check_retryable(unload)?;
    let request_id = match asked.request_id {
        Some(name) => Some(name),
        None => match free_name(app, &owner, unload.request_id()).await? {
            Name::Free(name) => Some(name),
            Name::Retry(retry) => return Ok(*retry),
            Name::None => None,
        },
    };
    let request = UnloadRequest { request_id, ..UnloadRequest::from_canonical(&unload.asked.request)? };
    let submission = request.into_submission(Some(unload.request_id().clone()))?;
    let submitted = app.engine.submit(owner, submission).await?.unload().clone();
    if submitted.asked.retry_of.as_ref() != Some(unload.request_id()) {
        // Its fields are the same, and yet it is not what was asked for: files of another day.
        let message =
            format!("the requestId `{}` names another unload already; send the retry under another", submitted.request_id());
        return Err(ApiError::new(Code::RequestIdTaken, message));
    }
    Ok(submitted)
}

fn check_retryable(unload: &Unload) -> ApiResult<()> {
    match unload.status() {
        Status::Failed | Status::Cancelled | Status::Expired => Ok(()),
        Status::Pending | Status::Running => {
            Err(ApiError::new(Code::StillActive, "the unload is still active; cancel it first, or wait until it has ended"))
        }
        Status::Done => Err(ApiError::new(
            Code::AlreadyTerminal,
            "the unload is `DONE` and its files are there; send a new request to run it again",
        )),
    }
}

/// What the next retry can be called.
enum Name {
    /// So: nobody is called so yet.
    Free(String),
    /// There is a retry of this unload that still runs or has its files.
    Retry(Box<Unload>),
    /// Too many were tried.
    None,
}

async fn free_name(app: &App, owner: &Owner, retried: &RequestId) -> ApiResult<Name> {
    for number in 1..=NAMES_TRIED {
        let name = retry_name(retried.as_str(), number);
        let Some(unload) = app.engine.store().unload(owner, &RequestId::parse(&name)?).await? else {
            return Ok(Name::Free(name));
        };
        let is_over = matches!(unload.status(), Status::Failed | Status::Cancelled | Status::Expired);
        if unload.asked.retry_of.as_ref() == Some(retried) && !is_over {
            return Ok(Name::Retry(Box::new(unload)));
        }
    }
    Ok(Name::None)
}

/// The name of the n-th retry: after the first in the line, so that names do not grow with every retry, and never too long.
fn retry_name(retried: &str, number: u32) -> String {
    let first = match retried.rsplit_once("-retry-") {
        Some((first, count)) if !first.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) => first,
        _ => retried,
    };
    let suffix = format!("-retry-{number}");
    format!("{}{suffix}", &first[..first.len().min(64 - suffix.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_repeat_and_never_grow_too_long() {
        assert_eq!(retry_name("abc", 1), "abc-retry-1");
        assert_eq!(retry_name("abc-retry-1", 2), "abc-retry-2");
        assert_eq!(retry_name("-retry-1", 1), "-retry-1-retry-1");
        assert_eq!(retry_name("abc-retry-x", 1), "abc-retry-x-retry-1");
        let longest = "a".repeat(64);
        for number in [1, 99, NAMES_TRIED] {
            let name = retry_name(&longest, number);
            assert!(name.len() == 64 && RequestId::parse(&name).is_ok(), "{name}");
        }
    }
}
