//! Whom a command talks to: the service that `--server` names, or one inside this process for as long as the command lasts.

use std::net::{Ipv4Addr, SocketAddr};

use outflow_core::Code;

use crate::cli::{Global, PlaceArgs};
use crate::client::Client;
use crate::exit::Result;
use crate::service::Service;

/// A service to talk to, and what must be ended after.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    service: Option<Service>,
}

impl Session {
    /// The service that `--server` names; without it, one of this process on the configuration, at a port that nobody else knows.
    ///
    /// # Errors
    /// When it cannot be started, above all because another process holds its data.
    pub(super) async fn open(global: &Global, place: &PlaceArgs) -> Result<Self> {
        if global.server.is_some() {
            return Ok(Self { client: super::remote(global)?, service: None });
        }
        let config = super::load(global, place.overrides())?;
        crate::logging::start(global.log_format, "error")?;
        let listener = super::serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let reached = listener.local_addr().map(|address| format!("http://{address}"))?;
        // What is recorded must hold for the service that comes after, not for this port.
        let linked_as = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
        let service = Service::start_as(&config, listener, &linked_as).await.map_err(|error| match error.code() {
            Some(Code::StoreLocked) => {
                error.hint(format!("without `--server`, the command runs on the data itself; a service may run at `{linked_as}`"))
            }
            _ => error,
        })?;
        Ok(Self { client: Client::inside(&reached, &linked_as)?, service: Some(service) })
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
    }
}
