//! What every handler may reach.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use outflow_api::{StatusView, UnloadView};
use outflow_core::{Code, Error, RequestId, Result, Status, Unload};
use outflow_engine::Engine;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics;
use crate::settings::ServerSettings;

/// What every handler may reach. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: Arc<ServerSettings>,
    pub(crate) metrics: PrometheusHandle,
    /// Room for requests that are answered at once.
    pub(crate) answering: Arc<Semaphore>,
    /// Room for callers that wait.
    pub(crate) waiting: Arc<Semaphore>,
    /// Cancelled when the server or the engine ends: whoever waits is answered, streams end.
    pub(crate) closing: CancellationToken,
    /// Sockets outlive their requests; an orderly end waits for them.
    pub(crate) sockets: TaskTracker,
}

impl App {
    pub(crate) fn new(engine: Arc<Engine>, settings: ServerSettings) -> Self {
        Self {
            closing: engine.stopping().child_token(),
            engine,
            metrics: metrics::recorder(),
            answering: Arc::new(Semaphore::new(settings.limits.requests)),
            waiting: Arc::new(Semaphore::new(settings.limits.waiting)),
            sockets: TaskTracker::new(),
            settings: Arc::new(settings),
        }
    }

    /// The unload as callers see it.
    pub(crate) fn view(&self, unload: &Unload) -> UnloadView {
        UnloadView::new(unload, &self.settings.public_url)
    }

    /// The path of the unload as callers reach it: the public address may have a path before ours.
    pub(crate) fn location(&self, request_id: &RequestId) -> String {
        format!("{}/api/unload/{request_id}", self.settings.public_url.path())
    }

    /// Where the unload stands, as callers see it.
    pub(crate) async fn status(&self, unload: &Unload) -> Result<StatusView> {
        let queue_position = match unload.status() {
            Status::Pending => self.engine.store().queue_position(unload.unload_id()).await?,
            _ => None,
        };
        Ok(StatusView::new(unload, queue_position))
    }

    /// The unload once it is terminal, or beyond `version`, or `wait` has passed, or the service ends.
    pub(crate) async fn wait(&self, unload: Unload, version: Option<i64>, wait: Duration) -> Result<Arc<Unload>> {
        tokio::select! {
            found = self.engine.wait(unload.unload_id(), version, wait) => found?.ok_or_else(|| gone(&unload)),
            () = self.closing.cancelled() => Ok(Arc::new(unload)),
        }
    }
}

/// The unload was there a moment ago.
fn gone(unload: &Unload) -> Error {
    Error::new(Code::NotFound, format!("the unload `{}` is not kept any more", unload.request_id()))
}
