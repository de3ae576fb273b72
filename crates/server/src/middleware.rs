//! What happens to every request before and after its handler.

mod headers;
mod host;
mod observe;
mod problem;
mod room;

use std::any::Any;

use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use outflow_core::Code;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use self::room::{Room, answered_at_once, may_wait};
use crate::app::App;
use crate::error::ApiError;

/// Wraps the whole router: outermost stands what must see every answer.
pub(crate) fn around(router: Router, app: &App) -> Router {
    router
        .layer(middleware::from_fn_with_state(app.clone(), host::check))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response_with_state(app.settings.public_url.clone(), problem::write))
        .layer(middleware::map_response(headers::harden))
        .layer(middleware::from_fn(observe::observe))
}

/// A defect in one request must not take the others with it.
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let message = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(message = message.unwrap_or("no message"), "a handler panicked");
    ApiError::new(Code::Internal, "the service has a defect, and this request met it; the log says more").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use outflow_api::Problem;
    use outflow_core::address::PublicUrl;
    use tower::ServiceExt;

    use super::*;

    async fn defect() -> &'static str {
        panic!("secret")
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let public_url = PublicUrl::parse("https://outflow.example.com/base").unwrap();
        let router: Router = Router::new()
            .route("/", get(defect))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::map_response_with_state(public_url, problem::write));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!((problem.code, problem.kind.as_str()), (Code::Internal, "/base/docs/errors/internal"));
        assert!(!problem.detail.contains("secret"), "{}", problem.detail);
    }
}
