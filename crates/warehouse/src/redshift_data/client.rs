//! The calls of the Data API, each made once: who calls decides about repeating it.
//!
//! The client is made at the first call: where credentials and region come from is AWS's own chain, and asking it takes time. Calls are
//! paced by [`Budget`], since the quotas hold for an account, and other programs live on them too.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::config::Builder;
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::operation::get_statement_result::GetStatementResultOutput;
use aws_sdk_redshiftdata::types::{SqlParameter, StatementData, StatusString};
use outflow_core::statement::literal;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use super::RedshiftDataConfig;
use super::budget::Budget;
use super::error::{Refusal, refusal};
use crate::redshift::aws::{self, ANSWER, CONNECT};
use crate::redshift::seen::Trouble;

/// How many statements a page of a list has at most; the Data API allows no more.
const PAGE: i32 = 100;
/// So many statements of one name are more than there can be.
const PAGES: usize = 20;
/// How long it is believed whether the Data API answers.
const FRESH: Duration = Duration::from_secs(5);

/// The Data API for one warehouse.
#[derive(Debug)]
pub(super) struct DataApi {
    config: RedshiftDataConfig,
    client: OnceCell<Client>,
    executes: Budget,
    describes: Budget,
    lists: Budget,
    cancels: Budget,
    reached: Mutex<Option<(Instant, Result<(), Trouble>)>>,
}

/// Sets what every statement of the warehouse runs as and where.
macro_rules! located {
    ($call:expr, $config:expr) => {
        $call
            .set_workgroup_name($config.workgroup.clone())
            .set_cluster_identifier($config.cluster.clone())
            .database(&$config.database)
            .set_secret_arn($config.secret_arn.clone())
            .set_db_user($config.db_user.clone())
    };
}

impl DataApi {
    pub(super) fn new(config: RedshiftDataConfig) -> Self {
        let pace = config.pace;
        Self {
            config,
            client: OnceCell::new(),
            executes: Budget::new(pace.executes_per_second),
            describes: Budget::new(pace.describes_per_second),
            lists: Budget::new(pace.others_per_second),
            cancels: Budget::new(pace.others_per_second),
            reached: Mutex::default(),
        }
    }

