//! A whole service inside this process: its parts put together, its start, and its orderly end.

use std::net::SocketAddr;
use std::sync::Arc;

use outflow_core::address::PublicUrl;
use outflow_core::{Code, Error};
use outflow_engine::{Engine, Parts, SystemClock};
use outflow_events::{Listener, MemoryBus, Relay, Rests};
use outflow_server::{Hosts, Server, ServerSettings};
use outflow_storage::make_private;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::exit::{CliError, Exit, Result};
use crate::locator::Locator;
use crate::parts;

/// A service that runs.
#[derive(Debug)]
pub(crate) struct Service {
    engine: Arc<Engine>,
    url: String,
    shutdown: CancellationToken,
    /// Relay and listener: ended after the engine, so that what it ended is announced.
    events: TaskTracker,
    events_stopping: CancellationToken,
    server: Option<JoinHandle<outflow_core::Result<()>>>,
}

impl Service {
    /// Starts a service that answers at that listener. Callers reach it at the configured public address, or as it listens.
    ///
    /// # Errors
    /// What could not be opened, and what to do about it.
    pub(crate) async fn start(config: &Config, listener: TcpListener) -> Result<Self> {
        let url = public_url(config, listener.local_addr()?);
        Self::start_as(config, listener, &url).await
    }

    /// Starts a service whose links lead to that address.
    ///
    /// # Errors
    /// What could not be opened, and what to do about it.
    pub(crate) async fn start_as(config: &Config, listener: TcpListener, public_url: &str) -> Result<Self> {
        make_data_dir(config)?;
        let public_url = PublicUrl::parse(public_url)?;
        let store = parts::store(config).await?;
        clean_up(config);
        let storage = parts::storage(config, &public_url).await?;
        let warehouses = parts::warehouses(config, &storage)?;
        let engine_parts = Parts { store: Arc::clone(&store), storage, warehouses, clock: Arc::new(SystemClock) };
        let engine = Engine::new(engine_parts, parts::engine_settings(config))?;
        let shutdown = CancellationToken::new();
        let bus = MemoryBus::new();
        let (events, events_stopping) = (TaskTracker::new(), CancellationToken::new());
        let landed = Box::new(bus.subscribe(&config.events.landed_topics, &config.events.group_id));
        let listener_engine = Arc::clone(&engine);
        let hints = Listener {
            store: Arc::clone(&store),
            bus: Arc::new(bus.clone()),
            consumer: config.events.group_id.clone(),
            on_hint: Arc::new(move |unload_id| listener_engine.hint(unload_id)),
        };
        let topics = parts::topics(config);
        let relay = Relay { store, bus: Arc::new(bus.clone()), topics, public_url: public_url.clone(), rests: Rests::default() };
        events.spawn(hints.run(landed, events_stopping.clone()));
        events.spawn(relay.run(events_stopping.clone()));
        events.close();
        let mut settings = ServerSettings::new(public_url.clone(), Arc::new(bus));
        settings.hosts = hosts(config);
        settings.limits.shutdown_grace = std::time::Duration::from_secs(config.server.shutdown_seconds);
        let server = Server::new(Arc::clone(&engine), settings);
        engine.start();
        let server = tokio::spawn(server.serve(listener, shutdown.clone()));
        Ok(Self { engine, url: public_url.as_str().to_owned(), shutdown, events, events_stopping, server: Some(server) })
    }

    /// Where callers reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until it ends by itself, which it does only when something is broken. Safe to drop while it waits.
    ///
    /// # Errors
    /// What broke.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        let Some(server) = &mut self.server else { return std::future::pending().await };
        let ended = server.await;
        self.server = None;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(Error::new(Code::Internal, "the server stopped in the middle").with_source(error).into()),
        }
    }

    /// Ends in order: nothing more is accepted, whoever waits is answered, what is being recorded is recorded. Accepted unloads are in
    /// the store and go on at the next start.
    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        let server = async {
            if let Some(server) = self.server.take()
                && let Err(error) = server.await
            {
                tracing::error!(%error, "the server stopped in the middle");
            }
        };
        tokio::join!(self.engine.stop(), server);
        self.events_stopping.cancel();
        self.events.wait().await;
    }
}

/// Where callers reach a service that listens there.
pub(crate) fn public_url(config: &Config, listening: SocketAddr) -> String {
    config.server.public_url.clone().unwrap_or_else(|| format!("http://{listening}"))
}

/// Makes the folder in which the service keeps its own, for its user alone, and tries whether it can be written.
///
/// # Errors
/// When it cannot be made or written, saying so.
pub(crate) fn make_data_dir(config: &Config) -> Result<()> {
    let dir = &config.server.data_dir;
    let probe = dir.join(".write-check");
    let tried = make_private(dir).and_then(|()| std::fs::write(&probe, b"")).and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|error| {
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        let exit = if full { Exit::Unavailable } else { Exit::Usage };
        let told = CliError::new(
            exit,
            format!("cannot write into the data directory `{}`: {}", dir.display(), crate::exit::describe(&error)),
        );
        if full {
            told.hint("free some space")
        } else {
            told.hint("name a folder that can be written with `--data-dir DIR`, or `server.dataDir`")
        }
    })
}

/// Removes what queries of a process that died left behind. Only in a folder that is ours alone: the held store says so.
fn clean_up(config: &Config) {
    if !matches!(config.store.url.0, Locator::Sqlite(_)) {
        return;
    }
    for (_, warehouse) in &config.warehouses {
        if warehouse.temp_dir.starts_with(&config.server.data_dir)
            && let Err(error) = std::fs::remove_dir_all(&warehouse.temp_dir)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %warehouse.temp_dir.display(), %error, "old temporary files could not be removed");
        }
    }
}

fn hosts(config: &Config) -> Hosts {
    let names = &config.server.allowed_hosts;
    if names.iter().any(|name| name == "*") { Hosts::Any } else { Hosts::Own(names.clone()) }
}
