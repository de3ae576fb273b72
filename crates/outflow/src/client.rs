//! A thin client of the HTTP API: the calls of the contract with the models that the server has, and errors that a person can act on.

pub(crate) mod download;
pub(crate) mod stream;
pub(crate) mod wait;

use std::time::Duration;

use outflow_api::{
    ExplainView, FilesView, ListView, Problem, ReadyView, ReceiptView, RetryRequest, StatusView, TablesView, UnloadRequest,
    UnloadView,
};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::{CliError, Exit, Result};

/// Where client commands look for the service when nobody says.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// How long a call may take that does not wait for anything.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A service to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// The same, which goes nowhere else when it is told to: where that would be is then known.
    one_step: reqwest::Client,
    base: String,
    /// The address that the service puts into links, where it cannot be reached there: one inside this process, for as long as it lasts.
    linked_as: Option<String>,
}

/// Which unloads a list shows.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ListQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    pub(crate) limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

impl Client {
    /// A client of the service at that address; connects when it is first asked something.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn new(server: &str) -> Result<Self> {
        Self::build(server, None)
    }

    /// A client of a service that is reached at that address, while its links are made for another.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn inside(server: &str, linked_as: &str) -> Result<Self> {
        Self::build(server, Some(linked_as.to_owned()))
    }

    fn build(server: &str, linked_as: Option<String>) -> Result<Self> {
        let url =
            reqwest::Url::parse(server).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        let url = url.ok_or_else(|| {
            CliError::usage(format!("`{}` is not the address of a service", without_user(server)))
                .hint(format!("write it as `{DEFAULT_SERVER}`"))
        })?;
        let client = |redirect| {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("outflow/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(Duration::from_secs(10))
                .read_timeout(ANSWER_WITHIN)
                .redirect(redirect);
            let is_here = url.host_str().is_some_and(outflow_core::address::is_loopback);
            let builder = if is_here { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| CliError::new(Exit::Failed, format!("cannot set up HTTP: {}", root(&error))))
        };
        let (http, one_step) = (client(Policy::default())?, client(Policy::none())?);
        Ok(Self { http, one_step, base: server.trim_end_matches('/').to_owned(), linked_as })
    }

    /// `POST /api/unload`
    pub(crate) async fn submit(&self, request: &UnloadRequest) -> Result<UnloadView> {
        self.call(Method::POST, "/api/unload", Some(request)).await
    }

    /// `GET /api/unload/{id}`
    pub(crate) async fn unload(&self, id: &str) -> Result<UnloadView> {
        self.get(&unload_path(id, "")?).await
    }

    /// `GET /api/unload/status/{id}`; with a version, once it has passed it, or it has ended, or `seconds` are over.
    pub(crate) async fn status(&self, id: &str, wait: Option<(u64, i64)>) -> Result<StatusView> {
        let mut path = format!("/api/unload/status/{}", segment(id)?);
        if let Some((seconds, version)) = wait {
            path.push_str(&format!("?wait={seconds}&version={version}"));
        }
        self.get(&path).await
    }

    /// `GET /api/unload/file/{id}`, one page.
    pub(crate) async fn files(&self, id: &str, cursor: Option<&str>) -> Result<FilesView> {
        let query = cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        self.get(&format!("/api/unload/file/{}{query}", segment(id)?)).await
    }

    /// `GET /api/unload/{id}/receipt`
    pub(crate) async fn receipt(&self, id: &str) -> Result<ReceiptView> {
        self.get(&unload_path(id, "/receipt")?).await
    }

    /// `POST /api/unload/{id}/cancel`
    pub(crate) async fn cancel(&self, id: &str) -> Result<UnloadView> {
        self.call(Method::POST, &unload_path(id, "/cancel")?, None::<&()>).await
    }

    /// `POST /api/unload/{id}/retry`
    pub(crate) async fn retry(&self, id: &str, request: &RetryRequest) -> Result<UnloadView> {
        self.call(Method::POST, &unload_path(id, "/retry")?, Some(request)).await
    }

    /// `DELETE /api/unload/{id}`
    pub(crate) async fn delete(&self, id: &str) -> Result<UnloadView> {
        self.call(Method::DELETE, &unload_path(id, "")?, None::<&()>).await
    }

    /// `GET /api/unload`, one page.
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<ListView> {
        let request = self.http.get(format!("{}/api/unload", self.base)).query(query);
        read(self.send(request).await?).await
    }

    /// `POST /api/unload/explain`
    pub(crate) async fn explain(&self, request: &UnloadRequest) -> Result<ExplainView> {
        self.call(Method::POST, "/api/unload/explain", Some(request)).await
    }

    /// `GET /api/tables`
    pub(crate) async fn tables(&self, warehouse: Option<&str>) -> Result<TablesView> {
        let mut request = self.http.get(format!("{}/api/tables", self.base));
        if let Some(warehouse) = warehouse {
            request = request.query(&[("warehouse", warehouse)]);
        }
        read(self.send(request).await?).await
    }

    /// `GET /readyz`, whether it is ready or not.
    pub(crate) async fn ready(&self) -> Result<ReadyView> {
        let response = self.http.get(format!("{}/readyz", self.base)).send().await.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => read(response).await,
            _ => Err(self.problem(response).await),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        read(self.send(request).await?).await
    }

    /// Sends a request; an answer that is not a success becomes the error that it tells of.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.problem(response).await) }
    }

    /// The origin of an address that is not the service's, as of a link into storage; what stands behind it is a secret.
    fn elsewhere(&self, url: &reqwest::Url) -> Option<String> {
        let base = reqwest::Url::parse(&self.base).ok()?;
        let (here, there) = (base.origin(), url.origin());
        (here != there).then(|| there.ascii_serialization())
    }

    /// Whether the service lives in this process, and ends with it.
    pub(crate) fn is_inside(&self) -> bool {
        self.linked_as.is_some()
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let why = if error.is_timeout() { "it does not answer".to_owned() } else { root(error) };
        if let Some(place) = error.url().and_then(|url| self.elsewhere(url)) {
            return CliError::new(Exit::Unavailable, format!("cannot reach the storage at `{place}`, where the service led: {why}"))
                .hint("where callers do not reach it, `storage.proxy` lets the service hand files out, and `storage.publicEndpoint` names another address");
        }
        CliError::new(Exit::Unavailable, format!("cannot reach the service at `{}`: {why}", without_user(&self.base)))
            .hint("start one with `outflow serve`, or name another with `--server URL`")
    }

    async fn problem(&self, response: Response) -> CliError {
        let status = response.status();
        let elsewhere = self.elsewhere(response.url());
        let body = response.bytes().await.unwrap_or_default();
        if let Some(place) = elsewhere {
            return refused_elsewhere(&place, status, &String::from_utf8_lossy(&body));
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.into_error().into(),
            Err(_) => {
                let exit = if status.is_server_error() { Exit::Unavailable } else { Exit::Failed };
                CliError::new(exit, format!("`{}` answered `{status}`, and not as Outflow does", without_user(&self.base)))
                    .hint("is it the address of an Outflow service, and nothing in between that answers for it?")
            }
        }
    }
}

