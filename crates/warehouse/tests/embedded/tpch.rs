//! All 22 queries of TPC-H in every format: what is read back is the query's own result, computed apart, row for row.

use std::fs;
use std::path::Path;

use datafusion::execution::context::SessionContext;
use datafusion::prelude::{ParquetReadOptions, SessionConfig};
use outflow_core::options::{Compression, Format};

use super::fixture::{Fixture, sample_dir};
use super::reading::{self, Cell};

const TABLES: [&str; 8] = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];

fn query(number: u32) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../core/tests/tpch/{number:02}.sql"))).unwrap()
}

/// The query as it stands in an UNLOAD, which takes no outer LIMIT.
fn unloadable(query: &str) -> String {
    if query.contains("\nlimit ") { format!("SELECT * FROM (\n{query}\n) AS outflow_limited") } else { query.to_owned() }
}

/// An engine of its own over the same files, without anything that the warehouse adds.
async fn plain_engine(fixture: &Fixture) -> SessionContext {
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.parse_float_as_decimal = true;
    let engine = SessionContext::new_with_config(config);
    for table in TABLES {
        fixture.csv(&format!("SELECT count(*) FROM {table}")).await;
        let file = sample_dir().join(format!("tpch-0.01-v1/{table}.parquet"));
        engine.register_parquet(table, file.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
    }
    engine
}

/// The number of rows that a format's files hold is small enough to sort: ties of an ORDER BY may come in any order.
fn sorted(mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    rows.sort();
    rows
}

#[tokio::test]
async fn every_query_reads_back_equal_in_every_format() {
    let fixture = Fixture::sample();
    let engine = plain_engine(&fixture).await;
    let mut with_rows = 0;
    for number in 1..=22 {
        let sql = query(number);
        let frame = engine.sql(&sql).await.unwrap();
        let schema = reading::readable(frame.schema().as_arrow());
        let expected = reading::joined(&frame.collect().await.unwrap(), &schema);
        let expected = sorted(reading::told(&expected));
        with_rows += usize::from(!expected.is_empty());
        for (format, compression, parallel) in [
            (Format::Csv, Compression::Gzip, false),
            (Format::Json, Compression::Zstd, true),
            (Format::Parquet, Compression::None, true),
        ] {
            let unloaded = fixture.unload(&fixture.statement_as(&unloadable(&sql), format, compression, parallel)).await;
            assert_eq!(unloaded.rows as usize, expected.len(), "q{number} as {format:?}");
            let Some(manifest) = &unloaded.manifest else {
                assert!(unloaded.keys.is_empty() && expected.is_empty(), "q{number} as {format:?}: {:?}", unloaded.keys);
                continue;
            };
            let names: Vec<String> = manifest.columns().into_iter().map(|column| column.name).collect();
            let schema = renamed(&schema, &names);
            let mut rows = Vec::new();
            for (_, bytes) in unloaded.files {
                let bytes = reading::expanded(&bytes, compression);
                rows.extend(match format {
                    Format::Csv => {
                        let mut lines = reading::csv(&String::from_utf8(bytes).unwrap(), ',', "");
                        assert_eq!(lines.remove(0), names.iter().cloned().map(Some).collect::<Vec<_>>());
                        reading::typed(&lines, &schema)
                    }
                    Format::Json => reading::json(&bytes, &schema),
                    Format::Text => panic!("text is not read here"),
                    Format::Parquet => reading::parquet(bytes, &schema),
                });
            }
            assert_eq!(sorted(rows), expected, "q{number} as {format:?}");
        }
    }
    assert!(with_rows >= 18, "only {with_rows} queries have rows at this scale");
}

/// The schema under the names that were written; they differ only where the query gives none.
fn renamed(schema: &arrow::datatypes::SchemaRef, names: &[String]) -> arrow::datatypes::SchemaRef {
    let fields = schema.fields().iter().zip(names).map(|(field, name)| {
        assert!(field.name() == name || field.name().contains('('), "`{name}` is written for `{}`", field.name());
        field.as_ref().clone().with_name(name)
    });
    std::sync::Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

#[tokio::test]
async fn an_outer_order_by_is_kept_in_a_serial_unload() {
    let fixture = Fixture::sample();
    let text = fixture.csv("SELECT l_orderkey, l_linenumber FROM lineitem ORDER BY l_orderkey DESC, l_linenumber").await;
    let rows: Vec<(i64, i64)> = text
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap())
        .map(|(key, line)| (-key.parse::<i64>().unwrap(), line.parse().unwrap()))
        .collect();
    assert!(rows.len() > 50_000 && rows.is_sorted());
}

#[tokio::test]
async fn a_parallel_unload_writes_a_file_for_each_slice_and_every_row_once() {
    let fixture = Fixture::sample();
    let query = "SELECT value, 'row' AS b FROM generate_series(1, 200000) AS t(value)";
    let statement = fixture.statement_as(query, Format::Csv, Compression::None, true);
    let unloaded = fixture.unload(&statement).await;
    let names: Vec<&str> = unloaded.files.iter().map(|(key, _)| key.rsplit_once('/').unwrap().1).collect();
    assert_eq!(names, ["output0000_part_00", "output0001_part_00"]);
    let mut rows: Vec<String> = Vec::new();
    for (_, bytes) in &unloaded.files {
        let mut lines = std::str::from_utf8(bytes).unwrap().lines();
        assert_eq!(lines.next(), Some("value,b"), "every file has a header");
        rows.extend(lines.map(str::to_owned));
    }
    rows.sort();
    rows.dedup();
    assert_eq!((rows.len(), unloaded.rows), (200_000, 200_000));
}
