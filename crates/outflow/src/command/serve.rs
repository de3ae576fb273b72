//! `serve`, and what it shares with others that run a service in this process.

use tokio::net::TcpListener;

use crate::cli::{Global, ServeArgs};
use crate::exit::{CliError, Exit, Result};
use crate::output;
use crate::service::Service;
use crate::signals::Signals;

/// Runs the service until it is told to stop.
pub(super) async fn serve(global: &Global, args: &ServeArgs) -> Result<()> {
    let config = super::load(global, args.overrides())?;
    crate::logging::start(global.log_format, "warn,outflow=info")?;
    let mut signals = Signals::listen()?;
    let listener = bind(config.server.listen).await?;
    let service = Service::start(&config, listener).await?;
    output::note(&format!("outflow listens on {}", service.url()));
    until_told(service, &mut signals).await
}

/// Binds an address.
pub(super) async fn bind(address: std::net::SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let told = CliError::new(Exit::Conflict, format!("cannot listen on `{address}`: {}", crate::exit::describe(&error)));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                told.hint("another program has the port, perhaps another `outflow`; choose one with `--listen 127.0.0.1:PORT`")
            }
            std::io::ErrorKind::PermissionDenied => {
                told.hint("ports below 1024 are for root; choose one with `--listen 127.0.0.1:PORT`")
            }
            _ => told,
        }
    })
}

/// Serves until a signal comes, then ends in order; a second signal ends at once.
pub(super) async fn until_told(mut service: Service, signals: &mut Signals) -> Result<()> {
    tokio::select! {
        ended = service.ended() => ended?,
        _ = signals.next() => tracing::info!("stopping; once more to stop at once"),
    }
    tokio::select! {
        () = service.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        exit = signals.next() => Err(CliError::silent(exit)),
    }
}