/// What storage says of a link. S3 names the reason in XML.
fn refused_elsewhere(place: &str, status: StatusCode, body: &str) -> CliError {
    let within = |name: &str| Some(body.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0);
    let said = [within("Code"), within("Message")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    let (exit, hint) = match status {
        status if status.is_server_error() => (Exit::Unavailable, "it may pass; the same command goes on from where it was"),
        StatusCode::NOT_FOUND => (Exit::NotFound, "somebody else has deleted the file; `outflow retry` makes it anew"),
        _ => (
            Exit::Failed,
            "the service signs links with its own rights and by its own clock; `outflow doctor` beside it looks at both",
        ),
    };
    CliError::new(exit, format!("the storage at `{place}` answered `{status}` to the link of the service{said}")).hint(hint)
}

/// An address as it may be shown: what stands before an `@` may be a password.
pub(crate) fn without_user(address: &str) -> String {
    match address.rsplit_once('@') {
        None => address.to_owned(),
        Some((before, rest)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://***@{rest}"),
            None => format!("***@{rest}"),
        },
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    let url = without_user(response.url().as_str());
    let body = response
        .bytes()
        .await
        .map_err(|error| CliError::new(Exit::Unavailable, format!("the answer of `{url}` broke off: {}", root(&error))))?;
    serde_json::from_slice(&body).map_err(|error| {
        CliError::new(Exit::Failed, format!("the answer of `{url}` cannot be read: {error}"))
            .hint("is it the address of an Outflow service of this version?")
    })
}

/// What caused an error in the end, which is what a person understands.
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(error) => crate::exit::describe(error),
        None => cause.to_string(),
    }
}

fn unload_path(id: &str, rest: &str) -> Result<String> {
    Ok(format!("/api/unload/{}{rest}", segment(id)?))
}

/// An id as part of a path. What is no id names nothing, and must not become another path.
fn segment(id: &str) -> Result<&str> {
    outflow_core::RequestId::parse(id).map_err(CliError::from)?;
    Ok(id)
}
