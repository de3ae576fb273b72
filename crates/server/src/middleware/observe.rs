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
    // At this level, a filter that lets only errors through still lets them say which unload they are about.
    let span = tracing::error_span!("http", method, path, request_id = field::Empty, unload_id = field::Empty);
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};
    use tower::ServiceExt;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn failing() -> &'static str {
        tracing::Span::current().record("request_id", "abc");
        tracing::error!("request failed");
        ""
    }

    #[tokio::test]
    async fn a_log_of_errors_alone_says_which_unload_they_are_about() {
        let written = Log::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false);
        let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
        let router: Router = Router::new().route("/api/unload/{id}", get(failing)).layer(middleware::from_fn(observe));
        router.oneshot(Request::get("/api/unload/abc").body(Body::empty()).unwrap()).await.unwrap();
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("request failed") && text.contains("request_id=\"abc\""), "{text}");
    }
}
