//! The PostgreSQL wire protocol, as Redshift speaks it: simple and extended queries, TLS, a password, requests to cancel.

mod cursor;
mod digest;
mod fault;
mod parameter;
mod prepared;
mod row;
mod startup;

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::{Sink, SinkExt, stream};
use pgwire::api::auth::StartupHandler;
use pgwire::api::cancel::CancelHandler;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{QueryResponse, Response, Tag};
use pgwire::api::stmt::StoredStatement;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireServerHandlers};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::{NoticeResponse, TransactionStatus};
use pgwire::messages::startup::SecretKey;
use pgwire::tokio::{TlsAcceptor, process_socket};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use self::cursor::Cursors;
use self::fault::{refused, told, unloaded};
use self::prepared::{Parser, Prepared};
use crate::account::Accounts;
use crate::engine::command::Command;
use crate::engine::session::Session;
use crate::engine::{Answer, Engine};
use crate::error::SqlError;
use crate::sql;

/// How the wire protocol asks for a password: what goes over the wire instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordHash {
    /// MD5, as PostgreSQL asks.
    #[default]
    Md5,
    /// SHA-256, as only Redshift asks, for users whose passwords are kept so; clients for PostgreSQL do not know it.
    Sha256,
}

/// What all connections share.
pub(crate) struct Server {
    pub(crate) engine: Arc<Engine>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) database: String,
    /// How a password is asked for.
    pub(crate) password_hash: PasswordHash,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("accounts", &self.accounts).field("database", &self.database).finish_non_exhaustive()
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    server: Arc<Server>,
    /// Known once it has begun.
    session: OnceLock<Arc<Session>>,
    salt: OnceLock<Vec<u8>>,
    cursors: Cursors,
    /// Cuts the connection.
    cut: CancellationToken,
}

/// Serves a connection to its end.
pub(crate) async fn serve(server: Arc<Server>, stream: TcpStream, cut: CancellationToken) {
    let tls = server.tls.clone();
    let asks_by_digest = server.accounts.asks() && server.password_hash == PasswordHash::Sha256;
    let connection =
        Arc::new(Connection { server, session: OnceLock::new(), salt: OnceLock::new(), cursors: Cursors::default(), cut });
    let served = if asks_by_digest {
        digest::serve(connection, stream).await
    } else {
        process_socket(stream, tls, Handlers(connection)).await
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

struct Handlers(Arc<Connection>);

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.0)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::new(Extended(Arc::clone(&self.0)))
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.0)
    }

    fn cancel_handler(&self) -> Arc<impl CancelHandler> {
        Arc::clone(&self.0)
    }
}

#[async_trait]
impl CancelHandler for Connection {
    async fn on_cancel_request(&self, request: CancelRequest) {
        if let Some(session) = self.server.engine.find_session(request.pid)
            && SecretKey::I32(session.secret).to_bytes() == request.secret_key.to_bytes()
        {
            session.cancel();
        }
    }
}

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn do_query<C>(&self, client: &mut C, text: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let statements = sql::statements(text).map_err(|error| refused(&error))?;
        if statements.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        let is_one = statements.len() == 1;
        let mut responses = Vec::with_capacity(statements.len());
        let mut transaction = client.transaction_status();
        for statement in statements {
            match self.run(client, &statement, transaction, &Format::UnifiedText).await? {
                Ok(response) => {
                    transaction = match &response {
                        Response::TransactionStart(_) => TransactionStatus::Transaction,
                        Response::TransactionEnd(_) => TransactionStatus::Idle,
                        _ => transaction,
                    };
                    responses.push(response);
                }
                Err(error) => {
                    let place = Some(text).filter(|_| is_one && text.starts_with(&statement));
                    responses.push(Response::Error(Box::new(told(&error, place))));
                    break;
                }
            }
        }
        Ok(responses)
    }
}

/// The extended protocol over a connection.
struct Extended(Arc<Connection>);

#[async_trait]
impl ExtendedQueryHandler for Extended {
    type Statement = Prepared;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Parser> {
        Arc::new(Parser(Arc::clone(&self.0)))
    }

    async fn do_query<C>(&self, client: &mut C, portal: &Portal<Prepared>, _: usize) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let text = parameter::bound(portal).map_err(|error| refused(&error))?;
        let transaction = client.transaction_status();
        let ran = self.0.run(client, &text, transaction, &portal.result_column_format).await?;
        let response = ran.map_err(|error| refused(&error))?;
        if let Ok(Command::Declare { name, .. }) = Command::of(&text) {
            // Clients may ask for the columns of a cursor as of a portal.
            let columns = self.0.cursors.schema(&name).await.map_err(|error| refused(&error))?;
            let statement = Prepared { text: String::new(), columns, parameters: Vec::new() };
            let portal = Portal::new_cursor(name, Arc::new(StoredStatement::new(String::new(), statement, Vec::new())));
            client.portal_store().put_portal(Arc::new(portal));
        }
        Ok(response)
    }
}

