//! How soon it starts, and how much memory it takes: idle, after a first query, and for results of any size.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::figures::{Report, Times};
use crate::service::{Service, Start};

const STARTS: usize = 10;
/// What is counted in MiB, in MB.
const MIB: f64 = 1.048_576;
/// Formats and compressions that a large result is unloaded in.
const KINDS: [(&str, Option<&str>); 6] = [
    ("csv", Some("none")),
    ("csv", Some("gzip")),
    ("csv", Some("zstd")),
    ("json", Some("none")),
    ("json", Some("gzip")),
    ("parquet", None),
];

pub(crate) async fn start_and_idle(program: &Path, report: &mut Report) -> Result<()> {
    let mut starts = Times::default();
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        let service = Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?;
        starts.push(service.started_in);
    }
    report.add_times("start to first answer, empty data folder", &mut starts, 50, Duration::from_millis(300));

    let data = tempfile::tempdir()?;
    let service = Service::start(program, Start { data: data.path().to_owned(), ..Start::default() }).await?;
    let idle = service.memory()?.0;
    report.add_against("memory, idle before the first query", format!("{idle:.0} MiB"), "60 MB", idle * MIB <= 60.0);
    let body = json!({ "sql": "SELECT count(*) AS nations FROM nation" });
    let request_id = service.submit(&body).await?;
    service.done(&request_id).await?;
    let after = service.memory()?.0;
    report.add_against("memory, after it", format!("{after:.0} MiB"), "150 MB", after * MIB <= 150.0);
    Ok(())
}

/// The whole demo on an empty folder: start, sample tables, the unload, its download, the orderly end.
pub(crate) fn demo(program: &Path, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    let ended = Command::new(program)
        .args(["demo", "--exit", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = begun.elapsed();
    anyhow::ensure!(ended.success(), "the demo ended with {ended}");
    report.add_against("`outflow demo --exit`, all of it", format!("{:.1} s", took.as_secs_f64()), "5 s", took.as_secs() < 5);
    Ok(())
}

/// Unloads the whole of `lineitem` in every format, each in a process of its own whose peak is read.
pub(crate) async fn lineitem(program: &Path, scales: &[u32], samples: &Path, report: &mut Report) -> Result<()> {
    let mut first: Vec<f64> = Vec::new();
    for scale in scales {
        let environment = || {
            vec![
                ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_SCALE", scale.to_string()),
                ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_DIR", samples.display().to_string()),
            ]
        };
        // Made once, outside what is measured.
        unload(program, environment(), "SELECT count(*) AS lines FROM lineitem", "csv", None).await?;
        for (index, (format, compression)) in KINDS.into_iter().enumerate() {
            let measured = unload(program, environment(), "SELECT * FROM lineitem", format, compression).await?;
            let name = compression.map_or(format.to_owned(), |compression| format!("{format}, {compression}"));
            let figure = format!("peak {:.0} MiB, {:.1} s, {:.0} MB", measured.peak, measured.seconds, measured.megabytes);
            let is_small = measured.peak * MIB <= 400.0;
            report.add_against(format!("`lineitem` scale {scale}, {name}"), figure, "400 MB", is_small);
            match first.get(index) {
                None => first.push(measured.peak),
                Some(smallest) => {
                    let ratio = measured.peak / smallest;
                    let what = format!("peak at scale {scale} to that at scale {}, {name}", scales[0]);
                    report.add_against(what, format!("{ratio:.2}"), "1.2", ratio <= 1.2);
                }
            }
        }
    }
    Ok(())
}

struct Measured {
    peak: f64,
    seconds: f64,
    megabytes: f64,
}

async fn unload(
    program: &Path,
    environment: Vec<(&str, String)>,
    sql: &str,
    format: &str,
    compression: Option<&str>,
) -> Result<Measured> {
    let data = tempfile::tempdir_in("target")?;
    let service = Service::start(program, Start { data: data.path().to_owned(), environment }).await?;
    let mut body = json!({ "sql": sql, "format": format });
    if let Some(compression) = compression {
        body["compression"] = json!(compression);
    }
    let begun = Instant::now();
    let request_id = service.submit(&body).await?;
    service.done(&request_id).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let url = service.url(&format!("/api/unload/{request_id}"));
    let unload: serde_json::Value = service.client.get(url).send().await?.json().await?;
    let megabytes = unload["byteCount"].as_f64().unwrap_or_default() / 1e6;
    Ok(Measured { peak: service.memory()?.1, seconds, megabytes })
}
