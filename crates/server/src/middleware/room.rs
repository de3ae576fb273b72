//! Room for so many requests and no more: who comes when it is full is told to come back, at once, instead of waiting in line.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::{counter, gauge};
use outflow_core::Code;
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::error::ApiError;
use crate::handler::LONGEST_WAIT;

/// The room that a waiting caller takes; a stream keeps it until it ends.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    _permit: OwnedSemaphorePermit,
}

impl Room {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        gauge!("outflow_waiting_callers").increment(1.0);
        Self { _held: Arc::new(Held { _permit: permit }) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        gauge!("outflow_waiting_callers").decrement(1.0);
    }
}

/// For requests that are answered at once: within a time, and so many at a time.
pub(crate) async fn answered_at_once(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.answering.try_acquire() else { return full("requests") };
    within(app.settings.limits.request_timeout, request, next).await
}

/// For requests whose caller may wait: the time that it asked for on top.
pub(crate) async fn may_wait(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Ok(permit) = Arc::clone(&app.waiting).try_acquire_owned() else { return full("waiting") };
    // A stream takes its share of the room along; whoever is only answered late needs it until then.
    let room = Room::new(permit);
    request.extensions_mut().insert(room.clone());
    let response = within(app.settings.limits.request_timeout + LONGEST_WAIT, request, next).await;
    drop(room);
    response
}

async fn within(limit: std::time::Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("the request did not arrive, or could not be answered, within {} seconds", limit.as_secs());
            ApiError::new(Code::RequestTimeout, message).into_response()
        }
    }
}

fn full(what: &'static str) -> Response {
    counter!("outflow_http_refused_total", "full" => what).increment(1);
    ApiError::new(Code::Overloaded, "the service has as many requests as it takes at once; send it again in a moment")
        .retry_after(1)
        .into_response()
}
