//! Twenty parts become one file inside S3: what of it passes through the service, counted between the two, and whether the file has the
//! parts' very bytes.
//!
//! The parts are written by the service's own engine, so that what it writes of them is left out of the count. Their deletion is refused
//! meanwhile: they are read again afterwards, by this program.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};
use serde_json::{Value, json};

use crate::bucket::{BUCKET, Bucket};
use crate::figures::Report;
use crate::proxy::{Call, Proxy};
use crate::service::{Service, Start};

const PARTS: usize = 20;
/// As many rows as make parts of 64 MB: `lineitem` at scale 0.1 has 600,572, which make some 137 bytes each.
const SQL: &str = "SELECT n_name, lineitem.* FROM lineitem CROSS JOIN nation WHERE n_nationkey < 16";
/// S3's smallest part, but for the last.
const SMALLEST: u64 = 5 << 20;

pub(crate) async fn measure(program: &Path, samples: &Path, other: Option<&str>, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir_in("target")?;
    let bucket = match other {
        Some(endpoint) => Bucket::at(endpoint),
        None => Bucket::start(folder.path())?,
    };
    let proxy = Proxy::start(&bucket.endpoint, is_deletion).await?;
    let samples = samples.join("join").display().to_string();
    let environment = [
        Bucket::environment(&proxy.endpoint),
        vec![
            ("OUTFLOW_WAREHOUSE_MAIN_SLICES", PARTS.to_string()),
            ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_SCALE", "0.1".to_owned()),
            ("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_DIR", samples),
        ],
    ];
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let service = Service::start(program, Start { data, environment: environment.concat() }).await?;
    let begun = Instant::now();
    let request_id = service.submit(&json!({ "sql": SQL, "compression": "none", "parallel": true })).await?;
    service.done(&request_id).await?;
    let took = begun.elapsed().as_secs_f64();

    let url = service.url(&format!("/api/unload/{request_id}"));
    let unload: Value = service.client.get(url).send().await?.json().await?;
    let file = unload["s3FileUrl"].as_str().context("no s3FileUrl")?;
    let (_, file) = file.split_once(&format!("/{BUCKET}/")).with_context(|| format!("`{file}` is not in the bucket"))?;
    let (place, name) = file.rsplit_once('/').context("a file without a folder")?;
    let store = bucket.storage().await?.object_store();
    let manifest = store.get(&Key::from(format!("{place}/outputmanifest"))).await?.bytes().await?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    let mut parts = Vec::new();
    for entry in manifest["entries"].as_array().into_iter().flatten() {
        let url = entry["url"].as_str().context("an entry without url")?;
        let key = url.strip_prefix(&format!("s3://{BUCKET}/")).context("an entry in another bucket")?;
        parts.push((key.to_owned(), entry["meta"]["content_length"].as_u64().context("an entry without length")?));
    }
    ensure!(name.starts_with("joined"), "`{name}` was not joined");

    let calls = proxy.calls();
    let is_of_parts = |call: &&Call| parts.iter().any(|(key, _)| call.path == format!("/{BUCKET}/{key}"));
    let is_of_file = |call: &&Call| call.path == format!("/{BUCKET}/{file}");
    let read: u64 = calls.iter().filter(is_of_parts).filter(|call| call.operation == "GET").map(Call::received).sum();
    let puts = calls.iter().filter(is_of_file).filter(|call| call.operation == "PUT");
    let written: u64 = puts.clone().map(Call::sent).sum();
    let copies = puts.filter(|call| call.is_copy).count();
    let small: u64 = parts.iter().map(|(_, bytes)| *bytes).filter(|bytes| *bytes < SMALLEST).sum();
    let bound = SMALLEST + small;
    let total: u64 = parts.iter().map(|(_, bytes)| *bytes).sum();
    report.add_against(
        format!("join of {} parts of {:.0} MB in S3, through us", parts.len(), megabytes(total) / parts.len() as f64),
        format!("read {read} bytes, wrote {written} bytes of {total}; {copies} copies inside S3; {took:.1} s with the unload"),
        &format!("{bound} bytes"),
        // What is written is wrapped with its checksum.
        read <= bound && written <= bound + 64 * 1024 && parts.len() == PARTS,
    );
    let is_equal = is_equal(&store, file, &parts).await?;
    report.add_against(
        "the file, beside its header and the parts",
        if is_equal { "the same bytes" } else { "other bytes" },
        "byte-equal",
        is_equal,
    );
    Ok(())
}

fn is_deletion(call: &Call) -> bool {
    call.operation == "DELETE" && !call.query.contains("uploadId") || call.operation == "POST" && call.query.starts_with("delete")
}

/// Whether a file is a header line and the parts behind it.
async fn is_equal(store: &dyn ObjectStore, file: &str, parts: &[(String, u64)]) -> Result<bool> {
    let mut joined = Pieces::new(store.get(&Key::from(file)).await?.into_stream().boxed());
    joined.skip_line().await?;
    for (key, _) in parts {
        let mut part = store.get(&Key::from(key.as_str())).await?.into_stream();
        while let Some(piece) = part.try_next().await? {
            if !joined.begins_with(&piece).await? {
                return Ok(false);
            }
        }
    }
    joined.is_at_its_end().await
}

/// A stream of bytes, taken bit by bit.
struct Pieces<S> {
    stream: S,
    held: Bytes,
}

impl<S: Stream<Item = object_store::Result<Bytes>> + Unpin> Pieces<S> {
    fn new(stream: S) -> Self {
        Self { stream, held: Bytes::new() }
    }

    /// Makes sure that something is held, unless there is nothing more.
    async fn fill(&mut self) -> Result<()> {
        while self.held.is_empty() {
            let Some(piece) = self.stream.try_next().await? else { break };
            self.held = piece;
        }
        Ok(())
    }

    async fn skip_line(&mut self) -> Result<()> {
        self.fill().await?;
        let end = self.held.iter().position(|byte| *byte == b'\n').context("no header line")?;
        self.held = self.held.slice(end + 1..);
        Ok(())
    }

    /// Whether these bytes are next; then they are gone.
    async fn begins_with(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            self.fill().await?;
            let length = self.held.len().min(bytes.len());
            if length == 0 || self.held[..length] != bytes[..length] {
                return Ok(false);
            }
            (self.held, bytes) = (self.held.slice(length..), &bytes[length..]);
        }
        Ok(true)
    }

    async fn is_at_its_end(&mut self) -> Result<bool> {
        self.fill().await?;
        Ok(self.held.is_empty())
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