    pub(super) fn config(&self) -> &RedshiftDataConfig {
        &self.config
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| make_client(&self.config)).await
    }

    /// Waits for the turn of a [`submit`](Self::submit), which does not wait itself.
    pub(super) async fn turn_to_submit(&self) {
        self.executes.turn().await;
    }

    /// The region that calls are signed for; none when nobody says which.
    pub(super) async fn region(&self) -> Option<String> {
        self.client().await.config().region().map(|region| region.as_ref().to_owned())
    }

    /// Submits a statement of ours under a name that is its token too. With a query group it is the second of a batch, since each call
    /// has a session of its own.
    pub(super) async fn submit(&self, sql: &str, token: &str) -> Result<String, Refusal> {
        let client = self.client().await;
        let id = match &self.config.query_group {
            None => {
                let call = client.execute_statement().sql(sql).client_token(token).statement_name(token).with_event(true);
                let answer = located!(call, self.config).send().await;
                answer.map_err(|error| self.executes.told(refusal("ExecuteStatement", error)))?.id
            }
            Some(group) => {
                let call = client.batch_execute_statement().sqls(format!("SET query_group TO {}", literal(group))).sqls(sql);
                let call = call.client_token(token).statement_name(token).with_event(true);
                let answer = located!(call, self.config).send().await;
                answer.map_err(|error| self.executes.told(refusal("BatchExecuteStatement", error)))?.id
            }
        };
        id.filter(|id| !id.is_empty()).ok_or_else(|| Refusal::senseless("ExecuteStatement", "has no id"))
    }

    /// Runs a small query of ours, whose rows are wanted.
    pub(super) async fn execute(&self, sql: &str, name: &str) -> Result<String, Refusal> {
        self.executes.turn().await;
        let call = self.client().await.execute_statement().sql(sql).statement_name(name);
        let answer = located!(call, self.config).send().await;
        let id = answer.map_err(|error| self.executes.told(refusal("ExecuteStatement", error)))?.id;
        id.filter(|id| !id.is_empty()).ok_or_else(|| Refusal::senseless("ExecuteStatement", "has no id"))
    }

    /// Runs a query under a token that its name is too, with values for the parameters of its text.
    pub(super) async fn execute_with(&self, sql: &str, token: &str, values: &[(&str, &str)]) -> Result<String, Refusal> {
        self.executes.turn().await;
        let values = values.iter().map(|(name, value)| SqlParameter::builder().name(*name).value(*value).build());
        let values =
            values.collect::<Result<Vec<_>, _>>().map_err(|error| Refusal::senseless("ExecuteStatement", &error.to_string()))?;
        let call = self.client().await.execute_statement().sql(sql).statement_name(token).client_token(token);
        let call = call.set_parameters((!values.is_empty()).then_some(values));
        let answer = located!(call, self.config).send().await;
        let id = answer.map_err(|error| self.executes.told(refusal("ExecuteStatement", error)))?.id;
        id.filter(|id| !id.is_empty()).ok_or_else(|| Refusal::senseless("ExecuteStatement", "has no id"))
    }

    /// How a statement stands; with `wait` the answer is held back until it has ended or so many seconds have passed.
    pub(super) async fn describe(&self, id: &str, wait: Option<u32>) -> Result<DescribeStatementOutput, Refusal> {
        self.describes.turn().await;
        let held = Duration::from_secs(u64::from(wait.unwrap_or(0)));
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER + held).build();
        let seconds = wait.and_then(|wait| i32::try_from(wait).ok());
        let call = self.client().await.describe_statement().id(id).set_wait_time_seconds(seconds).customize();
        let answer = call.config_override(Builder::default().timeout_config(timeouts)).send().await;
        answer.map_err(|error| self.describes.told(refusal("DescribeStatement", error)))
    }

    /// Every statement of exactly that name, whatever became of it, as long as the Data API remembers it.
    pub(super) async fn named(&self, name: &str) -> Result<Vec<StatementData>, Refusal> {
        let mut found = self.listed(name).await?;
        // The Data API takes the name for a prefix.
        found.retain(|statement| statement.statement_name.as_deref() == Some(name));
        Ok(found)
    }

    /// Every statement that is listed when its name is asked for.
    pub(super) async fn listed(&self, name: &str) -> Result<Vec<StatementData>, Refusal> {
        let mut found = Vec::new();
        let mut next = None;
        for _ in 0..PAGES {
            self.lists.turn().await;
            let call = self.client().await.list_statements().statement_name(name).status(StatusString::All);
            let call = call.role_level(true).max_results(PAGE).set_next_token(next);
            let page = call.send().await.map_err(|error| self.lists.told(refusal("ListStatements", error)))?;
            found.extend(page.statements);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
        Err(Refusal::senseless("ListStatements", "has no end"))
    }

    /// Whether the Data API answers at all, without waking the warehouse. Whoever asks is told soon, however many lists are waited for; that is
    /// asked once in a while, however many want to know.
    pub(super) async fn reach(&self) -> outflow_core::Result<()> {
        let mut reached = self.reached.lock().await;
        let answer = match &*reached {
            Some((at, answer)) if at.elapsed() < FRESH => answer.clone(),
            _ => {
                self.lists.go_first();
                let call = self.client().await.list_statements().role_level(true).max_results(1);
                let refused = |error| Trouble::from(&self.lists.told(refusal("ListStatements", error)).error);
                let answer = call.send().await.map(|_| ()).map_err(refused);
                *reached = Some((Instant::now(), answer.clone()));
                answer
            }
        };
        answer.map_err(|trouble| trouble.to_error())
    }

    pub(super) async fn cancel(&self, id: &str) -> Result<(), Refusal> {
        self.cancels.turn().await;
        let answer = self.client().await.cancel_statement().id(id).send().await;
        answer.map(|_| ()).map_err(|error| self.cancels.told(refusal("CancelStatement", error)))
    }

    /// A page of what a statement gave.
    pub(super) async fn result(&self, id: &str, next: Option<String>) -> Result<GetStatementResultOutput, Refusal> {
        self.describes.turn().await;
        let answer = self.client().await.get_statement_result().id(id).set_next_token(next).send().await;
        answer.map_err(|error| self.describes.told(refusal("GetStatementResult", error)))
    }
}

async fn make_client(config: &RedshiftDataConfig) -> Client {
    let shared = aws::settings(config.region.as_deref(), config.endpoint.is_some(), config.credentials.as_ref()).await;
    let mut builder = Builder::from(&shared);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Client::from_conf(builder.build())
}
