//! A large result of the embedded engine, written straight to S3 on this machine, against one that is written to a folder.
//!
//! The S3 server is a process of its own, but of the same cores: what it takes to receive the bytes is in the time, and told beside it as
//! the service's own processor time.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::bucket::Bucket;
use crate::figures::{Report, Times};
use crate::service::{Service, Start};

/// How often each is measured, in turn.
const TRIES: usize = 5;
const SQL: &str = "SELECT * FROM lineitem";

pub(crate) async fn measure(program: &Path, scale: f64, samples: &Path, report: &mut Report) -> Result<()> {
    let tables = || {
        vec![
            ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_SCALE", scale.to_string()),
            ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_DIR", samples.display().to_string()),
        ]
    };
    // Made once, outside what is measured.
    unload(program, tables(), "SELECT count(*) AS lines FROM lineitem").await?;
    let (mut folder, mut bucket) = (Taken::default(), Taken::default());
    for _ in 0..TRIES {
        folder.add(unload(program, tables(), SQL).await?);
        let objects = tempfile::tempdir_in("target")?;
        let server = Bucket::start(objects.path())?;
        bucket.add(unload(program, [tables(), Bucket::environment(&server.endpoint)].concat(), SQL).await?);
    }
    let (in_folder, in_bucket) = (folder.time.percentile(50), bucket.time.percentile(50));
    let ratio = in_bucket.as_secs_f64() / in_folder.as_secs_f64();
    report.add_against(
        format!("`lineitem` scale {scale}, csv.gz, to S3 against a folder, medians of {TRIES}, the server on the same cores"),
        format!("{:.2} s against {:.2} s: {ratio:.2} times", in_bucket.as_secs_f64(), in_folder.as_secs_f64()),
        "1.15 times",
        ratio <= 1.15,
    );
    let (in_folder, in_bucket) = (folder.processor.percentile(50).as_secs_f64(), bucket.processor.percentile(50).as_secs_f64());
    report.add(
        "processor time of the service for it",
        format!("{in_bucket:.2} s against {in_folder:.2} s: {:.2} times", in_bucket / in_folder),
    );
    Ok(())
}

#[derive(Debug, Default)]
struct Taken {
    time: Times,
    processor: Times,
}

impl Taken {
    fn add(&mut self, (time, processor): (Duration, Duration)) {
        self.time.push(time);
        self.processor.push(processor);
    }
}

/// From the `POST` to `DONE`: how long it takes, and how much processor time of the service.
async fn unload(program: &Path, environment: Vec<(&str, String)>, sql: &str) -> Result<(Duration, Duration)> {
    let data = tempfile::tempdir_in("target")?;
    let service = Service::start(program, Start { data: data.path().to_owned(), environment }).await?;
    let (before, begun) = (service.processor_time()?, Instant::now());
    let request_id = service.submit(&json!({ "sql": sql, "compression": "gzip" })).await?;
    service.done(&request_id).await?;
    Ok((begun.elapsed(), service.processor_time()?.saturating_sub(before)))
}
