//! How much memory unloads take. The most that a process ever had is known of the whole process, so each test runs in one of its own.
//!
//! The measurements are run by hand, one a process:
//! `OUTFLOW_SCALE=1 OUTFLOW_FORMAT=csv cargo test -p outflow-warehouse --test embedded peak_memory -- --ignored --nocapture`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Command;
use std::time::Instant;

use outflow_core::options::{Compression, Format};
use outflow_core::warehouse::Progress;

use super::fixture::Fixture;

/// Runs a test of this module that is ignored otherwise.
#[cfg(target_os = "linux")]
fn in_a_process(test: &str) {
    let itself = std::env::current_exe().unwrap();
    let child = Command::new(itself).args(["--exact", &format!("memory::{test}"), "--ignored", "--nocapture"]).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && said.contains("1 passed"), "{said}{errors}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_result() {
    in_a_process("a_result_of_ten_times_the_size");
}

#[tokio::test]
#[ignore = "run in a process of its own by another test"]
async fn a_result_of_ten_times_the_size() {
    let fixture = Fixture::sample();
    let mut peaks = Vec::new();
    for (times, megabytes) in [(6, 40), (56, 390)] {
        let query = format!("SELECT l.* FROM lineitem l, nation, region WHERE n_nationkey * 5 + r_regionkey < {times}");
        let statement = fixture.statement(&query);
        let bytes = fixture.unload_and_forget(&statement).await;
        assert!(bytes >= megabytes << 20, "{bytes} bytes");
        peaks.push(peak());
    }
    // Held in memory, the larger result would take 350 MB more; 40 to 60 MB were measured. What the allocator keeps for each thread differs.
    assert!(peaks[1] < peaks[0] + 180, "{peaks:?} MB");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_partitions() {
    in_a_process("thousands_of_partitions");
}

#[tokio::test]
#[ignore = "run in a process of its own by another test"]
async fn thousands_of_partitions() {
    for (format, partitions, parallel) in [
        (Format::Csv, 10_000, false),
        (Format::Csv, 10_000, true),
        (Format::Parquet, 2_000, false),
        (Format::Parquet, 2_000, true),
    ] {
        let fixture = Fixture::sample();
        let mut peaks = Vec::new();
        for partitions in [partitions / 100, partitions] {
            let query = format!(
                "SELECT value % {partitions} AS part, value, repeat('x', 900) AS x FROM generate_series(1, 200000) AS t(value)"
            );
            let mut statement = fixture.statement_as(&query, format, Compression::None, parallel);
            statement.partition_by = vec!["part".to_owned()];
            fixture.unload_and_forget(&statement).await;
            peaks.push(peak());
        }
        // A hundred times as many files were measured to take up to 70 MB more; writers that stayed open would take far more than this.
        assert!(peaks[1] < peaks[0] + 160, "{format:?}, parallel {parallel}: {peaks:?} MB");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_length_of_fields() {
    in_a_process("fields_of_a_hundred_thousand_bytes");
}

#[tokio::test]
#[ignore = "run in a process of its own by another test"]
async fn fields_of_a_hundred_thousand_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let create = |name: &str| BufWriter::new(File::create(folder.path().join(name)).unwrap());
    let (mut csv, mut json, field) = (create("c.csv"), create("j.json"), "x".repeat(100_000));
    csv.write_all(b"id,text\n").unwrap();
    for id in 0..3_600 {
        csv.write_all(format!("{id},{field}\n").as_bytes()).unwrap();
        json.write_all(format!("{{\"id\":{id},\"text\":\"{field}\"}}\n").as_bytes()).unwrap();
    }
    drop((csv, json));
    let fixture = Fixture::tables(folder.path());
    fixture.csv("SELECT 1 AS warm").await;
    let before = peak();
    for table in ["c", "j"] {
        let statement = fixture.statement(&format!("SELECT * FROM {table} WHERE id >= 0"));
        assert!(fixture.unload_and_forget(&statement).await > 360_000_000);
    }
    let grown = peak() - before;
    // 60 to 150 MB were measured, whatever the number of rows: what the allocator keeps differs. A result that is held takes 360 MB.
    assert!(grown < 240, "{grown} MB more than {before} MB for results of 360 MB");
}

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
