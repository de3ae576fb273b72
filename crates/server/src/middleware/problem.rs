//! Writes the bodies of refusals: only here it is known which path the service has out there.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use outflow_api::Problem;
use outflow_core::address::PublicUrl;

/// Gives a response that holds a [`Problem`] its body.
pub(super) async fn write(State(public_url): State<PublicUrl>, mut response: Response) -> Response {
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else { return response };
    problem.kind.insert_str(0, public_url.path());
    let (mut head, _) = response.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(Problem::CONTENT_TYPE));
    let (_, body) = Json(problem).into_response().into_parts();
    Response::from_parts(head, body)
}
