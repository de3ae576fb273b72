//! Measures a release build of Outflow through its HTTP API, as its users meet it, and prints a table for `docs/benchmarks.md`.
//!
//! Nothing here is a test: machines are noisy, and a figure is read beside the machine's own fsync time.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a report")]

mod figures;
mod history;
mod latency;
mod machine;
mod memory;
mod service;
mod throughput;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use crate::figures::Report;

/// Measures a release build of Outflow.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `outflow` program.
    #[arg(long)]
    outflow: PathBuf,
    /// What to measure; everything without it.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
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
    let mut report = Report::new(machine::describe()?);
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    if wanted("start") {
        memory::start_and_idle(&arguments.outflow, &mut report).await?;
    }
    if wanted("latency") {
        latency::measure(&arguments.outflow, &mut report).await?;
    }
    if wanted("throughput") {
        throughput::measure(&arguments.outflow, arguments.seconds, arguments.rate, &mut report).await?;
    }
    if wanted("history") {
        history::measure(&arguments.outflow, arguments.rows, &mut report).await?;
    }
    if wanted("lineitem") {
        memory::lineitem(&arguments.outflow, &arguments.scales, &arguments.samples, &mut report).await?;
    }
    println!("{report}");
    Ok(())
}
