//! Measures a release build of Outflow through its HTTP API, as its users meet it, and prints a table for `docs/benchmarks.md`. Only the
//! guard and the signing of a link are called as a library: their time would be lost in that of a request.
//!
//! Nothing here is a test: machines are noisy, and a figure is read beside the machine's own fsync time.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a report")]

mod bucket;
mod emulator;
mod figures;
mod guard;
mod history;
mod into_bucket;
mod join;
mod latency;
mod links;
mod machine;
mod memory;
mod proxy;
mod redshift;
mod service;
mod throughput;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::figures::Report;

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How soon it starts, and how much memory it takes when nothing or little has run.
    Start,
    /// The demo.
    Demo,
    /// One unload at a time.
    Latency,
    /// Many small ones.
    Throughput,
    /// Reads of a long history.
    History,
    /// The guard's verdicts.
    Guard,
    /// Large results.
    Lineitem,
    /// How soon the end of a statement in Redshift is noticed.
    Noticed,
    /// More unloads than Redshift lets run.
    Quotas,
    /// Parts that become one file in S3.
    Join,
    /// Large results straight to S3.
    Bucket,
    /// Links to S3.
    Links,
    /// All that has to do with Redshift and S3: the five before.
    Redshift,
}

impl Part {
    fn is_of_redshift(self) -> bool {
        matches!(self, Self::Noticed | Self::Quotas | Self::Join | Self::Bucket | Self::Links)
    }
}

/// Measures a release build of Outflow.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `outflow` program.
    #[arg(long, required_unless_present = "s3_server")]
    outflow: Option<PathBuf>,
    /// What to measure; everything without it.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Seconds of steady load.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Unloads offered each second while status reads are timed.
    #[arg(long, default_value_t = 300)]
    rate: u32,
    /// Unloads in the table while lists are timed.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// TPC-H scales whose `lineitem` is unloaded.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10])]
    scales: Vec<u32>,
    /// TPC-H scale whose `lineitem` is unloaded straight to S3.
    #[arg(long, default_value_t = 1.0)]
    bucket_scale: f64,
    /// Where sample tables are kept between runs.
    #[arg(long, default_value = "target/bench-samples")]
    samples: PathBuf,
    /// Another S3 server to join in than our own: with a bucket `results`, for whatever key. It must bear twenty uploads at once.
    #[arg(long, value_name = "URL")]
    join_at: Option<String>,
    /// Only be an S3 server with that bucket.
    #[arg(long, value_name = "BUCKET", hide = true)]
    s3_server: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let provider = rustls::crypto::ring::default_provider().install_default();
    provider.map_err(|_| anyhow::anyhow!("TLS is set up already"))?;
    if let Some(bucket) = &arguments.s3_server {
        return bucket::serve(bucket).await;
    }
    let outflow = arguments.outflow.as_deref().unwrap_or(Path::new("outflow"));
    std::fs::create_dir_all(&arguments.samples)?;
    let samples = arguments.samples.canonicalize()?;
    let mut report = Report::new(machine::describe()?);
    let is_named = |part: &Part| arguments.only.contains(part);
    let wanted = |part: Part| arguments.only.is_empty() || is_named(&part) || part.is_of_redshift() && is_named(&Part::Redshift);
    if wanted(Part::Start) {
        memory::start_and_idle(outflow, &mut report).await?;
    }
    if wanted(Part::Demo) {
        memory::demo(outflow, &mut report)?;
    }
    if wanted(Part::Latency) {
        latency::measure(outflow, &mut report).await?;
    }
    if wanted(Part::Throughput) {
        throughput::measure(outflow, arguments.seconds, arguments.rate, &mut report).await?;
    }
    if wanted(Part::History) {
        history::measure(outflow, arguments.rows, &mut report).await?;
    }
    if wanted(Part::Guard) {
        guard::measure(&mut report)?;
    }
    if wanted(Part::Lineitem) {
        memory::lineitem(outflow, &arguments.scales, &samples, &mut report).await?;
    }
    if wanted(Part::Noticed) {
        redshift::noticed(outflow, &mut report).await?;
    }
    if wanted(Part::Quotas) {
        redshift::quotas(outflow, &mut report).await?;
    }
    if wanted(Part::Join) {
        join::measure(outflow, &samples, arguments.join_at.as_deref(), &mut report).await?;
    }
    if wanted(Part::Bucket) {
        into_bucket::measure(outflow, arguments.bucket_scale, &samples, &mut report).await?;
    }
    if wanted(Part::Links) {
        links::measure(outflow, &mut report).await?;
    }
    println!("{report}");
    Ok(())
}
