//! A Data API that does what a test tells it: the JSON 1.1 protocol over HTTP, statements that end when they are told to, and faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use outflow_warehouse::redshift_data::{Credentials, Pace, RedshiftData, RedshiftDataConfig, SharedCredentialsProvider};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What happens to the next call of an operation instead of its answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// AWS's refusal of that name, before anything is done.
    Refuse(&'static str, &'static str),
    /// It is done, and the answer is lost.
    LoseAnswer,
    /// It is done, and the answer never comes.
    Hang,
    /// A list without what is there.
    ShowNothing,
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) status: String,
    pub(crate) error: String,
}

#[derive(Debug, Default)]
struct Inner {
    statements: Vec<Statement>,
    tokens: Vec<(String, String)>,
    calls: Vec<(String, Value)>,
    faults: Vec<(String, VecDeque<Fault>)>,
    result: Value,
    page: usize,
}

/// The server, and what it knows.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    inner: Arc<Mutex<Inner>>,
    changed: Arc<watch::Sender<u64>>,
    pub(crate) endpoint: String,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { page: 100, ..Inner::default() };
        let fake = Self { inner: Arc::new(Mutex::new(inner)), changed: Arc::new(watch::channel(0).0), endpoint };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    pub(crate) fn config(&self) -> RedshiftDataConfig {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        RedshiftDataConfig {
            workgroup: Some("wg".into()),
            database: "dev".into(),
            region: Some("eu-west-1".into()),
            endpoint: Some(self.endpoint.clone()),
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            pace: Pace {
                executes_per_second: 1_000.0,
                describes_per_second: 1_000.0,
                others_per_second: 1_000.0,
                patience: Duration::from_secs(5),
                settle: Duration::from_millis(300),
                ..Pace::default()
            },
            ..RedshiftDataConfig::default()
        }
    }

    pub(crate) fn warehouse(&self) -> RedshiftData {
        RedshiftData::new(self.config()).unwrap()
    }

    /// The next calls of that operation fail so, in that order.
    pub(crate) fn fail(&self, operation: &str, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().unwrap().faults.push((operation.to_owned(), faults.into_iter().collect()));
    }

    /// What every query gives.
    pub(crate) fn gives(&self, result: Value) {
        self.inner.lock().unwrap().result = result;
    }

    /// How many statements stand on a page of a list.
    pub(crate) fn pages_of(&self, size: usize) {
        self.inner.lock().unwrap().page = size;
    }

    /// The token's window has passed.
    pub(crate) fn forget_tokens(&self) {
        self.inner.lock().unwrap().tokens.clear();
    }

    pub(crate) fn statements(&self) -> Vec<Statement> {
        self.inner.lock().unwrap().statements.clone()
    }

    pub(crate) fn add(&self, name: &str, status: &str) -> String {
        let mut inner = self.inner.lock().unwrap();
        let id = format!("00000000-0000-4000-8000-{:012}", inner.statements.len());
        let (name, status) = (name.to_owned(), status.to_owned());
        inner.statements.push(Statement { id: id.clone(), name, sql: String::new(), status, error: String::new() });
        id
    }

    pub(crate) fn end(&self, id: &str, status: &str, error: &str) {
        let mut inner = self.inner.lock().unwrap();
        let statement = inner.statements.iter_mut().find(|statement| statement.id == id).unwrap();
        (statement.status, statement.error) = (status.to_owned(), error.to_owned());
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// The calls of one operation, in their order.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Value> {
        let inner = self.inner.lock().unwrap();
        inner.calls.iter().filter(|(name, _)| name == operation).map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn order(&self) -> Vec<String> {
        self.inner.lock().unwrap().calls.iter().map(|(name, _)| name.clone()).collect()
    }

    fn next_fault(&self, operation: &str) -> Option<Fault> {
        let mut inner = self.inner.lock().unwrap();
        inner.faults.iter_mut().filter(|(name, _)| name == operation).find_map(|(_, faults)| faults.pop_front())
    }

    async fn described(&self, body: &Value) -> Result<Value, Response> {
        let id = body["Id"].as_str().unwrap_or_default();
        let wait = Duration::from_secs(body["WaitTimeSeconds"].as_u64().unwrap_or(0));
        let mut changes = self.changed.subscribe();
        let is_over = |_: &u64| self.find(id).is_none_or(|statement| is_over(&statement.status));
        let _ = tokio::time::timeout(wait, changes.wait_for(is_over)).await;
        let Some(statement) = self.find(id) else { return Err(refuse("ResourceNotFoundException", "Query does not exist.")) };
        Ok(json!({
            "Id": statement.id, "Status": statement.status, "Error": statement.error, "QueryString": statement.sql,
            "HasResultSet": true, "ResultRows": -1, "ResultSize": 0, "Duration": 1, "RedshiftPid": 1, "RedshiftQueryId": 1,
        }))
    }

    fn find(&self, id: &str) -> Option<Statement> {
        self.inner.lock().unwrap().statements.iter().find(|statement| statement.id == id).cloned()
    }

    fn executed(&self, body: &Value) -> Value {
        let token = body["ClientToken"].as_str().unwrap_or_default().to_owned();
        let known = self.inner.lock().unwrap().tokens.iter().find(|(known, _)| *known == token).map(|(_, id)| id.clone());
        if let Some(id) = known {
            return json!({ "Id": id });
        }
        let name = body["StatementName"].as_str().unwrap_or_default();
        // What is a query of the warehouse's own ends at once.
        let id = self.add(name, if name.starts_with("outflow-") { "FINISHED" } else { "STARTED" });
        let mut inner = self.inner.lock().unwrap();
        inner.tokens.push((token, id.clone()));
        let sql = body["Sql"].as_str().or_else(|| body["Sqls"][1].as_str()).unwrap_or_default().to_owned();
        inner.statements.last_mut().unwrap().sql = sql;
        json!({ "Id": id })
    }

    fn listed(&self, body: &Value) -> Value {
        assert_eq!(body["RoleLevel"], true, "the statements of other sessions of the role are wanted too");
        let inner = self.inner.lock().unwrap();
        let prefix = body["StatementName"].as_str().unwrap_or_default();
        let all = body["Status"] == "ALL";
        let fits = |statement: &&Statement| statement.name.starts_with(prefix) && (all || statement.status == "FINISHED");
        let from: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let fitting: Vec<_> = inner.statements.iter().filter(fits).collect();
        let page: Vec<_> = fitting.iter().skip(from).take(inner.page).collect();
        let page: Vec<_> = page
            .iter()
            .map(|statement| json!({ "Id": statement.id, "StatementName": statement.name, "Status": statement.status, "CreatedAt": 1.0 }))
            .collect();
        let next = (from + page.len() < fitting.len()).then(|| (from + page.len()).to_string());
        json!({ "Statements": page, "NextToken": next })
    }

    fn cancelled(&self, body: &Value) -> Result<Value, Response> {
        let id = body["Id"].as_str().unwrap_or_default();
        let Some(statement) = self.find(id) else { return Err(refuse("ResourceNotFoundException", "Query does not exist.")) };
        if is_over(&statement.status) {
            return Err(refuse("ValidationException", "Could not cancel a query that is already in FINISHED state."));
        }
        self.end(id, "ABORTED", "");
        Ok(json!({ "Status": true }))
    }
}

