//! The Redshift Data API: JSON 1.1 over HTTP. Requests are neither signed nor allowed to anybody in particular: everybody may do
//! everything, on loopback, but pages in a browser.

mod answer;
mod browse;
mod credentials;
mod error;
mod host;
mod kept;
mod request;
mod result;
mod session;
mod statement;
mod submit;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use self::error::ApiError;
use self::kept::{Entered, Statements};
use self::request::{List, OfStatement, Submit, read};
use self::session::Sessions;
use self::statement::Statement;
use crate::account::Accounts;
use crate::engine::Engine;
use crate::engine::session::Session;
use crate::events::Events;

/// The type of every body.
const JSON: &str = "application/x-amz-json-1.1";
/// The largest request that is read.
const REQUEST_BYTES: usize = 8 << 20;

/// The API.
#[derive(Debug)]
pub(crate) struct DataApi {
    engine: Arc<Engine>,
    accounts: Arc<Accounts>,
    database: String,
    statements: Statements,
    sessions: Sessions,
    events: Option<Events>,
}

/// What becomes of a request.
enum Outcome {
    Answered(Value),
    /// The connection ends without an answer.
    Lost,
}

impl DataApi {
    /// Statements of callers that name nobody are the one user's, in that database; ends that must be told go to `events`.
    pub(crate) fn new(engine: Arc<Engine>, accounts: Arc<Accounts>, database: String, events: Option<Events>) -> Self {
        let statements = Statements::new(&engine.beliefs);
        Self { engine, accounts, database, statements, sessions: Sessions::default(), events }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the connection must end without an answer.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Body>) -> io::Result<Response<Body>> {
        let (head, body) = request.into_parts();
        let outcome = match host::check(&head.uri, &head.headers) {
            Err(refusal) => Err(refusal),
            Ok(()) => match axum::body::to_bytes(body, REQUEST_BYTES).await {
                Ok(body) if credentials::is_query(&head.headers) => {
                    return Ok(credentials::query(&body, &self.accounts, &self.engine.faults));
                }
                Ok(body) => self.operate(&head.headers, &body).await,
                Err(error) => Err(ApiError::serialization(error.to_string())),
            },
        };
        let mut response = match outcome {
            Ok(Outcome::Lost) => return Err(io::Error::other("the answer is lost")),
            Ok(Outcome::Answered(answer)) => {
                let mut response = Response::new(Body::from(answer.to_string()));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
                response
            }
            Err(error) => {
                tracing::debug!(?error, "refused");
                error.into_response()
            }
        };
        if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        Ok(response)
    }

