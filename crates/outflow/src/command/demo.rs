//! `demo`: a service on sample tables, and one real unload through its API, told step by step.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use chrono::Utc;
use outflow_api::{ReceiptView, StatusView, UnloadRequest};
use outflow_core::Status;
use tokio::net::TcpListener;

use super::{serve, show};
use crate::cli::{DemoArgs, Global};
use crate::client::Client;
use crate::config::{Config, ConfigFile, Override, Sources};
use crate::exit::{CliError, Exit, Result};
use crate::output::print_line;
use crate::service::Service;
use crate::signals::Signals;

/// How many ports after the wanted one are tried.
const PORTS: u16 = 20;

const QUESTION: &str = "what did the customers of each nation order, and for how much, year by year?";

const SQL: &str = "\
SELECT n_name AS nation, extract(year FROM o_orderdate) AS year, count(*) AS orders, sum(o_totalprice) AS revenue
FROM orders
JOIN customer ON c_custkey = o_custkey
JOIN nation ON n_nationkey = c_nationkey
WHERE o_orderdate >= :since
GROUP BY n_name, extract(year FROM o_orderdate)
ORDER BY nation, year";

/// Serves, unloads, tells, and serves on.
pub(super) async fn demo(global: &Global, args: &DemoArgs) -> Result<()> {
    let config = config(args)?;
    crate::logging::start(global.log_format, "warn")?;
    let mut signals = Signals::listen()?;
    let listener = bind(config.server.listen).await?;
    let service = Service::start(&config, listener).await?;
    let client = Client::new(service.url())?;
    let told = tokio::select! {
        told = tell(&client, &config, service.url()) => told,
        exit = signals.next() => Err(CliError::silent(exit)),
    };
    if told.is_err() || args.exit {
        let mut service = service;
        service.stop().await;
        return told;
    }
    print_line(&format!("\nServing at {} until Ctrl-C.", service.url()))?;
    serve::until_told(service, &mut signals).await
}

/// The demo is the same everywhere: no file and no variable reaches it.
fn config(args: &DemoArgs) -> Result<Config> {
    let data_dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from("outflow-data")).join("demo");
    let mut flags = vec![Override { flag: "--data-dir", path: "server.dataDir", value: data_dir.display().to_string() }];
    flags.extend(args.listen.map(|address| Override { flag: "--listen", path: "server.listen", value: address.to_string() }));
    Config::load(&Sources { file: ConfigFile::Ignored, variables: Vec::new(), flags })
}

/// The wanted port, or the next that is free, saying so.
async fn bind(wanted: SocketAddr) -> Result<TcpListener> {
    let mut address = wanted;
    for _ in 0..PORTS {
        match serve::bind(address).await {
            Ok(listener) => {
                if address != wanted {
                    print_line(&format!("Port {} is taken; this demo takes {} instead.\n", wanted.port(), address.port()))?;
                }
                return Ok(listener);
            }
            Err(error) if error.exit() != Exit::Conflict => return Err(error),
            Err(_) => address.set_port(address.port().wrapping_add(1)),
        }
    }
    serve::bind(wanted).await
}

async fn tell(client: &Client, config: &Config, url: &str) -> Result<()> {
    let request = request();
    print_line(&format!("Outflow {} serves the TPC-H sample tables at {url}", env!("CARGO_PKG_VERSION")))?;
    print_line(&format!("Its data lies in {}\n", config.server.data_dir.display()))?;
    print_line(&format!("The question: {QUESTION}\n"))?;
    print_line(&indented(SQL))?;

    let begin = Instant::now();
    let accepted = client.submit(&request).await?;
    let id = accepted.request_id.to_string();
    print_line(&format!("\nPOST {url}/api/unload, and at once 202 Accepted. Its name is {id}; it goes on by itself:\n"))?;
    // What the answer said; it may have gone on before anybody listens.
    print_line(&format!("  {:>6} ms  {}", begin.elapsed().as_millis(), accepted.status.as_str()))?;
    let mut changes = client.changes(&id).await?;
    let mut last = None;
    while let Some(status) = changes.next().await? {
        if status.version != accepted.version {
            print_line(&step(&status, begin))?;
        }
        last = Some(status);
    }
    let ended = last.filter(|status| status.status.is_terminal());
    let ended = ended.ok_or_else(|| CliError::new(Exit::Failed, format!("the service ended before the unload `{id}` did")))?;
    if ended.status != Status::Done {
        let why = ended.error.as_ref().map(show::error).unwrap_or_default();
        return Err(CliError::new(Exit::Failed, format!("the unload `{id}` ended {}: {why}", ended.status.as_str())));
    }

    let receipt = client.receipt(&id).await?;
    print_line("\nThe receipt, in short: what was verified\n")?;
    print_line(indented(&show::receipt(&receipt)).trim_end())?;
    print_line(&format!("\nThe link, which makes a fresh short-lived one at every click:\n\n  {url}/api/unload/{id}/files/0"))?;
    print_line(&next_steps(url, &id, &receipt))
}

fn request() -> UnloadRequest {
    let since = serde_json::json!({ "type": "date", "value": "1994-01-01" });
    UnloadRequest {
        request_id: Some(format!("demo-{}", Utc::now().format("%Y%m%d-%H%M%S%3f"))),
        sql: Some(SQL.to_owned()),
        parameters: Some([("since".to_owned(), since)].into_iter().collect()),
        labels: Some([("from".to_owned(), "demo".to_owned())].into_iter().collect()),
        ..UnloadRequest::default()
    }
}

fn step(status: &StatusView, begin: Instant) -> String {
    format!("  {:>6} ms  {}{}", begin.elapsed().as_millis(), crate::progress::word(status), crate::progress::amount(status))
}

fn next_steps(url: &str, id: &str, receipt: &ReceiptView) -> String {
    let columns = receipt.schema.len();
    let program = program();
    format!(
        "\nTry next:

  # the {columns} columns of the result
  curl -sL {url}/api/unload/{id}/files/0 | gunzip | head -n 5
  # a query of your own
  curl -s {url}/api/unload -H 'content-type: application/json' -d '{{\"sql\": \"SELECT * FROM nation ORDER BY n_name\", \"format\": \"json\"}}'
  # what there is to query, and what was
  curl -s {url}/api/tables
  curl -s '{url}/api/unload?limit=5'
  # the same from the command line
  {program} unload \"SELECT * FROM region\" --out - --server {url}"
    )
}

/// This program as it was called, for a shell.
fn program() -> String {
    let called = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    match called.as_str() {
        "" => "outflow".to_owned(),
        plain if plain.chars().all(is_plain) => plain.to_owned(),
        other => format!("'{}'", other.replace('\'', r"'\''")),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect::<String>().trim_end().to_owned()
}
