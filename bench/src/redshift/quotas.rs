//! Many more unloads than the Data API lets run at a time, with its quotas of calls enforced.
//!
//! The service is told of more places than there are, so that the limit itself is met and not only its own. What was submitted is counted
//! at the emulator, by the statements' names.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};

use super::World;
use crate::emulator::Listed;
use crate::figures::Report;
use crate::service::Service;

const UNLOADS: usize = 1_000;
const CALLERS: usize = 64;
/// How many statements the service believes that may run.
const MAX_RUNNING: u32 = 250;
/// Statements take so long that as many are active as may, with 50 of them running.
const FAULTS: [&str; 6] = ["--fault", "slow=7", "--fault", "active-limit=200", "--fault", "throttle"];
/// What is counted in MiB, in MB.
const MIB: f64 = 1.048_576;

pub(super) async fn measure(program: &Path, report: &mut Report) -> Result<()> {
    let world = World::start(program, MAX_RUNNING, &FAULTS).await?;
    let service = Arc::new(world.service);
    let begun = Instant::now();
    let submits = stream::iter(0..UNLOADS).map(|_| {
        let service = Arc::clone(&service);
        async move { service.submit(&Service::one_row()).await }
    });
    let requests: Vec<String> = submits.buffer_unordered(CALLERS).try_collect().await?;
    let accepted = begun.elapsed();
    let ends = stream::iter(&requests).map(|request_id| service.done(request_id));
    let ends: Vec<Result<()>> = ends.buffer_unordered(CALLERS).collect().await;
    let (took, done) = (begun.elapsed(), ends.iter().filter(|ended| ended.is_ok()).count());
    for failed in ends.iter().filter_map(|ended| ended.as_ref().err()).take(3) {
        eprintln!("{failed:#}");
    }
    let what = format!("{UNLOADS} unloads, quotas of calls enforced, `DONE`");
    let seconds = took.as_secs_f64();
    let measured = format!("{done}, all accepted in {:.1} s, ended in {seconds:.0} s", accepted.as_secs_f64());
    report.add_against(what, measured, "none lost", done == UNLOADS);

    let statements = world.emulator.statements().await?;
    let most = most_active(&statements);
    report.add_against("active at a time", most.to_string(), "200 at most, reached", most == 200);
    let mut names: HashMap<&str, usize> = HashMap::new();
    for statement in &statements {
        *names.entry(&statement.name).or_default() += 1;
    }
    let twice = names.values().filter(|count| **count > 1).count();
    let unfinished = statements.iter().filter(|statement| statement.status != "FINISHED").count();
    let measured = format!(
        "{twice} of {} names; {} statements at the warehouse, {unfinished} of them not finished",
        names.len(),
        statements.len()
    );
    report.add_against("submitted twice", measured, "none", twice == 0 && statements.len() == UNLOADS && unfinished == 0);

    let calls = world.proxy.calls();
    let made = |operation: &str| {
        let of = calls.iter().filter(|call| call.operation == operation);
        format!("{operation} {} ({} refused)", of.clone().count(), of.filter(|call| call.is_refused()).count())
    };
    let operations = ["ExecuteStatement", "DescribeStatement", "ListStatements"].map(made);
    report.add("calls of the Data API for them", operations.join(", "));
    let (now, peak) = service.memory()?;
    let measured = format!("{now:.0} MiB, at most {peak:.0} MiB");
    report.add_against("memory of the service after them", measured, "150 MB", peak * MIB < 150.0);
    Ok(())
}

/// The most statements between whose beginning and end one moment lies.
fn most_active(statements: &[Listed]) -> usize {
    let mut changes: Vec<(i64, isize)> = Vec::new();
    for statement in statements {
        // What ends in the very moment in which another begins made room for it.
        changes.push((statement.created_at.timestamp_millis(), 1));
        changes.push((statement.updated_at.timestamp_millis(), -1));
    }
    changes.sort_unstable();
    let mut active = 0;
    let most = changes.into_iter().map(|(_, change)| {
        active += change;
        active
    });
    most.max().unwrap_or_default().unsigned_abs()
}