    async fn operate(self: &Arc<Self>, headers: &HeaderMap, body: &[u8]) -> Result<Outcome, ApiError> {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.strip_prefix("RedshiftData.").or_else(|| target.strip_prefix("RedshiftServerless."));
        let operation = operation.ok_or_else(ApiError::unknown_operation)?;
        if self.engine.faults.throttles(operation) {
            return Err(ApiError::throttled());
        }
        let body: Value = if body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))?
        };
        Ok(Outcome::Answered(match operation {
            "ExecuteStatement" | "BatchExecuteStatement" => {
                return self.submit(read(body)?, operation == "BatchExecuteStatement").await;
            }
            "DescribeStatement" => self.describe(&read(body)?).await?,
            "CancelStatement" => self.cancel(&read(body)?)?,
            "ListStatements" => self.list(&read(body)?)?,
            "ListSessions" => self.sessions.list(&read(body)?)?,
            "GetStatementResult" => self.result(&read(body)?, "JSON").await?,
            "GetStatementResultV2" => self.result(&read(body)?, "CSV").await?,
            "GetCredentials" => credentials::serverless(&read(body)?, &self.accounts, &self.engine.faults)?,
            "ListDatabases" => browse::databases(&read(body)?, &self.database)?,
            "ListSchemas" => browse::schemas(&read(body)?)?,
            "ListTables" => browse::tables(&read(body)?, &self.engine).await?,
            "DescribeTable" => browse::table(&read(body)?, &self.engine).await?,
            _ => return Err(ApiError::unknown_operation()),
        }))
    }

    async fn submit(self: &Arc<Self>, mut asked: Submit, is_batch: bool) -> Result<Outcome, ApiError> {
        let texts = submit::check(&asked, is_batch)?;
        if is_batch {
            asked.sql = None;
        } else {
            asked.sqls = None;
        }
        if self.engine.faults.loses_request() {
            return Ok(Outcome::Lost);
        }
        let mut session = None;
        let entered = self.statements.enter(&asked, &self.engine.faults, || {
            let (of, id) = self.sessions.of(&asked, &self.engine, &self.accounts.user, &self.database)?;
            let statement = Statement::new(asked.clone(), &texts, &of, id);
            self.sessions.begin(&statement);
            session = Some(of);
            Ok(statement)
        })?;
        let statement = match entered {
            Entered::New(statement) | Entered::Found(statement) => statement,
            Entered::Forgotten(answer) => return Ok(Outcome::Answered(answer)),
        };
        if let Some(session) = session {
            tracing::info!(id = statement.id, name = ?asked.statement_name, "statement accepted");
            tokio::spawn(Arc::clone(self).carry_out(Arc::clone(&statement), session, texts));
        }
        if self.engine.faults.loses_answer() {
            return Ok(Outcome::Lost);
        }
        if let Some(seconds) = asked.wait_time_seconds {
            statement.wait(Duration::from_secs(seconds)).await?;
        }
        Ok(Outcome::Answered(answer::accepted(&statement)))
    }

    /// Runs a statement to its end, and tells whoever wants to know.
    async fn carry_out(self: Arc<Self>, statement: Arc<Statement>, session: Arc<Session>, texts: Vec<String>) {
        let run = submit::run(Arc::clone(&self.engine), Arc::clone(&statement), session, texts);
        submit::to_an_end(Arc::clone(&statement), run).await;
        self.sessions.end(&statement);
        self.statements.ended(&statement, &self.engine.faults);
        if let Some(events) = self.events.as_ref().filter(|_| statement.asked.with_event == Some(true)) {
            events.send(answer::event(&statement)).await;
        }
    }

    async fn describe(&self, asked: &OfStatement) -> Result<Value, ApiError> {
        let (statement, part) = self.waited_for(asked).await?;
        Ok(match part.filter(|_| statement.is_batch()) {
            Some(index) => answer::described_part(&statement, index),
            None => answer::described(&statement),
        })
    }

    fn cancel(&self, asked: &OfStatement) -> Result<Value, ApiError> {
        let (statement, _) = self.statements.find(asked.id.as_deref(), &self.engine.faults)?;
        if statement.status().is_over() && !self.engine.beliefs.refuses_cancel_of_ended {
            return Ok(json!({ "Status": false }));
        }
        if statement.status().is_over() {
            let status = statement.status().as_str();
            return Err(ApiError::validation(format!(
                "Could not cancel a query that is already in {status} state with ID: {}",
                statement.id
            )));
        }
        statement.cancel.cancel();
        Ok(json!({ "Status": true }))
    }

    fn list(&self, asked: &List) -> Result<Value, ApiError> {
        let status = asked.status.as_deref().unwrap_or("FINISHED");
        if !["SUBMITTED", "PICKED", "STARTED", "FINISHED", "FAILED", "ABORTED", "ALL"].contains(&status) {
            return Err(ApiError::validation(format!("Status `{status}` is none.")));
        }
        let is_same = |asked: &Option<String>, of: &Option<String>| asked.is_none() || asked == of;
        let by_prefix = self.engine.beliefs.lists_by_prefix;
        let is_listed = |name: &str, prefix: &str| name == prefix || (by_prefix && name.starts_with(prefix));
        let is_meant = |statement: &Arc<Statement>| {
            let of = &statement.asked;
            (status == "ALL" || statement.status().as_str() == status)
                && asked
                    .statement_name
                    .as_ref()
                    .is_none_or(|prefix| of.statement_name.as_ref().is_some_and(|name| is_listed(name, prefix)))
                && is_same(&asked.target.cluster_identifier, &of.target.cluster_identifier)
                && is_same(&asked.target.workgroup_name, &of.target.workgroup_name)
                && is_same(&asked.target.database, &of.target.database)
        };
        let mut found = self.statements.newest_first(&self.engine.faults);
        found.retain(is_meant);
        // The page goes on behind the last one told, however many came meanwhile.
        if let Some(token) = &asked.next_token {
            let last = decoded(token)?;
            let place = found.iter().position(|statement| statement.id == last).ok_or_else(wrong_token)?;
            found.drain(..=place);
        }
        let page = asked.max_results.unwrap_or(100).clamp(1, 100);
        let is_whole = found.len() <= page;
        found.truncate(page);
        let mut answer = json!({ "Statements": found.iter().map(|statement| answer::listed(statement)).collect::<Vec<_>>() });
        if let Some(last) = found.last().filter(|_| !is_whole) {
            answer["NextToken"] = json!(BASE64_STANDARD.encode(&last.id));
        }
        Ok(answer)
    }

    async fn result(&self, asked: &OfStatement, format: &str) -> Result<Value, ApiError> {
        let (statement, part) = self.waited_for(asked).await?;
        let id = asked.id.as_deref().unwrap_or_default();
        if statement.is_batch() && !id.contains(':') {
            return Err(ApiError::validation("BatchExecuteStatement result can only be retrieved with sub-statement id."));
        }
        let parts = statement.parts();
        let is_kept = statement.asked.result_format.as_deref().unwrap_or("JSON") == format;
        let result = match part.map_or(parts.first(), |index| parts.get(index)) {
            Some(part) if !part.status.is_over() => None,
            Some(part) if part.size.is_some() && part.result.is_none() => return Err(ApiError::expired(id)),
            part => part.and_then(|part| part.result.clone()),
        };
        let result = result.ok_or_else(|| ApiError::no_result(self.engine.beliefs.no_result, id))?;
        if !is_kept {
            return Err(ApiError::validation(format!("The result of this statement is not in the format {format}.")));
        }
        let from = match &asked.next_token {
            Some(token) => decoded(token)?.parse().ok().filter(|from| *from < result.rows).ok_or_else(wrong_token)?,
            None => 0,
        };
        let mut answer = json!({ "ColumnMetadata": result.metadata(), "TotalNumRows": result.rows });
        let next = if format == "CSV" {
            let (text, next) = result.page_of_csv(from);
            answer["Records"] = json!([{ "CSVRecords": text }]);
            answer["ResultFormat"] = json!("CSV");
            next
        } else {
            let (records, next) = result.page(from);
            answer["Records"] = json!(records);
            next
        };
        if let Some(next) = next {
            answer["NextToken"] = json!(BASE64_STANDARD.encode(next.to_string()));
        }
        Ok(answer)
    }

    /// The statement that is asked about, after the wait that is asked for.
    async fn waited_for(&self, asked: &OfStatement) -> Result<(Arc<Statement>, Option<usize>), ApiError> {
        let found = self.statements.find(asked.id.as_deref(), &self.engine.faults)?;
        match asked.wait_time_seconds {
            None => {}
            Some(_) if !self.engine.beliefs.takes_wait_time => {
                return Err(ApiError::validation("WaitTimeSeconds is not a parameter of this operation."));
            }
            Some(1..=30) if self.engine.faults.no_wait => return Err(ApiError::active_waits()),
            Some(seconds @ 1..=30) => found.0.wait(Duration::from_secs(seconds)).await?,
            Some(_) => return Err(ApiError::validation("WaitTimeSeconds must be from 1 to 30.")),
        }
        Ok(found)
    }
}

fn wrong_token() -> ApiError {
    ApiError::validation("NextToken is not valid.")
}

fn decoded(token: &str) -> Result<String, ApiError> {
    let bytes = BASE64_STANDARD.decode(token).map_err(|_| wrong_token())?;
    String::from_utf8(bytes).map_err(|_| wrong_token())
}
