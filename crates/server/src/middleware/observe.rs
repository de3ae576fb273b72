//! One span and one measurement for each request. The path is logged as the route has it: a download's own holds a token.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::histogram;
use tracing::{Instrument, field};

/// Runs a request inside its span; handlers fill in which unload it is about.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let method = known(request.method().as_str());
    let path = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("http", method, path, request_id = field::Empty, unload_id = field::Empty);
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, micros = elapsed.as_micros(), "answered"));
    histogram!("outflow_http_request_duration_seconds", "method" => method, "path" => path, "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    response
}

/// Callers can make up methods, and each would be a series of its own.
fn known(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].into_iter().find(|name| *name == method).unwrap_or("OTHER")
}
