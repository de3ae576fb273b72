//! What the figures were measured on.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::figures::Times;

/// Processor, cores, date and the time that a synced write of 4 KiB takes here.
pub(crate) fn describe() -> Result<String> {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut fsync = fsync_times()?;
    let today = chrono::Utc::now().format("%Y-%m-%d");
    Ok(format!("{today}, {model}, {cores} cores; fdatasync of 4 KiB: {}", fsync.summary()))
}

fn fsync_times() -> Result<Times> {
    let folder = tempfile::tempdir()?;
    let mut file = std::fs::File::create(folder.path().join("probe")).context("cannot write a probe file")?;
    let mut times = Times::default();
    for _ in 0..300 {
        file.write_all(&[1; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Ok(times)
}
