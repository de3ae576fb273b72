//! A service under measurement: started on a free port with a folder of its own, stopped by its own process id.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A running `outflow serve`.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    base: String,
    /// Keeps connections alive between requests, as callers do.
    pub(crate) client: Client,
    /// How long it took from its start to its first answer.
    pub(crate) started_in: Duration,
}

/// How to start a service.
#[derive(Debug, Default)]
pub(crate) struct Start<'a> {
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// More of the configuration, by environment variable.
    pub(crate) environment: Vec<(&'a str, String)>,
}

impl Service {
    pub(crate) async fn start(program: &Path, start: Start<'_>) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let base = format!("http://127.0.0.1:{port}");
        let client = Client::builder().no_proxy().pool_max_idle_per_host(256).build()?;
        let log = std::fs::File::create(start.data.join("bench.log")).context("cannot write into the data folder")?;
        let begun = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
            .arg(&start.data)
            .envs(start.environment)
            .env("OUTFLOW_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let mut service = Self { child, base, client, started_in: Duration::ZERO };
        loop {
            if let Ok(answer) = service.client.get(service.url("/healthz")).send().await
                && answer.status().is_success()
            {
                break;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                bail!("the service did not answer within 30 s; see `{}`", start.data.join("bench.log").display());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        service.started_in = begun.elapsed();
        Ok(service)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Submits and gives the `requestId`.
    pub(crate) async fn submit(&self, body: &Value) -> Result<String> {
        let answer = self.client.post(self.url("/api/unload")).json(body).send().await?;
        if answer.status() != StatusCode::ACCEPTED {
            bail!("not accepted: {}", answer.text().await?);
        }
        let unload: Value = answer.json().await?;
        Ok(unload["requestId"].as_str().context("no requestId")?.to_owned())
    }

    /// Waits until the unload has ended; an error unless it is `DONE`.
    pub(crate) async fn done(&self, request_id: &str) -> Result<()> {
        loop {
            let path = format!("/api/unload/status/{request_id}?wait=30");
            let status: Value = self.client.get(self.url(&path)).send().await?.json().await?;
            match status["status"].as_str() {
                Some("DONE") => return Ok(()),
                Some("PENDING" | "RUNNING") => {}
                _ => bail!("`{request_id}` did not end well: {status}"),
            }
        }
    }

    /// The smallest unload that there is: one row, one file.
    pub(crate) fn one_row() -> Value {
        json!({ "sql": "SELECT 1 AS one" })
    }

    /// Processor time so far, of all threads.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // What stands before is a name in parentheses, which may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("no process status")?;
        let ticks = |index: usize| fields.split_whitespace().nth(index).and_then(|ticks| ticks.parse::<u64>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).context("no processor time")?;
        // Linux tells user programs hundredths of a second, whatever it counts in.
        Ok(Duration::from_millis((user + system) * 10))
    }

    /// Present and greatest resident memory, in MiB.
    pub(crate) fn memory(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse::<f64>().ok()
        };
        let read = |name| kilobytes(name).with_context(|| format!("no {name}"));
        Ok((read("VmRSS")? / 1024.0, read("VmHWM")? / 1024.0))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process is ours and measured; nothing that it could still do matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
