//! Amazon Redshift through its Data API: serverless workgroups and provisioned clusters.
//!
//! The Data API runs statements by itself: they outlive the process that submitted them, are found again by their name, and are stopped
//! from anywhere, by whoever has the role that submitted them. It is told the text that `UnloadStatement` gives, and nothing of it is
//! decided here. Whether the files are right is not asked here either: the manifest says it, and finalize.

mod budget;
mod client;
mod column;
pub mod conformance;
mod error;
mod query;
mod submit;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
pub use aws_sdk_redshiftdata::config::{Credentials, SharedCredentialsProvider};
use outflow_core::schema::Table;
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};

use self::client::DataApi;
use self::submit::Submits;
use self::watch::Watches;
use crate::redshift::{catalog, empty};

/// How long a small query of ours may take: a serverless workgroup may have to wake first.
const QUERY_WITHIN: Duration = Duration::from_secs(120);

/// Where a Redshift is and how to log in to it.
#[derive(Debug, Clone, Default)]
pub struct RedshiftDataConfig {
    /// The serverless workgroup, its name or its ARN; either this or the cluster.
    pub workgroup: Option<String>,
    /// The provisioned cluster.
    pub cluster: Option<String>,
    /// The database.
    pub database: String,
    /// The region of the Data API; AWS's own chain when absent.
    pub region: Option<String>,
    /// Where the Data API is, when it is not where AWS has it.
    pub endpoint: Option<String>,
    /// Who calls the Data API; AWS's own chain when absent.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The secret that holds the database user's password.
    pub secret_arn: Option<String>,
    /// The database user of temporary credentials, of a provisioned cluster.
    pub db_user: Option<String>,
    /// The query group that statements run in.
    pub query_group: Option<String>,
    /// How often the Data API is called.
    pub pace: Pace,
}

/// How often the Data API is called: within the quotas that an account has for a region, and leaving the most of them to others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// `ExecuteStatement` and `BatchExecuteStatement` in a second.
    pub executes_per_second: f64,
    /// `DescribeStatement` and `GetStatementResult` in a second.
    pub describes_per_second: f64,
    /// `CancelStatement`, and as many `ListStatements`, in a second: each has a quota of its own, the smallest there is.
    pub others_per_second: f64,
    /// Whether answers are asked to be held back until a statement ends.
    pub long_polls: bool,
    /// How long a submit is repeated after a refusal that passes; whoever starts a statement does not wait for ever.
    pub patience: Duration,
    /// How long after it is asked for a statement that may have been submitted just before a list without it is believed.
    pub settle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            executes_per_second: 10.0,
            describes_per_second: 20.0,
            others_per_second: 2.0,
            long_polls: true,
            patience: Duration::from_secs(18),
            settle: Duration::from_secs(3),
        }
    }
}

/// Redshift through the Data API.
#[derive(Debug)]
pub struct RedshiftData {
    api: Arc<DataApi>,
    submits: Submits,
    watches: Watches,
}

impl RedshiftData {
    /// A warehouse there. Nothing is called before the first statement.
    ///
    /// # Errors
    /// `config_invalid` when it is not said which Redshift it is, or how to log in is said twice.
    pub fn new(config: RedshiftDataConfig) -> Result<Self> {
        let invalid = |message: &str| Err(Error::new(Code::ConfigInvalid, message));
        match (&config.workgroup, &config.cluster) {
            (None, None) => return invalid("neither a workgroup nor a cluster is named; name one of them"),
            (Some(_), Some(_)) => return invalid("both a workgroup and a cluster are named; name one of them"),
            (Some(_), None) if config.db_user.is_some() => {
                return invalid(
                    "a serverless workgroup takes no `dbUser`: it logs in as the IAM identity, or with `secretArn`; leave it out",
                );
            }
            _ => {}
        }
        if config.secret_arn.is_some() && config.db_user.is_some() {
            return invalid("`secretArn` and `dbUser` are two ways to log in; leave one of them out");
        }
        let api = Arc::new(DataApi::new(config));
        Ok(Self { watches: Watches::new(Arc::clone(&api)), submits: Submits::default(), api })
    }

    async fn query(&self, sql: &str, name: &str) -> Result<query::Answer> {
        query::run(&self.api, &self.watches, sql, name, QUERY_WITHIN).await
    }
}

#[async_trait]
impl Warehouse for RedshiftData {
    fn capabilities(&self) -> Capabilities {
        Capabilities { outlives_worker: true, cancel_anywhere: true, failed_start_sent_nothing: false }
    }

    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        self.submits.start(&self.api, &statement.to_sql(), token).await
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        self.submits.find(&self.api, token).await
    }

    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        self.watches.poll(statement_id, wait).await
    }

    async fn cancel(&self, statement_id: &StatementId) -> Result<()> {
        match self.api.cancel(statement_id.as_str()).await {
            Ok(()) => Ok(()),
            // It has ended, does not run yet, or is not known: `poll` tells which.
            Err(refusal) if refusal.is_validation() || refusal.is_unknown_statement() => Ok(()),
            Err(refusal) => Err(refusal.error),
        }
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        empty::refuse_rows(self.query(&empty::rows_at(&statement.destination), "outflow-rows").await.map(|answer| answer.rows))?;
        let answer = self.query(&empty::columns_of(&statement.query), "outflow-columns").await?;
        empty::file(statement, &column::columns(&answer.columns))
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(catalog::tables(self.query(catalog::TABLES, "outflow-tables").await?.rows))
    }

    async fn region(&self) -> Option<String> {
        self.api.region().await
    }

    /// Asks the Data API alone: a statement would wake a serverless workgroup, which costs money by the minute.
    async fn check(&self) -> Result<()> {
        self.api.reach().await
    }
}
