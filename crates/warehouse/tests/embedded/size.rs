//! MAXFILESIZE: no file is larger where a row's end allows it, none is much smaller, and every row is there.

use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;

use super::fixture::Fixture;
use super::reading;

const LIMIT: u64 = 5_000_000;

fn split(statement: UnloadStatement) -> UnloadStatement {
    UnloadStatement { max_file_size: Some(LIMIT), ..statement }
}

/// 33 MB of text that compresses to half of it.
const NOISE: &str = "SELECT value, encode(sha256(value::text), 'hex') || encode(sha256((value * 7)::text), 'hex') AS noise
    FROM generate_series(1, 250000) AS t(value)";

#[tokio::test]
async fn text_is_split_before_it_is_too_large() {
    let fixture = Fixture::sample();
    let query = "SELECT value, encode(sha256(value::text), 'hex') AS a, repeat('\"', 100) AS b FROM generate_series(1, 120000) AS t(value) ORDER BY value";
    for format in [Format::Csv, Format::Json] {
        let unloaded = fixture.unload(&split(fixture.statement_as(query, format, Compression::None, false))).await;
        let total: u64 = unloaded.files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        assert!(unloaded.files.len() as u64 == total / LIMIT + 1, "{} files of {total} bytes", unloaded.files.len());
        let mut next = 1;
        for (number, (key, bytes)) in unloaded.files.iter().enumerate() {
            assert!(key.ends_with(&format!("output{number:03}")), "{key}");
            let size = bytes.len() as u64;
            let is_last = number + 1 == unloaded.files.len();
            assert!(size <= LIMIT && (is_last || size > LIMIT - 2_000), "{format:?} {key}: {size}");
            for line in String::from_utf8_lossy(bytes).lines().skip(usize::from(format == Format::Csv)) {
                let begun = if format == Format::Csv { format!("{next},") } else { format!("{{\"value\":{next},") };
                assert!(line.starts_with(&begun), "{line}");
                next += 1;
            }
        }
        assert_eq!(next, 120_001);
    }
}

#[tokio::test]
async fn what_is_compressed_is_measured_as_it_lies_in_storage() {
    let fixture = Fixture::sample();
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Bzip2] {
        let unloaded = fixture.unload(&split(fixture.statement_as(NOISE, Format::Csv, compression, false))).await;
        let mut rows = 0;
        for (number, (key, bytes)) in unloaded.files.iter().enumerate() {
            let size = bytes.len() as u64;
            let is_last = number + 1 == unloaded.files.len();
            assert!(size <= LIMIT && (is_last || size > LIMIT / 5 * 4), "{compression:?} {key}: {size}");
            rows += String::from_utf8(reading::expanded(bytes, compression)).unwrap().lines().count() - 1;
        }
        assert!(unloaded.files.len() >= 4, "{compression:?}: {} files", unloaded.files.len());
        assert_eq!(rows, 250_000);
    }
}

#[tokio::test]
async fn parquet_is_split_at_a_multiple_of_32_mb() {
    let fixture = Fixture::sample();
    let query = "SELECT value, encode(sha256(value::text), 'hex') AS a, encode(sha256((value * 3)::text), 'hex') AS b FROM generate_series(1, 500000) AS t(value)";
    let unloaded = fixture.unload(&split(fixture.statement_as(query, Format::Parquet, Compression::None, false))).await;
    let sizes: Vec<usize> = unloaded.files.iter().map(|(_, bytes)| bytes.len()).collect();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    assert!(sizes[0] > 20_000_000 && sizes[0] < 34_000_000, "{sizes:?}");
}

#[tokio::test]
async fn partitions_and_slices_are_split_too() {
    let fixture = Fixture::sample();
    let query = "SELECT value % 2 AS half, value, repeat('x', 100) AS x FROM generate_series(1, 200000) AS t(value)";
    for parallel in [false, true] {
        let mut statement = split(fixture.statement_as(query, Format::Csv, Compression::None, parallel));
        statement.partition_by = vec!["half".to_owned()];
        let unloaded = fixture.unload(&statement).await;
        assert!(unloaded.files.iter().all(|(_, bytes)| bytes.len() as u64 <= LIMIT));
        let names: Vec<&str> = unloaded.files.iter().map(|(key, _)| key.split_once("/output/").unwrap().1).collect();
        let parts = if parallel {
            &["0000_part_00", "0000_part_01", "0001_part_00", "0001_part_01"][..]
        } else {
            &["000", "001", "002"][..]
        };
        for half in 0..2 {
            for part in parts {
                assert!(names.contains(&format!("half={half}/{part}").as_str()), "{names:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_row_that_is_too_long_has_a_file_to_itself() {
    let fixture = Fixture::sample();
    let query = "SELECT value, string_agg(repeat('x', 60000), '') AS x FROM generate_series(1, 3) AS a(value), generate_series(1, 100) AS b(n)
        GROUP BY value ORDER BY value";
    let unloaded = fixture.unload(&split(fixture.statement(query))).await;
    assert_eq!(unloaded.files.len(), 3);
    assert!(unloaded.files.iter().all(|(_, bytes)| bytes.len() > 6_000_000));
}
