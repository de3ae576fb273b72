//! The one engine behind both protocols: sessions, statements and what is known of them.

pub(crate) mod command;
pub(crate) mod history;
pub(crate) mod reading;
pub(crate) mod session;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow::datatypes::SchemaRef;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use outflow_core::schema::Table;
use outflow_core::warehouse::Warehouse;
use outflow_warehouse::belief::Beliefs;
use outflow_warehouse::embedded::{Embedded, Given, UnloadText, Unloaded};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::command::Command;
use self::history::History;
use self::reading::Reading;
use self::session::Session;
use crate::belief;
use crate::buckets::Buckets;
use crate::error::SqlError;
use crate::fault::Faults;
use crate::sql;
use crate::system::listing::{LIST, Listing};
use crate::system::{self, Sheet};

/// How a statement answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A query's rows.
    Rows(Reading),
    /// So many rows were unloaded.
    Unloaded(u64),
    Begin,
    Commit,
    Rollback,
    /// Nothing but that it is done, by its tag.
    Done(&'static str),
}

/// Hears that a statement runs now, and under which id.
pub(crate) type OnStart = Box<dyn FnOnce(i64) + Send>;

/// The engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) warehouse: Embedded,
    pub(crate) history: Arc<History>,
    pub(crate) faults: Faults,
    pub(crate) beliefs: Beliefs,
    buckets: Arc<dyn Buckets>,
    running: Arc<Semaphore>,
    sessions: Mutex<HashMap<i32, Weak<Session>>>,
    next_pid: AtomicI32,
    next_query: AtomicI64,
}

impl Engine {
    pub(crate) fn new(warehouse: Embedded, buckets: Arc<dyn Buckets>, faults: Faults, beliefs: Beliefs) -> Self {
        Self {
            warehouse,
            history: Arc::default(),
            faults,
            beliefs,
            buckets,
            running: Arc::new(Semaphore::new(belief::RUNNING)),
            sessions: Mutex::default(),
            next_pid: AtomicI32::new(1_073_741_000),
            next_query: AtomicI64::new(1_001),
        }
    }

    /// Begins a session; who ends it from outside cancels `terminated`.
    pub(crate) fn session(&self, user: &str, database: &str, terminated: CancellationToken) -> Arc<Session> {
        let pid = self.next_pid.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(Session::new(pid, user.to_owned(), database.to_owned(), terminated));
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.strong_count() > 0);
        sessions.insert(pid, Arc::downgrade(&session));
        session
    }

    /// The session of that process, while it lasts.
    pub(crate) fn find_session(&self, pid: i32) -> Option<Arc<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(&pid)?.upgrade()
    }

    /// The tables, each by its name as a catalogue has it: without the quotes in which a query writes it.
    ///
    /// # Errors
    /// The warehouse's own.
    pub(crate) async fn tables(&self) -> outflow_core::Result<Vec<Table>> {
        let mut tables = self.warehouse.tables().await?;
        for table in &mut tables {
            if let Some(inside) = table.name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
                table.name = inside.replace("\"\"", "\"");
            }
        }
        Ok(tables)
    }

    /// The query that makes a list of the catalogue, and what it reads.
    ///
    /// # Errors
    /// As [`Listing::sheet`]; when the warehouse's tables cannot be told.
    async fn list(&self, session: &Session, listing: &Listing) -> Result<(String, Given), SqlError> {
        let tables = self.tables().await.map_err(|error| SqlError::from_engine(&error, 0))?;
        Ok(listed(listing.sheet(session, Some(&tables))?))
    }

    /// The columns of a list of the catalogue.
    ///
    /// # Errors
    /// The warehouse's own.
    pub(crate) async fn describe_list(&self, session: &Session, listing: &Listing) -> Result<SchemaRef, SqlError> {
        let (text, given) = listed(listing.sheet(session, None)?);
        self.warehouse.describe(text, given).await.map_err(|error| SqlError::from_engine(&error, 0))
    }

    /// Runs one statement. An UNLOAD goes on when the future is dropped; `cancel` stops it, as whoever cancels the session's statement
    /// does.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        session: &Arc<Session>,
        statement: &str,
        cancel: &CancellationToken,
        on_start: OnStart,
    ) -> Result<Answer, SqlError> {
        let command = Command::of(statement)?;
        let query_id = self.next_query.fetch_add(1, Ordering::Relaxed);
        let cancel = cancel.child_token();
        session.begin(cancel.clone());
        let text = if self.beliefs.record_keeps_tag { statement } else { without_tag(statement) };
        self.history.begin(query_id, session, command.kind(), text);
        let run = Run { engine: Arc::clone(self), session: Arc::clone(session), query_id, cancel, on_start };
        let answer = match command {
            Command::Unload => {
                let (statement, history) = (statement.to_owned(), Arc::clone(&self.history));
                let unloading = async move {
                    let ended = run.unload(statement).await;
                    // Recorded here, too: nobody may be left who is answered.
                    if let Err(error) = &ended {
                        history.end(query_id, Err(error));
                    }
                    ended
                };
                let done = tokio::spawn(unloading).await;
                done.unwrap_or_else(|error| Err(SqlError::new("XX000", format!("the statement broke off: {error}"))))
            }
            Command::Query => run.query(statement).await,
            other => run.at_once(other).await,
        };
        match &answer {
            Ok(Answer::Rows(_)) => {}
            Ok(_) => self.history.end(query_id, Ok((0, 0))),
            Err(error) => self.history.end(query_id, Err(error)),
        }
        answer
    }
}

