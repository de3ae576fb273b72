//! What handlers take from a request, each with an error that says what is wrong with it.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use http_body_util::BodyExt;
use outflow_core::{Code, RequestId, Unload};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{About, ApiError, ApiResult};

/// How much of a body that is too large is read and thrown away, so that its sender gets to read the answer.
const DRAINED: usize = 8 * 1024 * 1024;

/// The path of an unload.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UnloadPath {
    /// The caller's name for the unload.
    #[param(example = "orders-2026-01")]
    id: String,
}

/// The caller's unload that the path names, as it stands. Everybody else's is as good as none.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) Unload);

impl FromRequestParts<App> for Found {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Ok(Path(UnloadPath { id })) = Path::<UnloadPath>::from_request_parts(parts, &()).await else {
            return Err(ApiError::new(Code::NotFound, "the path does not name an unload"));
        };
        let Ok(Caller(owner)) = Caller::from_request_parts(parts, app).await;
        let missing = || ApiError::new(Code::NotFound, "there is no unload of that requestId");
        let request_id = RequestId::parse(&id).map_err(|_| missing()).about_text(Some(id))?;
        tracing::Span::current().record("request_id", request_id.as_str());
        let found = app.engine.store().unload(&owner, &request_id).await.about(&request_id)?;
        let unload = found.ok_or_else(missing).about(&request_id)?;
        tracing::Span::current().record("unload_id", tracing::field::display(unload.unload_id()));
        Ok(Self(unload))
    }
}

/// The query string; what is unknown or malformed is refused by name.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let text = match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => return Ok(Self(params)),
            Err(rejection) => rejection.body_text(),
        };
        let why = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, why)| why);
        let refusal = ApiError::new(Code::InvalidRequest, format!("the query string cannot be read: {why}"));
        let name = named(parts).await;
        Err(refusal).about_text(name)
    }
}

/// The bytes of a JSON body; nothing at all is fine here, and judged by whoever reads it.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest<App> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        let (mut parts, body) = request.into_parts();
        let read = read(&parts.headers, body, app.settings.limits.body_bytes).await;
        let checked = read.and_then(|bytes| {
            if !bytes.is_empty() {
                check_encoding(&parts.headers)?;
                check_media_type(&parts.headers)?;
            }
            Ok(Self(bytes))
        });
        match checked {
            Ok(body) => Ok(body),
            refused => refused.about_text(named(&mut parts).await),
        }
    }
}

/// The name of the unload that the path is about, if it is about one.
async fn named(parts: &mut Parts) -> Option<String> {
    let path = Path::<UnloadPath>::from_request_parts(parts, &()).await;
    path.ok().map(|Path(path)| path.id)
}

/// The text of a header; what is no text counts as absent.
pub(crate) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

async fn read(headers: &HeaderMap, mut body: Body, limit: usize) -> ApiResult<Bytes> {
    let announced = header(headers, CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let asks_first = headers.contains_key(EXPECT);
    if announced > DRAINED || (announced > limit && asks_first) {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::with_capacity(announced.min(limit));
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Code::InvalidRequest, "the body ended too early"))?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len();
        if received <= limit {
            bytes.extend_from_slice(&data);
        } else if received > DRAINED {
            break;
        }
    }
    if received > limit { Err(too_large(limit)) } else { Ok(bytes.into()) }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the body is larger than the {} KiB that the API takes; a query has at most 64 KiB", limit / 1024);
    ApiError::new(Code::PayloadTooLarge, message)
}

/// A body is read as it is: unpacking what others send takes limits of its own, for a few kilobytes of JSON.
fn check_encoding(headers: &HeaderMap) -> ApiResult<()> {
    let sent = headers.get_all(CONTENT_ENCODING).iter();
    let mut names = sent.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let Some(other) = names.find(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")) else { return Ok(()) };
    let message =
        format!("the Content-Encoding is `{}`; send the JSON as it is, without one", shown(&String::from_utf8_lossy(other)));
    Err(ApiError::new(Code::UnsupportedMediaType, message))
}

/// A page of another site can send a form, but not JSON, without being asked for permission: so only JSON is taken.
fn check_media_type(headers: &HeaderMap) -> ApiResult<()> {
    let sent = header(headers, CONTENT_TYPE).unwrap_or_default();
    let media_type = sent.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let shown = shown(media_type);
    let what = if shown.is_empty() { "there is no Content-Type".to_owned() } else { format!("the Content-Type is `{shown}`") };
    let message =
        format!("{what}; send `application/json` (curl: `--json` in place of `-d`, or `-H 'Content-Type: application/json'`)");
    Err(ApiError::new(Code::UnsupportedMediaType, message))
}

/// What was sent, at a length and in characters that an answer can bear.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
