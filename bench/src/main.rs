//! Measures a release build of Outflow through its HTTP API, as its users meet it, and prints a table for `docs/benchmarks.md`. Only the
//! guard is called as a library: its time would be lost in that of a request.
//!
//! Nothing here is a test: machines are noisy, and a figure is read beside the machine's own fsync time.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a report")]

mod figures;
mod guard;
mod history;
mod latency;
mod machine;
mod memory;
mod service;
mod throughput;

use std::path::PathBuf;

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
}

/// Measures a release build of Outflow.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `outflow` program.
    #[arg(long)]
    outflow: PathBuf,
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
    /// Where sample tables are kept between runs.
    #[arg(long, default_value = "target/bench-samples")]
    samples: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let provider = rustls::crypto::ring::default_provider().install_default();
    provider.map_err(|_| anyhow::anyhow!("TLS is set up already"))?;
    let mut report = Report::new(machine::describe()?);
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    if wanted(Part::Start) {
        memory::start_and_idle(&arguments.outflow, &mut report).await?;
    }
    if wanted(Part::Demo) {
        memory::demo(&arguments.outflow, &mut report)?;
    }
    if wanted(Part::Latency) {
        latency::measure(&arguments.outflow, &mut report).await?;
    }
    if wanted(Part::Throughput) {
        throughput::measure(&arguments.outflow, arguments.seconds, arguments.rate, &mut report).await?;
    }
    if wanted(Part::History) {
        history::measure(&arguments.outflow, arguments.rows, &mut report).await?;
    }
    if wanted(Part::Guard) {
        guard::measure(&mut report)?;
    }
    if wanted(Part::Lineitem) {
        memory::lineitem(&arguments.outflow, &arguments.scales, &arguments.samples, &mut report).await?;
    }
    println!("{report}");
    Ok(())
}