/// A statement without the comment that it begins with.
fn without_tag(statement: &str) -> &str {
    let comment = statement.trim_start().strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
    comment.map_or(statement, |(_, rest)| rest.trim_start())
}

fn listed(sheet: Sheet) -> (String, Given) {
    let mut given = Given::default();
    sheet.give(&mut given, LIST);
    (format!("SELECT * FROM \"{LIST}\""), given)
}

/// One statement on its way.
struct Run {
    engine: Arc<Engine>,
    session: Arc<Session>,
    query_id: i64,
    cancel: CancellationToken,
    on_start: OnStart,
}

impl Run {
    /// Waits for a place to run in, and then as long as a fault wants.
    async fn take_up(&mut self, unload: Option<UnloadText>) -> Result<OwnedSemaphorePermit, SqlError> {
        let permit = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(SqlError::cancelled(self.query_id)),
            permit = Arc::clone(&self.engine.running).acquire_owned() => permit,
        };
        let permit = permit.map_err(|_| SqlError::new("57P01", "the emulator ends"))?;
        self.engine.history.start(self.query_id, unload);
        std::mem::replace(&mut self.on_start, Box::new(|_| {}))(self.query_id);
        if let Some(by) = self.engine.faults.slow {
            tokio::select! {
                () = self.cancel.cancelled() => return Err(SqlError::cancelled(self.query_id)),
                () = tokio::time::sleep(by) => {}
            }
        }
        Ok(permit)
    }

    async fn unload(mut self, statement: String) -> Result<Answer, SqlError> {
        let said = Embedded::read_unload(&statement).map_err(|error| self.told(&error))?;
        let _permit = self.take_up(Some(said.clone())).await?;
        let bucket = said.destination.strip_prefix("s3://").and_then(|place| place.split('/').next()).unwrap_or_default();
        let store = self.engine.buckets.open(bucket, &said).await.map_err(|error| self.told(&error))?;
        let store = store.ok_or_else(|| SqlError::no_bucket(bucket, &self.engine.buckets.place(bucket)))?;
        let buckets = HashMap::from([(bucket.to_owned(), Arc::clone(&store))]);
        let unloaded = self.engine.warehouse.unload(statement, buckets, self.cancel.clone()).await;
        let unloaded = unloaded.map_err(|error| self.told(&error))?;
        if self.engine.faults.fails_half_way() {
            return Err(leave_half(&store, &unloaded).await);
        }
        let rows = unloaded.rows;
        self.engine.history.wrote(self.query_id, unloaded);
        self.session.set_last_query(self.query_id);
        self.session.set_last_unload(i64::try_from(rows).unwrap_or(i64::MAX));
        // Recorded before anybody is answered: whoever was cut off finds it ended.
        self.engine.history.end(self.query_id, Ok((0, 0)));
        Ok(Answer::Unloaded(rows))
    }

    async fn query(mut self, statement: &str) -> Result<Answer, SqlError> {
        let of_system = system::is_for_leader(statement);
        let permit = if of_system {
            self.engine.history.start(self.query_id, None);
            std::mem::replace(&mut self.on_start, Box::new(|_| {}))(self.query_id);
            None
        } else {
            Some(self.take_up(None).await?)
        };
        let given = system::given(&self.engine, &self.session, statement).await?;
        let text = system::adapted(statement)?;
        let rows = self.engine.warehouse.query(text, given, &self.cancel).await.map_err(|error| self.told(&error))?;
        if !of_system {
            self.session.set_last_query(self.query_id);
        }
        Ok(Answer::Rows(Reading::new(rows, self.query_id, Arc::clone(&self.engine.history), permit)))
    }

    async fn at_once(self, command: Command) -> Result<Answer, SqlError> {
        self.engine.history.start(self.query_id, None);
        match command {
            Command::Set { name, value } => {
                self.session.set(&name, value);
                Ok(Answer::Done("SET"))
            }
            Command::Reset(name) => {
                self.session.reset(name.as_deref());
                Ok(Answer::Done("RESET"))
            }
            Command::Show(name) => {
                let unknown = || SqlError::new("42704", format!("unrecognized configuration parameter \"{name}\""));
                let value = self.session.setting(&name).ok_or_else(unknown)?;
                let query = format!("SELECT {} AS \"{}\"", sql::literal(&value), name.replace('"', "\"\""));
                self.query(&query).await
            }
            Command::ShowAll => {
                let row = |(name, value): (String, String)| {
                    format!("SELECT {} AS name, {} AS setting", sql::literal(&name), sql::literal(&value))
                };
                let rows: Vec<String> = self.session.settings().into_iter().map(row).collect();
                self.query(&rows.join(" UNION ALL ")).await
            }
            Command::List(listing) => {
                let (text, given) = self.engine.list(&self.session, &listing).await?;
                let rows = self.engine.warehouse.query(text, given, &self.cancel).await.map_err(|error| self.told(&error))?;
                Ok(Answer::Rows(Reading::new(rows, self.query_id, Arc::clone(&self.engine.history), None)))
            }
            Command::Begin => Ok(Answer::Begin),
            Command::Commit => Ok(Answer::Commit),
            Command::Rollback => Ok(Answer::Rollback),
            Command::Cancel(pid) => {
                let none = || SqlError::new("42704", format!("there is no process {pid}"));
                self.engine.find_session(pid).ok_or_else(none)?.cancel();
                Ok(Answer::Done("CANCEL"))
            }
            Command::Declare { .. } | Command::Fetch { .. } | Command::Close(_) => {
                Err(SqlError::new("0A000", "cursors are those of a connection over the wire protocol"))
            }
            Command::Nothing(tag) => Ok(Answer::Done(tag)),
            Command::Unload | Command::Query => Err(SqlError::new("XX000", "a statement took the wrong way")),
        }
    }

    fn told(&self, error: &outflow_core::Error) -> SqlError {
        tracing::debug!(query_id = self.query_id, error = %error.chain(), "statement failed");
        SqlError::from_engine(error, self.query_id)
    }
}

/// Takes away what a statement that broke off half-way would not have written: the manifest, and every second file.
async fn leave_half(store: &Arc<dyn ObjectStore>, unloaded: &Unloaded) -> SqlError {
    let files = unloaded.files.iter().skip(1).step_by(2).map(|file| file.key.clone());
    for key in files.chain(unloaded.manifest.clone()) {
        if let Ok(path) = Path::parse(&key)
            && let Err(error) = store.delete(&path).await
        {
            tracing::debug!(%error, key, "could not be taken away");
        }
    }
    SqlError::new(
        "XX000",
        "S3ServiceException:We encountered an internal error. Please try again.,Status 500,Error InternalError",
    )
}
