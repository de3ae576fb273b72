//! Whom a command talks to: the service that `--server` names, or one inside this process for as long as the command lasts.

use std::net::{Ipv4Addr, SocketAddr};

use outflow_core::Code;
use tempfile::TempDir;

use crate::cli::{Global, PlaceArgs};
use crate::client::Client;
use crate::config::Config;
use crate::exit::{CliError, Result};
use crate::service::Service;

/// A service to talk to, and what must be ended after.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    service: Option<Service>,
    /// Where the service of a command that only looks has its own; gone with this value.
    aside: Option<TempDir>,
}

impl Session {
    /// The service that `--server` names; without it, one of this process on the configuration, at a port that nobody else knows.
    ///
    /// # Errors
    /// When it cannot be started, above all because another process holds its data.
    pub(super) async fn open(global: &Global, place: &PlaceArgs) -> Result<Self> {
        match Self::local(global, place)? {
            None => Self::remote(global),
            Some(config) => Self::start(global, &config, None).await,
        }
    }

    /// The same for a command that runs nothing: the service of this process has an empty store of its own and holds nobody's data, so
    /// that it neither waits for whoever does nor carries on what was accepted there.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) async fn open_to_look(global: &Global, place: &PlaceArgs) -> Result<Self> {
        let Some(config) = Self::local(global, place)? else { return Self::remote(global) };
        let folder = tempfile::Builder::new().prefix("outflow-").tempdir();
        let folder = folder.map_err(|error| CliError::file("make a folder in", &std::env::temp_dir(), &error))?;
        let config = config.aside(folder.path());
        Self::start(global, &config, Some(folder)).await
    }

    fn remote(global: &Global) -> Result<Self> {
        Ok(Self { client: super::remote(global)?, service: None, aside: None })
    }

    /// The configuration of a service in this process; none when another is to be asked.
    fn local(global: &Global, place: &PlaceArgs) -> Result<Option<Config>> {
        super::refuse_place(global, place)?;
        if global.server.is_some() {
            return Ok(None);
        }
        super::load(global, place.overrides()).map(Some)
    }

    async fn start(global: &Global, config: &Config, aside: Option<TempDir>) -> Result<Self> {
        crate::logging::start(global.log_format, "error")?;
        let listener = super::serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let reached = listener.local_addr().map(|address| format!("http://{address}"))?;
        // What is recorded must hold for the service that comes after, not for this port.
        let linked_as = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
        let service = Service::start_as(config, listener, &linked_as).await.map_err(|error| match error.code() {
            Some(Code::StoreLocked) => {
                error.hint(format!("without `--server`, the command runs on the data itself; a service may run at `{linked_as}`"))
            }
            _ => error,
        })?;
        Ok(Self { client: Client::inside(&reached, &linked_as)?, service: Some(service), aside })
    }

    /// The client to talk through.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the service of this process, in order.
    pub(super) async fn close(self) {
        if let Some(mut service) = self.service {
            service.stop().await;
        }
        drop(self.aside);
    }
}
