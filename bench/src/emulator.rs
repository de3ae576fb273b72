//! `outflow emulate redshift` beside what is measured, writing to a bucket, and what it says of its statements.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use reqwest::Client;
use serde_json::{Value, json};

use crate::bucket::Bucket;

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Emulator {
    child: Child,
    /// Where its Data API answers.
    pub(crate) data_api: String,
    client: Client,
}

/// A statement as the Data API lists it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created_at: DateTime<Utc>,
    /// Of one that has ended, when.
    pub(crate) updated_at: DateTime<Utc>,
}

impl Emulator {
    /// Starts it in that folder.
    pub(crate) fn start(program: &Path, folder: &Path, bucket: &Bucket, arguments: &[&str]) -> Result<Self> {
        let program = program.canonicalize().with_context(|| format!("there is no `{}`", program.display()))?;
        let log = std::fs::File::create(folder.join("emulator.log"))?;
        let mut child = Command::new(&program)
            .args(["emulate", "redshift", "--pg", "127.0.0.1:0", "--data-api", "127.0.0.1:0", "--s3-endpoint", &bucket.endpoint])
            .args(arguments)
            .current_dir(folder)
            .envs(Bucket::environment(&bucket.endpoint).into_iter().filter(|(name, _)| name.starts_with("AWS_")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let addresses = BufReader::new(stdout).lines().map_while(Result::ok);
        let data_api = addresses.filter_map(|line| line.strip_prefix("data-api ").map(str::to_owned)).next();
        let Some(data_api) = data_api else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the emulator did not start: {}", std::fs::read_to_string(folder.join("emulator.log"))?);
        };
        Ok(Self { child, data_api, client: Client::builder().no_proxy().build()? })
    }

    /// How a service reaches it at that address: its own, or that of who stands between.
    pub(crate) fn environment(endpoint: &str, max_running: u32) -> Vec<(&'static str, String)> {
        vec![
            ("OUTFLOW_WAREHOUSE_MAIN_URL", "redshift-data://bench/dev".to_owned()),
            ("OUTFLOW_WAREHOUSE_MAIN_ENDPOINT", endpoint.to_owned()),
            ("OUTFLOW_WAREHOUSE_MAIN_MAX_RUNNING", max_running.to_string()),
        ]
    }

    /// All statements that it remembers. A quota is waited out.
    pub(crate) async fn statements(&self) -> Result<Vec<Listed>> {
        let mut statements = Vec::new();
        let mut next = Value::Null;
        loop {
            let page = self.call("ListStatements", &json!({ "Status": "ALL", "MaxResults": 100, "NextToken": next })).await?;
            for statement in page["Statements"].as_array().into_iter().flatten() {
                statements.push(listed(statement).with_context(|| format!("not a statement: {statement}"))?);
            }
            next = page["NextToken"].clone();
            if next.is_null() {
                return Ok(statements);
            }
        }
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<Value> {
        let mut body = body.clone();
        if let Value::Object(members) = &mut body {
            members.retain(|_, value| !value.is_null());
        }
        loop {
            let call = self.client.post(&self.data_api).header("x-amz-target", format!("RedshiftData.{operation}"));
            let answer = call.header("content-type", "application/x-amz-json-1.1").body(body.to_string()).send().await?;
            let is_error = !answer.status().is_success();
            let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
            match answer["__type"].as_str() {
                Some("ThrottlingException") => tokio::time::sleep(Duration::from_millis(500)).await,
                _ if is_error => bail!("`{operation}` failed: {answer}"),
                _ => return Ok(answer),
            }
        }
    }
}

fn listed(statement: &Value) -> Option<Listed> {
    let time = |name: &str| {
        let milliseconds = (statement[name].as_f64()? * 1_000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        DateTime::from_timestamp_millis(milliseconds as i64)
    };
    let text = |name: &str| statement[name].as_str().map(str::to_owned);
    Some(Listed {
        id: text("Id")?,
        name: text("StatementName").unwrap_or_default(),
        status: text("Status")?,
        created_at: time("CreatedAt")?,
        updated_at: time("UpdatedAt")?,
    })
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Nothing that it could still do matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
