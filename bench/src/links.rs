//! Minting a link to a file in S3: the signing alone, as a call of the library, and the request that asks for it.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{RequestId, UnloadId};
use outflow_storage::LinkTarget;
use serde_json::Value;

use crate::bucket::Bucket;
use crate::figures::{Report, Times};
use crate::service::{Service, Start};

const TRIES: usize = 2_000;

pub(crate) async fn measure(program: &Path, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bucket = Bucket::start(folder.path())?;
    let mut signed = sign(&bucket).await?;
    report.add_times("minting a link to S3, the signing alone", &mut signed, 99, Duration::from_millis(1));

    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let environment = Bucket::environment(&bucket.endpoint);
    let service = Service::start(program, Start { data, environment }).await?;
    let request_id = service.submit(&Service::one_row()).await?;
    service.done(&request_id).await?;
    let url = service.url(&format!("/api/unload/file/{request_id}"));
    let mut asked = Times::default();
    for _ in 0..TRIES {
        let begun = Instant::now();
        let answer = service.client.get(&url).send().await?.error_for_status()?.bytes().await?;
        asked.push(begun.elapsed());
        let answer: Value = serde_json::from_slice(&answer)?;
        let link = answer["files"][0]["url"].as_str().context("no link")?;
        anyhow::ensure!(link.contains("X-Amz-Signature"), "`{link}` is not signed by S3's rules");
    }
    report.add("`GET /api/unload/file/{id}` of a file on S3, all of it", asked.summary());
    Ok(())
}

async fn sign(bucket: &Bucket) -> Result<Times> {
    let failed = |error: outflow_core::Error| anyhow::anyhow!(error.chain());
    let storage = bucket.storage().await?;
    let place =
        AttemptPlace { request_id: RequestId::parse("bench").map_err(failed)?, unload_id: UnloadId::generate(), attempt: 1 };
    let target = LinkTarget {
        key: StorageKey::File(place, "output000.csv.gz".to_owned()),
        download_name: "월별 매출.csv.gz".to_owned(),
        content_type: "application/gzip".to_owned(),
    };
    let mut times = Times::default();
    for _ in 0..TRIES {
        let begun = Instant::now();
        storage.sign(&target, Duration::from_secs(300), SystemTime::now().into()).await.map_err(failed)?;
        times.push(begun.elapsed());
    }
    Ok(times)
}
