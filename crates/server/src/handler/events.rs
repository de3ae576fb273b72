//! The changes of an unload as they happen: `GET /api/unload/{id}/events` as server-sent events, `…/ws` over WebSocket.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use outflow_api::StatusView;
use outflow_core::Code;
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval};
use tracing::Instrument;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{About, ApiError, ApiResult};
use crate::extract::{Found, Params, UnloadPath, header};
use crate::handler::changes::{changes, known_version};
use crate::middleware::Room;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsParams {
    /// The version that the caller knows: only what came after it is told.
    version: Option<i64>,
}

/// Streams the changes of an unload as server-sent events.
///
/// The present state comes first, then every change; the stream ends with the unload. Each event is called `status`, its data is what
/// the status call answers, and its id is the version: a client that comes back with `Last-Event-ID` hears what came after.
#[utoipa::path(
    get, path = "/api/unload/{id}/events", operation_id = "stream_events", tag = "changes",
    params(UnloadPath, EventsParams, ("Last-Event-ID" = Option<i64>, Header, description = "The id of the last event that was heard")),
    responses(
        (status = 200, description = "The changes", body = StatusView, content_type = "text/event-stream"),
        (status = 204, description = "It has ended, and the caller knows: there is nothing to come back for"),
    )
)]
pub(crate) async fn stream_events(
    State(app): State<App>,
    Found(unload): Found,
    Params(params): Params<EventsParams>,
    Extension(room): Extension<Room>,
    headers: HeaderMap,
) -> Response {
    let heard = header(&headers, LAST_EVENT_ID).and_then(|id| id.trim().parse().ok());
    let known = known_version(&unload, heard.or(params.version));
    if unload.status().is_terminal() && known == unload.version {
        // The one answer after which a browser does not come back.
        return StatusCode::NO_CONTENT.into_response();
    }
    let events = changes(&app, &unload, known, room).map(|status| Ok::<_, Infallible>(event(&status)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(app.settings.limits.heartbeat).text("alive")).into_response()
}

fn event(status: &StatusView) -> Event {
    Event::default().event("status").id(status.version.to_string()).json_data(status).expect("a status is plain JSON")
}

/// Streams the changes of an unload over WebSocket.
///
/// Each message is what the status call answers. The socket is closed when the unload has ended.
#[utoipa::path(
    get, path = "/api/unload/{id}/ws", operation_id = "open_socket", tag = "changes", params(UnloadPath, EventsParams),
    responses((status = 101, description = "The socket is open"))
)]
pub(crate) async fn open_socket(
    State(app): State<App>,
    Found(unload): Found,
    Params(params): Params<EventsParams>,
    Extension(room): Extension<Room>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let refused = |rejection: WebSocketUpgradeRejection| {
        let message = format!("this is a WebSocket, and the request does not open one: {}", rejection.body_text().to_lowercase());
        ApiError::new(Code::InvalidRequest, message)
    };
    let upgrade = upgrade.map_err(refused).about(unload.request_id())?;
    let changes = changes(&app, &unload, known_version(&unload, params.version), room);
    let socket = move |socket| app.sockets.clone().track_future(converse(app, socket, changes).in_current_span());
    Ok(upgrade.max_message_size(4 * 1024).on_upgrade(socket))
}

/// Tells the changes, shows that it lives, and listens only for the end.
async fn converse(app: App, mut socket: WebSocket, changes: impl Stream<Item = StatusView> + Send) {
    let mut changes = std::pin::pin!(changes);
    let mut heartbeat = interval(app.settings.limits.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    loop {
        let message = tokio::select! {
            change = changes.next() => match change {
                Some(status) => Message::text(serde_json::to_string(&status).expect("a status is plain JSON")),
                None => break,
            },
            _ = heartbeat.tick() => Message::Ping(Vec::new().into()),
            heard = socket.recv() => match heard {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    let code = if app.closing.is_cancelled() { close_code::AWAY } else { close_code::NORMAL };
    // Whoever is gone already does not need to be told.
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
}