impl Connection {
    fn session(&self) -> Result<&Arc<Session>, SqlError> {
        self.session.get().ok_or_else(|| SqlError::new("08P01", "the connection has not begun"))
    }

    /// Runs one statement.
    async fn run<C>(
        &self,
        client: &mut C,
        statement: &str,
        transaction: TransactionStatus,
        format: &Format,
    ) -> PgWireResult<Result<Response, SqlError>>
    where
        C: Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match self.on_cursor(statement, transaction, format).await {
            Ok(None) => {}
            Ok(Some(response)) => return Ok(Ok(response)),
            Err(error) => return Ok(Err(error)),
        }
        let answer = match self.execute(statement, transaction).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(match answer {
            Answer::Rows(reading) => {
                let fields = Arc::new(row::fields(reading.schema(), format));
                Response::Query(QueryResponse::new(Arc::clone(&fields), row::rows(reading, fields)))
            }
            Answer::Unloaded(rows) => {
                client.feed(PgWireBackendMessage::NoticeResponse(NoticeResponse::from(unloaded(rows)))).await?;
                Response::Execution(Tag::new("UNLOAD"))
            }
            Answer::Begin => Response::TransactionStart(Tag::new("BEGIN")),
            Answer::Commit => Response::TransactionEnd(Tag::new("COMMIT")),
            Answer::Rollback => Response::TransactionEnd(Tag::new("ROLLBACK")),
            Answer::Done(tag) => Response::Execution(Tag::new(tag)),
        }))
    }

    /// What a statement about cursors answers; nothing for another.
    async fn on_cursor(
        &self,
        statement: &str,
        transaction: TransactionStatus,
        format: &Format,
    ) -> Result<Option<Response>, SqlError> {
        let command = Command::of(statement)?;
        check(&command, transaction)?;
        Ok(Some(match command {
            Command::Declare { name, query } => {
                if transaction != TransactionStatus::Transaction {
                    return Err(SqlError::new("25P01", "DECLARE CURSOR may only be used in transaction blocks"));
                }
                if let Answer::Rows(rows) = self.execute(&query, transaction).await? {
                    self.cursors.open(&name, rows).await?;
                }
                Response::Execution(Tag::new("DECLARE CURSOR"))
            }
            Command::Fetch { name, count } => {
                let (schema, batches) = self.cursors.fetch(&name, count).await?;
                let fields = Arc::new(row::fields(&schema, format));
                let rows = row::encoded(stream::iter(batches.into_iter().map(Ok)), Arc::clone(&fields));
                let mut response = QueryResponse::new(fields, rows);
                response.set_command_tag("FETCH");
                Response::Query(response)
            }
            Command::Close(name) => {
                self.cursors.close(&name).await?;
                Response::Execution(Tag::new("CLOSE CURSOR"))
            }
            Command::Commit | Command::Rollback => {
                self.cursors.clear().await;
                return Ok(None);
            }
            _ => return Ok(None),
        }))
    }

    async fn execute(&self, statement: &str, transaction: TransactionStatus) -> Result<Answer, SqlError> {
        let (engine, session) = (&self.server.engine, self.session()?);
        let command = Command::of(statement)?;
        check(&command, transaction)?;
        let is_unload = command == Command::Unload;
        if is_unload && engine.faults.loses_request() {
            self.cut.cancel();
        }
        if self.cut.is_cancelled() {
            return std::future::pending().await;
        }
        let cut = (is_unload && engine.faults.loses_answer()).then(|| self.cut.clone());
        let on_start = Box::new(move |_| {
            if let Some(cut) = cut {
                cut.cancel();
            }
        });
        // No token of the connection's: what runs goes on when it is cut, as in Redshift.
        engine.execute(session, statement, &CancellationToken::new(), on_start).await
    }
}

/// Refuses what a transaction that failed does not take.
fn check(command: &Command, transaction: TransactionStatus) -> Result<(), SqlError> {
    if transaction == TransactionStatus::Error && !matches!(command, Command::Commit | Command::Rollback) {
        let message = "current transaction is aborted, commands ignored until end of transaction block";
        return Err(SqlError::new("25P02", message));
    }
    Ok(())
}
