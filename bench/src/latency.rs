//! How long one unload takes while nothing else runs, and how soon a terminal state is heard.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::figures::{Report, Times};
use crate::service::{Service, Start};

const TRIES: usize = 300;
/// Slow enough that the stream is open long before the end.
const SLOW: &str = "SELECT sum(a.l_quantity * b.n_nationkey) AS n FROM lineitem AS a CROSS JOIN nation AS b";

pub(crate) async fn measure(program: &Path, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir()?;
    let service = Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?;
    let request_id = service.submit(&Service::one_row()).await?;
    service.done(&request_id).await?;

    let mut whole = Times::default();
    for _ in 0..TRIES {
        let begun = Instant::now();
        let request_id = service.submit(&Service::one_row()).await?;
        service.done(&request_id).await?;
        whole.push(begun.elapsed());
    }
    report.add_times("`POST` to `DONE`, one row, idle service", &mut whole, 50, Duration::from_millis(20));

    // The sample table is made by the first.
    let request_id = service.submit(&json!({ "sql": SLOW })).await?;
    service.done(&request_id).await?;
    let mut heard = Times::default();
    for _ in 0..TRIES {
        let request_id = service.submit(&json!({ "sql": SLOW })).await?;
        heard.push(until_heard(&service, &request_id).await?);
    }
    let what = "terminal state (its `finishedAt`) to server-sent event";
    report.add_times(what, &mut heard, 99, Duration::from_millis(10));
    Ok(())
}

/// From `finishedAt`, stamped just before the commit, to the arrival of the event that tells of it.
async fn until_heard(service: &Service, request_id: &str) -> Result<Duration> {
    let path = format!("/api/unload/{request_id}/events");
    let mut stream = service.client.get(service.url(&path)).send().await?.bytes_stream();
    let mut text = String::new();
    let mut was_running = false;
    while let Some(chunk) = stream.next().await {
        let arrived = Utc::now();
        text.push_str(std::str::from_utf8(&chunk?)?);
        for line in text.lines().filter_map(|line| line.strip_prefix("data:")) {
            let Ok(unload) = serde_json::from_str::<Value>(line) else { continue };
            match unload["status"].as_str() {
                Some("DONE") if !was_running => bail!("`{request_id}` ended before its stream was open"),
                Some("DONE") => {
                    let url = service.url(&format!("/api/unload/{request_id}"));
                    let unload: Value = service.client.get(url).send().await?.json().await?;
                    let finished: DateTime<Utc> = unload["finishedAt"].as_str().context("no finishedAt")?.parse()?;
                    return Ok((arrived - finished).to_std().unwrap_or_default());
                }
                Some("PENDING" | "RUNNING") => was_running = true,
                _ => bail!("`{request_id}` did not end well: {unload}"),
            }
        }
    }
    bail!("the stream of `{request_id}` ended before its unload")
}
