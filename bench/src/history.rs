//! Reads of a table with very many unloads: the status, and each filter of the list.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sqlx::Connection as _;

use crate::figures::{Report, Times};
use crate::service::{Service, Start};

const TRIES: usize = 300;
/// Each filter that a list has, as its query string.
const FILTERS: [(&str, &str); 10] = [
    ("no filter", ""),
    ("status=DONE", "status=DONE"),
    ("status=FAILED (one in a hundred)", "status=FAILED"),
    ("label=team:growth (one in ten)", "label=team:growth"),
    ("label=report:r7 (one in a thousand)", "label=report:r7"),
    ("since, the newest hundredth", "since={recent}"),
    ("status, label and since together", "status=DONE&label=team:growth&since={recent}"),
    ("status=RUNNING (none)", "status=RUNNING"),
    ("label=team:nobody (none)", "label=team:nobody"),
    ("a failed one with a label (one in a thousand)", "status=FAILED&label=report:r7"),
];

/// Once with one owner who has everything, once with a thousand owners of whom the caller is one.
pub(crate) async fn measure(program: &Path, rows: u32, report: &mut Report) -> Result<()> {
    for owners in [1, 1_000] {
        with_owners(program, rows, owners, report).await?;
    }
    Ok(())
}

async fn with_owners(program: &Path, rows: u32, owners: u32, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir_in("target")?;
    // The service makes the table, the rows are put in while it is stopped.
    drop(Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?);
    fill(&data.path().join("outflow.db"), rows, owners).await.context("cannot fill the table")?;

    let service = Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?;
    let recent = chrono::Utc::now() - chrono::TimeDelta::seconds(i64::from(rows / 100));
    let recent = recent.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut status = Times::default();
    for number in 0..TRIES {
        let number = number as u32 * (rows / TRIES as u32) / owners * owners;
        status.push(get(&service, &format!("/api/unload/status/r-{number}")).await?);
    }
    let of = format!("{rows} unloads of {owners} owner{}", if owners == 1 { "" } else { "s" });
    let bound = Duration::from_millis(10);
    report.add_times(format!("status, {of}"), &mut status, 99, bound);
    let mut all = Times::default();
    for (name, query) in FILTERS {
        let mut times = Times::default();
        for _ in 0..TRIES {
            times.push(get(&service, &format!("/api/unload?{}", query.replace("{recent}", &recent))).await?);
        }
        report.add_times(format!("list, {of}, {name}"), &mut times, 99, bound);
        all.extend(times);
    }
    let mut pages = Times::default();
    let mut cursor = String::new();
    for _ in 0..TRIES.min(rows as usize / owners as usize / 50) {
        let asked = Instant::now();
        let path = format!("/api/unload?limit=50{cursor}");
        let page: serde_json::Value = service.client.get(service.url(&path)).send().await?.error_for_status()?.json().await?;
        pages.push(asked.elapsed());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    report.add_times(format!("list, {of}, one page after the other"), &mut pages, 99, bound);
    all.extend(pages);
    report.add_times(format!("list, {of}, all of these"), &mut all, 99, bound);
    Ok(())
}

/// Finished unloads, one for each second until now, the owners' in turn, the caller's first: one in a hundred failed, one in ten of the team `growth`, one in a thousand of each report.
const FILL: &str = r#"
with recursive number (n) as (select 0 union all select n + 1 from number where n + 1 < $1)
insert into unload (unload_id, owner, request_id, version, status, attempt, state, warehouse, orchestrator, queue_rank, row_count,
    byte_count, file_count, file_url, error, created_at, deadline_at, started_at, finished_at, expires_at, is_ordered, is_limited, labels,
    options, request, sql, bound_sql)
select printf('%08x-%04x-7000-8000-%012x', ($2 + n * 1000) >> 16, ($2 + n * 1000) & 65535, n),
    iif(n % $3 = 0, 'local', 'owner-' || (n % $3)), 'r-' || n, 6,
    iif((n / $3) % 100 = 7, 'FAILED', 'DONE'), 1,
    iif((n / $3) % 100 = 7, '{"is":"failed","attempt":1,"failure":{"code":"query_failed","message":"division by zero","retryable":false}}',
        '{"is":"done","attempt":1}'),
    'main', 'scheduler', ($2 + n * 1000) * 1000, 1, 20, iif((n / $3) % 100 = 7, null, 1),
    iif((n / $3) % 100 = 7, null, 'http://127.0.0.1:8080/api/unload/r-' || n || '/files/0'),
    iif((n / $3) % 100 = 7, '{"code":"query_failed","message":"division by zero","retryable":false}', null),
    ($2 + n * 1000) * 1000, ($2 + n * 1000) * 1000 + 86400000000, ($2 + n * 1000) * 1000, ($2 + n * 1000) * 1000 + 20000,
    iif((n / $3) % 100 = 7, null, ($2 + n * 1000) * 1000 + 31536000000000), 0, 0,
    json_object('team', iif((n / $3) % 10 = 0, 'growth', 'other'), 'report', 'r' || (n / $3 % 1000)),
    '{"format":"csv","compression":"gzip","header":true,"delimiter":",","nullAs":"","bom":false,"singleFile":true,"parallel":false,"retentionDays":365,"timeoutSeconds":86400}',
    '{"sql":"SELECT 1"}', 'SELECT 1', 'SELECT 1'
from number"#;

const LABELS: &str = "
insert into label (unload_id, key, value, owner, status, created_at)
select unload_id, entry.key, entry.value, owner, status, created_at from unload, json_each(unload.labels) as entry";

async fn fill(file: &Path, rows: u32, owners: u32) -> Result<()> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).pragma("synchronous", "off");
    let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options).await?;
    let first = chrono::Utc::now().timestamp_millis() - i64::from(rows) * 1_000;
    sqlx::query(FILL).bind(rows).bind(first).bind(owners).execute(&mut connection).await?;
    sqlx::query(LABELS).execute(&mut connection).await?;
    sqlx::query("analyze").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

async fn get(service: &Service, path: &str) -> Result<std::time::Duration> {
    let asked = Instant::now();
    service.client.get(service.url(path)).send().await?.error_for_status()?.bytes().await?;
    Ok(asked.elapsed())
}
