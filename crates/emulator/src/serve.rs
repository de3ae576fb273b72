//! The listening, on loopback alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use outflow_core::{Code, Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::data_api::DataApi;
use crate::wire::{self, Server};

/// Refuses an address that other machines can reach: whoever reaches the emulator may do everything.
///
/// # Errors
/// `config_invalid`.
pub fn check_listen(address: SocketAddr) -> Result<()> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let message = format!("the emulator lets everybody do everything, so that it listens on loopback alone, not on `{address}`");
    Err(Error::new(Code::ConfigInvalid, message))
}

/// Serves the Data API.
///
/// # Errors
/// `config_invalid` when the listener can be reached from other machines.
pub(crate) async fn http(listener: TcpListener, shutdown: CancellationToken, api: Arc<DataApi>) -> Result<()> {
    accept(listener, shutdown, move |stream, _| {
        let api = Arc::clone(&api);
        async move {
            let answer = service_fn(move |request: hyper::Request<Incoming>| Arc::clone(&api).answer(request.map(Body::new)));
            let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        }
    })
    .await
}

/// Serves the wire protocol.
///
/// # Errors
/// `config_invalid` when the listener can be reached from other machines.
pub(crate) async fn wire(listener: TcpListener, shutdown: CancellationToken, server: Arc<Server>) -> Result<()> {
    accept(listener, shutdown, move |stream, cut| wire::serve(Arc::clone(&server), stream, cut)).await
}

/// Takes up connections until it is told to stop; those that are open are then cut.
///
/// # Errors
/// `config_invalid` when the listener can be reached from other machines.
async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    shutdown: CancellationToken,
    serve: impl Fn(TcpStream, CancellationToken) -> F,
) -> Result<()> {
    let address =
        listener.local_addr().map_err(|error| Error::new(Code::Internal, "the listener has no address").with_source(error))?;
    check_listen(address)?;
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Most likely out of file descriptors: trying again at once would only burn the processor.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        // Small answers must not wait for more to come; a connection that cannot be told so works even so.
        let _ = stream.set_nodelay(true);
        let cut = shutdown.child_token();
        let serving = serve(stream, cut.clone());
        connections.spawn(async move {
            tokio::select! {
                () = cut.cancelled() => {}
                () = serving => {}
            }
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}
