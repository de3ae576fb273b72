//! The listening: an accept loop with limits of its own on what a connection may do before it is a request, and an orderly end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use outflow_core::{Code, Error, Result};
use outflow_engine::Engine;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::listen::check_listen;
use crate::settings::{Limits, ServerSettings};
use crate::{open_files, router};

/// How often the metrics that nobody fetches are folded together, so that they do not grow.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// The service over HTTP.
#[derive(Debug)]
pub struct Server {
    app: App,
}

impl Server {
    /// A server for an engine; nothing listens yet. Raises the limit of open files of the whole process, and takes no more connections
    /// than it leaves room for.
    pub fn new(engine: Arc<Engine>, mut settings: ServerSettings) -> Self {
        settings.limits = settings.limits.within(open_files::raise());
        Self { app: App::new(engine, settings) }
    }

    /// What answers requests, for whoever brings its own connections.
    pub fn router(&self) -> Router {
        router::router(&self.app)
    }

    /// Answers whoever connects, until `shutdown` is cancelled. Then nothing more is accepted, those who wait are answered, streams
    /// end, and requests that are being answered get their time. Unloads are the engine's: none is touched by it.
    ///
    /// # Errors
    /// `config_invalid` when the listener can be reached from other machines.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> Result<()> {
        let address = listener
            .local_addr()
            .map_err(|error| Error::new(Code::Internal, "the listener has no address").with_source(error))?;
        check_listen(address)?;
        let limits = self.app.settings.limits;
        let connections = Connections::new(self.router(), &limits);
        tracing::info!(%address, public_url = %self.app.settings.public_url, "listening");
        let mut upkeep = tokio::time::interval(METRICS_UPKEEP);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = upkeep.tick() => self.app.metrics.run_upkeep(),
                accepted = connections.accept(&listener) => match accepted {
                    Ok(()) => {}
                    Err(error) => {
                        // Most likely out of file descriptors: trying again at once would only burn the processor.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                },
            }
        }
        drop(listener);
        self.app.closing.cancel();
        self.app.sockets.close();
        let ended = async { tokio::join!(connections.finish(limits.shutdown_grace), self.app.sockets.wait()) };
        if tokio::time::timeout(limits.shutdown_grace + Duration::from_secs(1), ended).await.is_err() {
            tracing::warn!("some sockets did not close in time");
        }
        Ok(())
    }
}

/// The connections that are open.
struct Connections {
    router: TowerToHyperService<Router>,
    builder: http1::Builder,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    closing: CancellationToken,
    cut: CancellationToken,
}

impl Connections {
    fn new(router: Router, limits: &Limits) -> Self {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_header_size(limits.header_bytes);
        Self {
            router: TowerToHyperService::new(router),
            builder,
            room: Arc::new(Semaphore::new(limits.connections)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Takes up the next connection, as soon as there is room for it. Safe to drop while it waits.
    async fn accept(&self, listener: &TcpListener) -> io::Result<()> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = match listener.accept().await {
            Err(error) if is_of_the_connection(&error) => return Ok(()),
            accepted => accepted?,
        };
        let serving = self.serve(stream);
        self.tasks.spawn(async move {
            serving.await;
            drop(permit);
        });
        Ok(())
    }

    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        // Small answers must not wait for more to come.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection cannot be told to send at once");
        }
        let connection = self.builder.serve_connection(TokioIo::new(stream), self.router.clone()).with_upgrades();
        let (closing, cut) = (self.closing.clone(), self.cut.clone());
        async move {
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        served = connection => served,
                        () = cut.cancelled() => return,
                    }
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection broke off");
            }
        }
    }

    /// Lets requests that are being answered finish, within `grace`, and cuts what is left.
    async fn finish(self, grace: Duration) {
        self.tasks.close();
        self.closing.cancel();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!("some requests were not answered in time; their connections are cut");
        }
        self.cut.cancel();
        self.tasks.wait().await;
    }
}

/// The connection failed before it was ours: no reason to stop accepting others.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
