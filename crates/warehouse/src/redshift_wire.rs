//! Amazon Redshift over its wire protocol, which is PostgreSQL's: workgroups, clusters, and whatever speaks like them.
//!
//! An UNLOAD blocks its connection until it ends, so that each has one of its own. It begins with a comment that names its attempt; when
//! its connection breaks off, or the process dies, the statement is found by that comment in the warehouse's own record, and watched
//! there. Whether Redshift stops a statement whose client is gone does not matter: the record tells. What the files are worth is not
//! asked here: the manifest says it, and finalize.

pub mod conformance;
mod connect;
mod error;
mod login;
mod lookout;
mod pool;
mod record;
mod runs;
mod settling;
mod tag;
mod temporary;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use outflow_core::schema::{Column, Table};
use outflow_core::statement::{UnloadStatement, literal};
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId, Timestamp};
use secrecy::SecretString;
use tokio::time::Instant;

use self::connect::Connector;
use self::login::Login;
use self::lookout::{Lookout, Trace};
use self::pool::Pool;
use self::record::Standing;
use self::runs::{Runs, SendBy};
use self::tag::Tagged;
use self::temporary::Temporary;
pub use self::temporary::{IamLogin, IamPlace};
use self::tls::Tls;
use crate::belief::BELIEVED;
use crate::redshift::failure::failure;
use crate::redshift::seen::{Seen, Trouble};
use crate::redshift::{catalog, column, empty};

/// How long a small query of ours may take: a serverless workgroup may have to wake first.
const QUERY_WITHIN: Duration = Duration::from_secs(120);
/// The distance between looks at a statement whose connection is not ours.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long `find` stays with one question.
const FIND_WITHIN: Duration = Duration::from_secs(20);
/// How many connections there are for questions at most, and how many for looks.
const QUESTIONS: usize = 2;
const LOOKS: usize = 1;
/// The most characters of a query group.
const GROUP: usize = 320;

/// How a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SslMode {
    /// Encrypted; the server shows a certificate for its host's name from an authority of the platform, or from one of that file (PEM).
    VerifyFull(Option<PathBuf>),
    /// Plain text, the password included.
    Disable,
}

/// Where a Redshift is and how to log in to it.
#[derive(Debug, Clone)]
pub struct RedshiftConfig {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The database user.
    pub user: Option<String>,
    /// The user's password, where one is asked for.
    pub password: Option<SecretString>,
    /// Where user and password come from instead, when AWS hands them out for a while.
    pub iam: Option<IamLogin>,
    /// How the connection is encrypted.
    pub ssl_mode: SslMode,
    /// The query group that statements run in; the owner's name when absent.
    pub query_group: Option<String>,
    /// How many statements may hold a connection at a time.
    pub max_running: usize,
    /// The times that matter between processes.
    pub timing: Timing,
}

/// The times by which several processes never run the statement of one attempt twice.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the call of `start` on, a statement is sent within that time or not at all.
    pub send_within: Duration,
    /// How long after it was asked for first a statement is believed to be absent that the record does not have.
    pub settle: Duration,
}

impl Timing {
    /// Those for statements that are sent within that time: what was sent last is on its way for as long as TCP tries, and then the record
    /// may lag.
    #[must_use]
    pub const fn sending_within(send_within: Duration) -> Self {
        let on_its_way = connect::UNACKNOWLEDGED.saturating_add(BELIEVED.recorded_within);
        Self { send_within, settle: send_within.saturating_add(on_its_way) }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::sending_within(Duration::from_secs(25))
    }
}

/// Redshift over its wire protocol.
#[derive(Debug)]
pub struct RedshiftWire {
    connector: Arc<Connector>,
    /// For questions, which may take their time.
    questions: Pool,
    /// For looks and what follows from them, which no question may hold up.
    looks: Arc<Pool>,
    lookout: Lookout,
    runs: Runs,
    query_group: Option<String>,
    timing: Timing,
}

impl RedshiftWire {
    /// A warehouse there. Nothing is connected before the first question.
    ///
    /// # Errors
    /// `config_invalid` when nobody is named who logs in, or the certificates cannot be used.
    pub fn new(config: RedshiftConfig) -> Result<Self> {
        let login = match (config.iam.clone(), config.user.clone()) {
            (Some(iam), _) => Login::Temporary(Box::new(Temporary::new(iam, config.database.clone()))),
            (None, Some(user)) => Login::Password { user, password: config.password.clone() },
            (None, None) => {
                let message = "no database user is named; write `redshift://user@host:port/database`";
                return Err(Error::new(Code::ConfigInvalid, message));
            }
        };
        let tls = match &config.ssl_mode {
            SslMode::VerifyFull(root_certificates) => Tls::verified(root_certificates.as_deref())?,
            SslMode::Disable => Tls::none(),
        };
        let connector = Arc::new(Connector::new(&config, tls, login));
        let looks = Arc::new(Pool::new(Arc::clone(&connector), LOOKS));
        Ok(Self {
            questions: Pool::new(Arc::clone(&connector), QUESTIONS),
            connector,
            lookout: Lookout::new(Arc::clone(&looks), config.timing.settle),
            looks,
            runs: Runs::new(config.max_running),
            query_group: config.query_group,
            timing: config.timing,
        })
    }

