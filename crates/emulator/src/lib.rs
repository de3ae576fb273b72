//! Amazon Redshift for laptops and tests: the embedded engine behind the protocols that Redshift's clients speak.
//!
//! One engine and one catalogue serve the Data API ([`Emulator::serve_data_api`]) and the wire protocol ([`Emulator::serve_wire`]). UNLOAD does what Redshift's does, to buckets that are
//! given. What is known of Redshift's behaviour is followed; what is only believed is kept in one place, [`outflow_warehouse::belief`]. There are no rights
//! here: whoever connects may do everything, so that it must be reached from this machine alone. Nothing outlives the process.

mod account;
mod belief;
mod buckets;
mod data_api;
mod engine;
mod error;
mod events;
mod fault;
mod secret;
mod serve;
mod sql;
mod system;
mod tls;
mod value;
mod wire;

use std::sync::Arc;

use outflow_core::Result;
use outflow_warehouse::belief::{BELIEVED, Beliefs};
use outflow_warehouse::embedded::{Embedded, EmbeddedConfig};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::account::Accounts;
pub use self::buckets::{Buckets, Folders, S3Buckets};
use self::data_api::DataApi;
use self::engine::Engine;
pub use self::events::Events;
use self::fault::Faults;
pub use self::fault::{FAULTS, Fault};
pub use self::serve::check_listen;
pub use self::tls::Tls;
pub use self::wire::PasswordHash;
use self::wire::Server;

/// What an emulator is made of.
#[derive(Debug)]
pub struct EmulatorConfig {
    /// The engine and its tables; its own buckets are not used.
    pub engine: EmbeddedConfig,
    /// Where UNLOAD may write.
    pub buckets: Arc<dyn Buckets>,
    /// Who callers are that name nobody, and who may connect where a password is asked for.
    pub user: String,
    /// The password that the wire protocol asks for; without one it asks for none.
    pub password: Option<SecretString>,
    /// How it is asked for.
    pub password_hash: PasswordHash,
    /// What the wire protocol is encrypted with, for those who ask for it.
    pub tls: Option<Tls>,
    /// The one database.
    pub database: String,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// Where the ends of statements that want events are told.
    pub events: Option<Events>,
}

impl EmulatorConfig {
    /// An emulator without password, encryption, events and faults, whose user is `awsuser` and whose database `dev`.
    pub fn new(engine: EmbeddedConfig, buckets: Arc<dyn Buckets>) -> Self {
        Self {
            engine,
            buckets,
            user: "awsuser".to_owned(),
            password: None,
            password_hash: PasswordHash::default(),
            tls: None,
            database: "dev".to_owned(),
            faults: Vec::new(),
            events: None,
        }
    }
}

/// The emulator.
#[derive(Debug)]
pub struct Emulator {
    data_api: Arc<DataApi>,
    wire: Arc<Server>,
}

impl Emulator {
    /// An emulator; nothing listens yet. Call it within a runtime, and drop the last of it outside of one or while it ends.
    ///
    /// # Errors
    /// `config_invalid`, as for the embedded warehouse; for a certificate that cannot be used.
    pub fn new(config: EmulatorConfig) -> Result<Self> {
        Self::with_beliefs(config, BELIEVED)
    }

    /// An emulator of a Redshift that is as those beliefs say, as far as they say that the emulator reads them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_beliefs(config: EmulatorConfig, beliefs: Beliefs) -> Result<Self> {
        let EmulatorConfig { engine, buckets, user, password, password_hash, tls, database, faults, events } = config;
        let engine = Arc::new(Engine::new(Embedded::new(engine)?, buckets, Faults::new(&faults), beliefs));
        let accounts = Arc::new(Accounts::new(user, password));
        let data_api = Arc::new(DataApi::new(Arc::clone(&engine), Arc::clone(&accounts), database.clone(), events));
        let tls = tls.map(|tls| tls.acceptor()).transpose()?;
        Ok(Self { data_api, wire: Arc::new(Server { engine, accounts, database, password_hash, tls }) })
    }

    /// Answers the Data API there until `shutdown` is cancelled; connections are cut then. Statements that run go on for as long as the
    /// runtime and the emulator do.
    ///
    /// # Errors
    /// `config_invalid` when the listener can be reached from other machines.
    pub async fn serve_data_api(&self, listener: TcpListener, shutdown: CancellationToken) -> Result<()> {
        serve::http(listener, shutdown, Arc::clone(&self.data_api)).await
    }

    /// Answers the wire protocol there until `shutdown` is cancelled; connections are cut then. With its connection a query stops; an
    /// UNLOAD goes on for as long as the runtime and the emulator do.
    ///
    /// # Errors
    /// `config_invalid` when the listener can be reached from other machines.
    pub async fn serve_wire(&self, listener: TcpListener, shutdown: CancellationToken) -> Result<()> {
        serve::wire(listener, shutdown, Arc::clone(&self.wire)).await
    }
}
