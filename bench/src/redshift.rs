//! Unloads from an emulated Redshift through its Data API into S3: how soon an end is noticed, and what becomes of very many.

mod noticed;
mod quotas;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::bucket::Bucket;
use crate::emulator::Emulator;
use crate::figures::Report;
use crate::proxy::Proxy;
use crate::service::{Service, Start};

/// A service with all that it needs, each in a process of its own. What calls the Data API goes through this program and is counted.
#[derive(Debug)]
struct World {
    service: Service,
    proxy: Proxy,
    emulator: Emulator,
    _bucket: Bucket,
    _folder: TempDir,
}

impl World {
    async fn start(program: &Path, max_running: u32, arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir_in("target")?;
        let bucket = Bucket::start(folder.path())?;
        let emulator = Emulator::start(program, folder.path(), &bucket, arguments)?;
        let proxy = Proxy::start(&emulator.data_api, |_| false).await?;
        let environment = [Bucket::environment(&bucket.endpoint), Emulator::environment(&proxy.endpoint, max_running)].concat();
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let service = Service::start(program, Start { data, environment }).await?;
        Ok(Self { service, proxy, emulator, _bucket: bucket, _folder: folder })
    }
}

/// How soon an end is noticed, with and without long polls.
pub(crate) async fn noticed(program: &Path, report: &mut Report) -> Result<()> {
    noticed::measure(program, noticed::WITH_LONG_POLLS, report).await?;
    noticed::measure(program, noticed::WITHOUT, report).await
}

/// What becomes of more unloads than the Data API lets run.
pub(crate) async fn quotas(program: &Path, report: &mut Report) -> Result<()> {
    quotas::measure(program, report).await
}

/// How many of something there are in a second.
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
