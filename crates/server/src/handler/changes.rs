//! The changes of an unload as a stream: what an event stream and a socket have in common.

use futures::{Stream, stream};
use outflow_api::StatusView;
use outflow_core::Unload;
use outflow_engine::Watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::middleware::Room;

struct Changes {
    app: App,
    watch: Watch,
    seen: i64,
    is_over: bool,
    closing: CancellationToken,
    _room: Room,
}

/// The present state unless the caller knows it, then every change, until the unload has ended or the service ends. The stream keeps
/// its room for as long as it lives.
pub(super) fn changes(app: &App, unload: &Unload, known: i64, room: Room) -> impl Stream<Item = StatusView> + Send + use<> {
    let changes = Changes {
        watch: app.engine.watch(unload.unload_id()),
        closing: app.closing.clone(),
        app: app.clone(),
        seen: known,
        is_over: false,
        _room: room,
    };
    stream::unfold(changes, |mut changes| async move { changes.next().await.map(|status| (status, changes)) })
}

/// The version after which a caller wants to hear; one that never was counts as none.
pub(super) fn known_version(unload: &Unload, asked: Option<i64>) -> i64 {
    asked.filter(|version| *version <= unload.version).unwrap_or(0)
}

impl Changes {
    async fn next(&mut self) -> Option<StatusView> {
        while !self.is_over {
            let unload = tokio::select! {
                next = self.watch.next() => next,
                () = self.closing.cancelled() => return None,
            };
            let status = match unload {
                Ok(Some(unload)) => {
                    self.is_over = unload.status().is_terminal();
                    if unload.version <= self.seen {
                        continue;
                    }
                    self.app.status(&unload).await
                }
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            match status {
                Ok(status) => {
                    self.seen = status.version;
                    return Some(status);
                }
                // The stream ends; whoever still wants to know comes again, and says what it knows.
                Err(error) => {
                    tracing::warn!(error = error.chain(), "a stream of changes broke off");
                    return None;
                }
            }
        }
        None
    }
}