    /// Sends the statement unless it is there already. Up to the last line nothing has been sent.
    async fn send(&self, statement: &UnloadStatement, tagged: &Tagged) -> Result<()> {
        let send_by = SendBy::new(self.timing.send_within);
        let room = self.runs.room()?;
        let session = self.connector.open().await?;
        if let Some(group) = self.query_group.as_ref().or(statement.label.as_ref()) {
            let group: String = group.chars().take(GROUP).collect();
            let set = session.client.batch_execute(&format!("SET query_group TO {}", literal(&group))).await;
            set.map_err(error::query)?;
        }
        // Whoever lost the attempt to another process, and does not know it yet, finds the other's.
        let rows = session.rows(&record::standings_of(std::slice::from_ref(tagged))).await.map_err(error::query)?;
        if record::standing(&rows, tagged).is_some() || self.lookout.is_in_recents(tagged, &session).await? {
            return Ok(());
        }
        self.runs.send(tagged, format!("{} {}", tagged.tag, statement.to_sql()), session, room, send_by)
    }

    /// How a statement stands by the record: one whose connection is gone, or is another process's.
    async fn recorded(&self, tagged: &Tagged) -> Result<Seen> {
        let standing = match self.lookout.trace(tagged).await? {
            Trace::Found(standing) => standing,
            Trace::Missing => return Ok(Seen::Running),
            Trace::Absent => return Ok(absent(tagged)),
        };
        Ok(seen(standing))
    }

    /// Whether the statement of an attempt, which was sent, is found by its tag `within` that time, as another process would look for it.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn is_recorded(&self, token: &AttemptToken, within: Duration) -> Result<bool> {
        let (tagged, until) = (Tagged::of(token), Instant::now() + within);
        loop {
            let found = self.lookout.look(&tagged).await?;
            if found.is_some() || Instant::now() >= until {
                return Ok(found.is_some());
            }
            tokio::time::sleep(LOOK_EVERY.min(within)).await;
        }
    }

    /// Tells the sessions in which it runs to stop.
    async fn stop_sessions(&self, tagged: &Tagged) -> Result<()> {
        let Some(Standing::Running(sessions)) = self.lookout.look(tagged).await? else { return Ok(()) };
        if sessions.is_empty() {
            let message = "the warehouse's record does not say in which session the statement runs";
            return Err(Error::new(Code::WarehouseUnavailable, message));
        }
        for session in sessions {
            self.looks.rows(&format!("SELECT pg_cancel_backend({session})"), lookout::LOOK).await?;
        }
        Ok(())
    }

    /// The columns of a query, which does not run. Where the driver does not know a type, it runs without rows, and the names alone are known.
    async fn columns(&self, query: &str) -> Result<Vec<Column>> {
        let sql = empty::columns_of(query);
        let error = match self.questions.prepare(&sql, QUERY_WITHIN).await {
            Ok(prepared) => return Ok(prepared.columns().iter().map(column_of).collect()),
            // Asked again, it can tell the types.
            Err(error) if error.kind().is_retryable() => return Err(error),
            Err(error) => error,
        };
        let names = self.questions.names(&sql, QUERY_WITHIN).await?;
        tracing::debug!(error = error.chain(), "the types of a result are not known");
        Ok(names.iter().map(|name| column::column(name, "varchar", 0, 0, 0)).collect())
    }
}

/// What the record says. That a statement was cancelled means that somebody wanted it so, here or anywhere else: Redshift is believed to let
/// it go on when its client is gone ([`belief`](crate::belief)).
fn seen(standing: Standing) -> Seen {
    let failed = |error: Error| Seen::Failed(Trouble::from(&error));
    match standing {
        Standing::Running(_) => Seen::Running,
        Standing::Finished => Seen::Finished,
        Standing::Cancelled => Seen::Cancelled,
        Standing::Failed(said) if said.is_empty() => {
            let message = "the statement was stopped in the warehouse after its connection was gone";
            failed(Error::new(Code::WarehouseUnavailable, message))
        }
        Standing::Failed(said) => failed(failure(&said, None).with_source(said)),
    }
}

/// What becomes of a statement that the record does not have.
fn absent(tagged: &Tagged) -> Seen {
    let age = Timestamp::from(std::time::SystemTime::now()) - tagged.since;
    if age.num_days() > record::DAYS {
        let message = format!("the warehouse's record goes back {} days, and the statement may be older", record::DAYS);
        return Seen::Unclear(Trouble::from(&Error::new(Code::OutcomeUnknown, message)));
    }
    let message = "the warehouse's record does not have the statement: its connection broke off before it began";
    Seen::Failed(Trouble::from(&Error::new(Code::StatementLost, message)))
}

