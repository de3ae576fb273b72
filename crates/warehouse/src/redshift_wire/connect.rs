//! Connections: how they come about, and what one is.

use std::time::Duration;

use outflow_core::{Code, Error, Result};
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage};

use super::RedshiftConfig;
use super::error;
use super::login::Login;
use super::tls::Tls;
use crate::redshift::Row;

/// How long it may take to reach the server, and to be let in.
const REACH: Duration = Duration::from_secs(6);
const LET_IN: Duration = Duration::from_secs(12);
/// An UNLOAD is silent for hours; what stands between forgets silent connections within minutes (a load balancer of AWS after 350 s). A probe
/// is sent after so long a silence, and others at that distance, as many as that.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);
/// How long sent bytes may go unacknowledged: TCP delivers them within that time, or the connection ends. On Linux this goes before the number
/// of probes, so that it is as long as they all take: a shorter time would end a connection with the first probe that is lost, a longer one
/// would send more of them. It is a minute, since whoever looks for a statement that may be on its way has to wait for longer
/// ([`Timing`](super::Timing)), while an outage of the network is mostly shorter.
/// Source: <https://man7.org/linux/man-pages/man7/tcp.7.html>, `TCP_USER_TIMEOUT`.
pub(super) const UNACKNOWLEDGED: Duration = KEEPALIVE.0.saturating_add(KEEPALIVE.1.saturating_mul(KEEPALIVE.2));

/// Opens connections to one Redshift.
#[derive(Debug)]
pub(super) struct Connector {
    base: Config,
    tls: Tls,
    login: Login,
    /// The server's address, as errors tell it.
    place: String,
}

/// A connection. It ends when this is dropped and nothing runs in it any more.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    tls: Tls,
    link: AbortHandle,
}

impl Connector {
    pub(super) fn new(config: &RedshiftConfig, tls: Tls, login: Login) -> Self {
        let mut base = Config::new();
        base.host(&config.host).port(config.port).dbname(&config.database).application_name("outflow");
        base.ssl_mode(if tls.is_on() { DriverSslMode::Require } else { DriverSslMode::Disable });
        base.connect_timeout(REACH).tcp_user_timeout(UNACKNOWLEDGED);
        let (idle, interval, retries) = KEEPALIVE;
        base.keepalives(true).keepalives_idle(idle).keepalives_interval(interval).keepalives_retries(retries);
        Self { base, tls, login, place: format!("{}:{}", config.host, config.port) }
    }

    /// A new connection. A password that AWS handed out for a while, and that the server takes no more, is asked for anew once.
    ///
    /// # Errors
    /// Why there is none; nothing has run then.
    pub(super) async fn open(&self) -> Result<Session> {
        let mut refused = None;
        loop {
            let mut config = self.base.clone();
            let entered = self.login.enter(&mut config, refused).await?;
            let Ok(connected) = tokio::time::timeout(LET_IN, self.connect(&config)).await else {
                let message = format!("the warehouse at `{}` did not let us in within {} s", self.place, LET_IN.as_secs());
                return Err(Error::new(Code::WarehouseUnavailable, message));
            };
            let error = match connected {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            if error::is_of_login(&error) {
                let number = self.login.refused(entered).await;
                if number.is_some() && refused.is_none() {
                    tracing::debug!(%error, "temporary credentials are not taken any more; others are asked for");
                    refused = number;
                    continue;
                }
            }
            return Err(error::connecting(&error, &self.place, entered));
        }
    }

    async fn connect(&self, config: &Config) -> std::result::Result<Session, tokio_postgres::Error> {
        let (client, connection) = config.connect(self.tls.clone()).await?;
        let link = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the warehouse broke off");
            }
        });
        Ok(Session { client, tls: self.tls.clone(), link: link.abort_handle() })
    }
}

impl Session {
    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What ends the connection at once, as the death of this process would.
    pub(super) fn link(&self) -> AbortHandle {
        self.link.clone()
    }

    /// What stops the statement that runs in it.
    pub(super) fn stop(&self) -> Stop {
        Stop { cancel: self.client.cancel_token(), tls: self.tls.clone() }
    }

    /// Runs a small query to its end.
    pub(super) async fn rows(&self, sql: &str) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
        let messages = self.client.simple_query(sql).await?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs a small query to its end, for the names of its columns.
    pub(super) async fn names(&self, sql: &str) -> std::result::Result<Vec<String>, tokio_postgres::Error> {
        let messages = self.client.simple_query(sql).await?;
        let described = messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::RowDescription(columns) => Some(columns.iter().map(|column| column.name().to_owned()).collect()),
            _ => None,
        });
        Ok(described.unwrap_or_default())
    }
}

/// Stops what runs in a connection, by a request beside it.
#[derive(Clone)]
pub(super) struct Stop {
    cancel: CancelToken,
    tls: Tls,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

impl Stop {
    /// Asks once; whether it stops, the connection tells.
    pub(super) async fn ask(&self) -> Result<()> {
        let asked = tokio::time::timeout(LET_IN, self.cancel.cancel_query(self.tls.clone())).await;
        match asked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error::cut(&error)),
            Err(_) => Err(Error::new(Code::WarehouseUnavailable, "the warehouse took no request to stop a statement in time")),
        }
    }
}