fn is_over(status: &str) -> bool {
    matches!(status, "FINISHED" | "FAILED" | "ABORTED")
}

fn refuse(name: &str, message: &str) -> Response {
    let body = json!({ "__type": name, "message": message, "Message": message });
    (StatusCode::BAD_REQUEST, [("x-amzn-errortype", name.to_owned())], body.to_string()).into_response()
}

async fn answer(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("RedshiftData.").unwrap_or_default().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    fake.inner.lock().unwrap().calls.push((operation.clone(), body.clone()));
    let fault = fake.next_fault(&operation);
    if let Some(Fault::Refuse(name, message)) = &fault {
        return refuse(name, message);
    }
    let done = match operation.as_str() {
        "ExecuteStatement" | "BatchExecuteStatement" => Ok(fake.executed(&body)),
        "DescribeStatement" => fake.described(&body).await,
        "ListStatements" => Ok(fake.listed(&body)),
        "CancelStatement" => fake.cancelled(&body),
        "GetStatementResult" => Ok(fake.inner.lock().unwrap().result.clone()),
        other => panic!("unexpected operation {other}"),
    };
    match fault {
        Some(Fault::LoseAnswer) => StatusCode::BAD_GATEWAY.into_response(),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::ShowNothing) => axum::Json(json!({ "Statements": [] })).into_response(),
        _ => done.map_or_else(|refused| refused, |value| axum::Json(value).into_response()),
    }
}