/// A column as the driver tells it: sizes are in the type's modifier.
fn column_of(told: &tokio_postgres::Column) -> Column {
    let modifier = told.type_modifier() - 4;
    let (precision, scale) = if modifier > 0 { (modifier >> 16, modifier & 0xffff) } else { (0, 0) };
    column::column(told.name(), told.type_().name(), precision, scale, modifier)
}

#[async_trait]
impl Warehouse for RedshiftWire {
    fn capabilities(&self) -> Capabilities {
        Capabilities { outlives_worker: true, cancel_anywhere: true, failed_start_sent_nothing: true }
    }

    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        let tagged = Tagged::of(token);
        if self.runs.knows(&tagged.id) {
            return Ok(tagged.id);
        }
        self.runs.take_refused(&tagged.id);
        let late = || {
            let message = format!("no connection to the warehouse could be had within {} s", self.timing.send_within.as_secs());
            Error::new(Code::WarehouseUnavailable, message)
        };
        let sent = tokio::time::timeout(self.timing.send_within, self.send(statement, &tagged)).await;
        match sent.unwrap_or_else(|_| Err(late())) {
            Ok(()) => Ok(tagged.id),
            Err(error) => {
                self.runs.note_refused(&tagged.id);
                Err(error)
            }
        }
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        let tagged = Tagged::of(token);
        if self.runs.knows(&tagged.id) {
            return Ok(Some(tagged.id));
        }
        if self.runs.take_refused(&tagged.id) {
            return Ok(None);
        }
        let until = Instant::now() + FIND_WITHIN;
        loop {
            match self.lookout.trace(&tagged).await? {
                Trace::Found(_) => return Ok(Some(tagged.id)),
                Trace::Absent => return Ok(None),
                Trace::Missing if Instant::now() >= until => {
                    let message = "the warehouse's record does not have the statement yet, which may have been sent just now";
                    return Err(Error::new(Code::WarehouseUnavailable, message));
                }
                Trace::Missing => tokio::time::sleep(LOOK_EVERY.min(self.timing.settle)).await,
            }
        }
    }

    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        let until = Instant::now() + wait;
        if let Some(seen) = self.runs.poll(statement_id, wait).await {
            return seen.progress();
        }
        let tagged = Tagged::read(statement_id)?;
        loop {
            let seen = self.recorded(&tagged).await?;
            let left = until.saturating_duration_since(Instant::now());
            if seen.is_final() || left.is_zero() {
                return seen.progress();
            }
            tokio::time::sleep(LOOK_EVERY.min(left)).await;
        }
    }

    async fn cancel(&self, statement_id: &StatementId) -> Result<()> {
        let Ok(tagged) = Tagged::read(statement_id) else { return Ok(()) };
        let is_asked_again = self.runs.note_stopped(&tagged.id);
        if let Some(stop) = self.runs.stop_of(&tagged.id) {
            match stop.ask().await {
                // What it says itself is heard on its connection. If that does not help, it is stopped from outside.
                Ok(()) if !is_asked_again => return Ok(()),
                Ok(()) => {}
                Err(error) => tracing::debug!(error = error.chain(), "a request to stop was not taken"),
            }
        } else if self.runs.knows(&tagged.id) {
            return Ok(());
        }
        self.stop_sessions(&tagged).await
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        empty::refuse_rows(self.questions.rows(&empty::rows_at(&statement.destination), QUERY_WITHIN).await)?;
        empty::file(statement, &self.columns(&statement.query).await?)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(catalog::tables(self.questions.rows(catalog::TABLES, QUERY_WITHIN).await?))
    }

    /// Connects and runs nothing: a statement would wake a serverless workgroup, which costs money by the minute.
    async fn check(&self) -> Result<()> {
        self.questions.reach().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_believed_absent_only_when_it_could_no_longer_come() {
        let Timing { send_within, settle } = Timing::default();
        assert!(settle >= send_within + connect::UNACKNOWLEDGED + BELIEVED.recorded_within, "{settle:?}");
        assert_eq!(Timing::sending_within(Duration::from_secs(1)).settle, settle - send_within + Duration::from_secs(1));
    }

    #[test]
    fn what_the_record_calls_cancelled_somebody_stopped_and_what_just_ended_may_be_repeated() {
        assert!(matches!(seen(Standing::Cancelled), Seen::Cancelled));
        for said in ["", "Query (1) cancelled on system request"] {
            let Seen::Failed(trouble) = seen(Standing::Failed(said.to_owned())) else { panic!("{said:?} is no failure") };
            assert!(trouble.to_error().kind().is_retryable(), "{said:?}");
        }
    }
}
