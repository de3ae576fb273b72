//! Reads of a table with very many unloads: the status, and each filter of the list.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::figures::{Report, Times};
use crate::service::{Service, Start};

const TRIES: usize = 300;
/// Each filter that a list has, as its query string.
const FILTERS: [(&str, &str); 7] = [
    ("no filter", ""),
    ("status=DONE", "status=DONE"),
    ("status=FAILED (one in a hundred)", "status=FAILED"),
    ("label=team:growth (one in ten)", "label=team:growth"),
    ("label=report:r7 (one in a thousand)", "label=report:r7"),
    ("since, the newest hundredth", "since={recent}"),
    ("status, label and since together", "status=DONE&label=team:growth&since={recent}"),
];

pub(crate) async fn measure(program: &Path, rows: u32, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir_in("target")?;
    // The service makes the table, the rows are put in while it is stopped.
    drop(Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?);
    fill(&data.path().join("outflow.db"), rows).await.context("cannot fill the table")?;

    let service = Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?;
    let recent = chrono::DateTime::from_timestamp_micros(i64::from(rows) * 990_000).context("too many rows")?;
    let recent = recent.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut status = Times::default();
    for number in 0..TRIES {
        let number = number as u32 * (rows / TRIES as u32);
        status.push(get(&service, &format!("/api/unload/status/r-{number}")).await?);
    }
    report.add(format!("status with {rows} unloads in the table"), status.summary());
    let mut slowest = Times::default();
    for (name, query) in FILTERS {
        let mut times = Times::default();
        for _ in 0..TRIES {
            times.push(get(&service, &format!("/api/unload?{}", query.replace("{recent}", &recent))).await?);
        }
        report.add(format!("list with {rows} unloads, {name}"), times.summary());
        slowest.extend(times);
    }
    report.add(format!("list with {rows} unloads, all filters"), slowest.summary());
    Ok(())
}

async fn get(service: &Service, path: &str) -> Result<std::time::Duration> {
    let asked = Instant::now();
    service.client.get(service.url(path)).send().await?.error_for_status()?.bytes().await?;
    Ok(asked.elapsed())
}
