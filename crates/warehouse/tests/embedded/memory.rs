//! How much memory an unload of `lineitem` takes. Not a test but a measurement, run by hand, one a process:
//! `OUTFLOW_SCALE=1 OUTFLOW_FORMAT=csv cargo test -p outflow-warehouse --test embedded -- --ignored --nocapture`.

use std::time::Instant;

use outflow_core::options::{Compression, Format};
use outflow_core::warehouse::Progress;

use super::fixture::Fixture;

#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "it is what the measurement is for")]
async fn peak_memory_of_lineitem() {
    let asked = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let scale: f64 = asked("OUTFLOW_SCALE", "1").parse().unwrap();
    let (format, compression) = match asked("OUTFLOW_FORMAT", "csv").as_str() {
        "csv" => (Format::Csv, Compression::Gzip),
        "csv-plain" => (Format::Csv, Compression::None),
        "json" => (Format::Json, Compression::Zstd),
        "parquet" => (Format::Parquet, Compression::None),
        other => panic!("no format {other}"),
    };
    let parallel = asked("OUTFLOW_PARALLEL", "off") == "on";
    let fixture = Fixture::with(None, scale, None);
    let begun = Instant::now();
    fixture.csv("SELECT count(*) FROM lineitem").await;
    let made = begun.elapsed();
    eprintln!("made in {made:.1?}, peak {} MB", peak());
    let begun = Instant::now();
    let statement_id = fixture.start(&fixture.statement_as("SELECT * FROM lineitem", format, compression, parallel)).await;
    let progress = fixture.ended(&statement_id).await;
    assert!(matches!(progress, Progress::Finished { .. }), "{progress:?}");
    eprintln!("scale {scale} {format:?} {compression:?} parallel {parallel}: {:.1?}, peak {} MB", begun.elapsed(), peak());
    assert!(peak() < 400);
}

#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "it is what the measurement is for")]
async fn time_of_one_row() {
    let fixture = Fixture::sample();
    fixture.csv("SELECT 1 AS a").await;
    let begun = Instant::now();
    for _ in 0..200 {
        let statement_id = fixture.start(&fixture.statement("SELECT 1 AS a")).await;
        assert!(matches!(fixture.ended(&statement_id).await, Progress::Finished { .. }));
    }
    eprintln!("one row: {:.2?} each, peak {} MB", begun.elapsed() / 200, peak());
}

/// The most memory that this process ever had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1_024
}
