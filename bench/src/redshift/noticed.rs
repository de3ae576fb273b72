//! From the end of a statement in the warehouse to the service's knowing it, while a hundred run and more wait behind them.
//!
//! The end is when the emulator says that it was; the service knows it when its stream of events says `FINALIZING`, or what comes after. So
//! many statements run from the hundredth submit to the last end that counts: as one ends the next begins.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde_json::Value;
use tokio::task::JoinSet;

use super::{World, per_second};
use crate::figures::{Report, Times};
use crate::service::Service;

/// How many statements are active at a time.
const RUNNING: usize = 100;
/// How many ends are timed.
const ENDS: usize = 100;

/// How it is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// What the emulator does: a statement takes a time of its own, and half of them wait for a place to run in.
    faults: &'static [&'static str],
    /// The rest between two of the first submits, so that the ends do not come together.
    apart: Duration,
    /// How the figures are called.
    name: &'static str,
    /// Whether there is a target.
    is_judged: bool,
}

/// The Data API holds answers back. A statement lives for some 80 seconds.
pub(super) const WITH_LONG_POLLS: Way =
    Way { faults: &["--fault", "slow=40"], apart: Duration::from_millis(400), name: "long polls allowed", is_judged: true };

/// The Data API refuses to. A statement lives for some 30 seconds.
pub(super) const WITHOUT: Way = Way {
    faults: &["--fault", "slow=15", "--fault", "no-wait"],
    apart: Duration::from_millis(150),
    name: "long polls refused",
    is_judged: false,
};

pub(super) async fn measure(program: &Path, way: Way, report: &mut Report) -> Result<()> {
    let world = World::start(program, RUNNING as u32, way.faults).await?;
    let service = Arc::new(world.service);
    let mut ends = JoinSet::new();
    for number in 0..RUNNING + ENDS {
        let request_id = service.submit(&Service::one_row()).await?;
        ends.spawn(known_at(Arc::clone(&service), request_id));
        // What is behind the first waits for a place of theirs.
        if number < RUNNING {
            tokio::time::sleep(way.apart).await;
        }
    }
    let mut known = HashMap::new();
    while known.len() < ENDS {
        let (request_id, at) = ends.join_next().await.context("there are not so many ends")???;
        known.insert(request_id, at);
    }
    let until = Instant::now();
    ends.abort_all();

    let ended: HashMap<String, DateTime<Utc>> =
        world.emulator.statements().await?.into_iter().map(|statement| (statement.id, statement.updated_at)).collect();
    let mut times = Times::default();
    for (request_id, at) in known {
        let url = service.url(&format!("/api/unload/{request_id}"));
        let unload: Value = service.client.get(url).send().await?.json().await?;
        let statement_id = unload["statementId"].as_str().context("no statementId")?;
        let end = ended.get(statement_id).with_context(|| format!("the emulator does not know `{statement_id}`"))?;
        times.push((at - end).to_std().unwrap_or_default());
    }
    let what = format!("end of a statement to `FINALIZING`, {RUNNING} running, {}", way.name);
    if way.is_judged {
        report.add_times(what, &mut times, 99, Duration::from_secs(1));
    } else {
        report.add(what, times.summary());
    }

    let calls = world.proxy.calls();
    let submits: Vec<Instant> = calls.iter().filter(|call| call.operation == "ExecuteStatement").map(|call| call.at).collect();
    let since = *submits.get(RUNNING - 1).context("so many never ran")?;
    let looks: Vec<Instant> = calls
        .iter()
        .filter(|call| call.operation == "DescribeStatement" && (since..until).contains(&call.at))
        .map(|call| call.at)
        .collect();
    let (rate, time) = (per_second(looks.len(), until - since), (until - since).as_secs());
    let what = format!("`DescribeStatement` meanwhile, {}", way.name);
    let measured = format!("{rate:.2} a second over {time} s, at most {} in one", busiest(&looks));
    if way.is_judged {
        report.add_against(what, measured, "at most 4 a second", rate <= 4.0);
    } else {
        report.add(what, measured);
    }
    Ok(())
}

/// When the service first said that it knows of the end.
async fn known_at(service: Arc<Service>, request_id: String) -> Result<(String, DateTime<Utc>)> {
    let url = service.url(&format!("/api/unload/{request_id}/events"));
    let mut stream = service.client.get(url).send().await?.error_for_status()?.bytes_stream();
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        let arrived = Utc::now();
        text.push_str(std::str::from_utf8(&chunk?)?);
        let Some(end) = text.rfind('\n') else { continue };
        for line in text[..end].lines().filter_map(|line| line.strip_prefix("data:")) {
            let status: Value = serde_json::from_str(line)?;
            match (status["status"].as_str(), status["phase"].as_str()) {
                (Some("RUNNING"), Some("FINALIZING")) | (Some("DONE"), _) => return Ok((request_id, arrived)),
                (Some("PENDING" | "RUNNING"), _) => {}
                _ => bail!("`{request_id}` did not end well: {status}"),
            }
        }
        text.drain(..=end);
    }
    bail!("the stream of `{request_id}` ended before its unload")
}

/// The most of them within one second.
fn busiest(times: &[Instant]) -> usize {
    let within = |from: &Instant| {
        let second = *from..*from + Duration::from_secs(1);
        times.iter().filter(|at| second.contains(*at)).count()
    };
    times.iter().map(within).max().unwrap_or_default()
}
