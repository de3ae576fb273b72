//! PARTITION BY: folders as Hive has them, one manifest above them, every row once, however many folders there are.

use std::collections::{BTreeMap, HashSet};

use outflow_core::Code;
use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;
use rstest::rstest;

use super::fixture::Fixture;
use super::reading;

fn by(columns: &[&str], statement: UnloadStatement) -> UnloadStatement {
    UnloadStatement { partition_by: columns.iter().map(|name| (*name).to_owned()).collect(), ..statement }
}

/// The name of a file below the destination.
fn below(key: &str) -> &str {
    key.split_once("/output/").unwrap().1
}

#[tokio::test]
async fn files_lie_in_folders_and_the_columns_that_make_them_leave_the_files() {
    let fixture = Fixture::sample();
    let query = "SELECT n_regionkey, n_name, n_nationkey FROM nation ORDER BY n_nationkey";
    let statement = by(&["n_regionkey"], fixture.statement(query));
    let unloaded = fixture.unload(&statement).await;
    let names: Vec<&str> = unloaded.files.iter().map(|(key, _)| below(key)).collect();
    let expected: Vec<String> = (0..5).map(|region| format!("n_regionkey={region}/000")).collect();
    assert_eq!(names, expected);
    let first = String::from_utf8(unloaded.files[0].1.clone()).unwrap();
    assert_eq!(first, "n_name,n_nationkey\nALGERIA,0\nETHIOPIA,5\nKENYA,14\nMOROCCO,15\nMOZAMBIQUE,16\n");
    assert!(unloaded.keys.iter().any(|key| below(key) == "manifest"));
    let columns: Vec<String> = unloaded.manifest.unwrap().columns().into_iter().map(|column| column.name).collect();
    assert_eq!(columns, ["n_regionkey", "n_name", "n_nationkey"], "the manifest lists every column of the query");
    let included = UnloadStatement { partition_include: true, ..by(&["n_regionkey"], fixture.statement(query)) };
    let unloaded = fixture.unload(&included).await;
    assert!(unloaded.files[0].1.starts_with(b"n_regionkey,n_name,n_nationkey\n0,ALGERIA,0\n"));
    assert_eq!(unloaded.manifest.unwrap().columns().len(), 3);
}

#[tokio::test]
async fn values_of_every_kind_make_a_folder() {
    let fixture = Fixture::sample();
    let query = "SELECT a, b, c, d, e, n FROM (
        SELECT true AS a, DATE '2026-01-31' AS b, 1.50 AS c, TIMESTAMP '2026-01-31 10:00:00' AS d, 'x/y=z 한' AS e, 1 AS n
        UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, 2 UNION ALL SELECT NULL, NULL, NULL, NULL, '', 3) AS t ORDER BY n";
    for format in [Format::Csv, Format::Json, Format::Parquet] {
        let statement = by(&["a", "b", "c", "d", "e"], fixture.statement_as(query, format, Compression::None, false));
        let unloaded = fixture.unload(&statement).await;
        let suffix = if format == Format::Parquet { ".parquet" } else { "" };
        let none = "__HIVE_DEFAULT_PARTITION__";
        let mut names: Vec<&str> = unloaded.files.iter().map(|(key, _)| below(key)).collect();
        let nothing = format!("a={none}/b={none}/c={none}/d={none}/e={none}/000{suffix}");
        let something = format!("a=true/b=2026-01-31/c=1.50/d=2026-01-31 10%3A00%3A00/e=x%2Fy%3Dz 한/000{suffix}");
        // NULL and the empty text are one folder, and may be two files of it.
        names.retain(|name| !name.contains("/001"));
        assert_eq!(names, [nothing, something], "{format:?}");
        assert_eq!(unloaded.rows, 3);
    }
}

#[tokio::test]
async fn slices_have_files_of_their_own_and_every_row_is_written_once() {
    let fixture = Fixture::of_aws(None);
    let query = "SELECT l_orderkey, l_linenumber, l_shipmode, l_returnflag FROM lineitem";
    let statement = by(&["l_shipmode", "l_returnflag"], fixture.statement_as(query, Format::Csv, Compression::Gzip, true));
    let unloaded = fixture.unload(&statement).await;
    assert_eq!(unloaded.rows, 60_175);
    let mut by_folder: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (key, bytes) in &unloaded.files {
        let (folder, name) = below(key).rsplit_once('/').unwrap();
        by_folder.entry(folder).or_default().push(name);
        let text = String::from_utf8(reading::expanded(bytes, Compression::Gzip)).unwrap();
        for row in reading::csv(&text, ',', "").into_iter().skip(1) {
            assert!(seen.insert((row[0].clone(), row[1].clone())));
        }
    }
    assert_eq!(seen.len(), 60_175);
    assert_eq!(by_folder.len(), 21);
    for (folder, names) in by_folder {
        assert!(folder.starts_with("l_shipmode=") && folder.contains("/l_returnflag="), "{folder}");
        assert_eq!(names, ["0000_part_00.gz", "0001_part_00.gz", "0002_part_00.gz", "0003_part_00.gz"], "{folder}");
    }
}

/// Each value comes again and again, in between a thousand others.
#[tokio::test]
async fn thousands_of_partitions_are_a_file_each_in_the_order_of_the_query() {
    let fixture = Fixture::sample();
    let query = "SELECT value, value % 3000 AS part FROM generate_series(1, 60000) AS t(value) ORDER BY value DESC";
    let statement = by(&["part"], fixture.statement(query));
    let unloaded = fixture.unload(&statement).await;
    assert_eq!((unloaded.rows, unloaded.files.len()), (60_000, 3_000));
    for (key, bytes) in &unloaded.files {
        let part: u64 = below(key).strip_prefix("part=").and_then(|rest| rest.strip_suffix("/000")).unwrap().parse().unwrap();
        let first = if part == 0 { 60_000 } else { 57_000 + part };
        let expected = (0..20).map(|step| format!("{}\n", first - step * 3_000)).collect::<String>();
        assert_eq!(String::from_utf8_lossy(bytes), format!("value\n{expected}"), "{key}");
    }
}

/// More rows than the warehouse has memory for, of every length, on one slice and on several: they go through temporary files.
#[rstest]
#[case::a_kilobyte("repeat('x', 900)", 200_000)]
#[case::as_long_as_a_varchar("repeat('x', 60000)", 5_000)]
#[case::short_at_first("CASE WHEN value < 20000 THEN 'x' ELSE repeat('x', 60000) END", 24_000)]
#[tokio::test]
async fn rows_of_any_length_are_gathered(#[case] text: &str, #[case] rows: u64, #[values(1, 2, 4)] slices: usize) {
    let fixture = Fixture::with_slices(None, 0.01, None, slices);
    let query = format!("SELECT value % 10 AS part, {text} AS x FROM generate_series(1, {rows}) AS t(value)");
    let statement = fixture.statement_as(&query, Format::Csv, Compression::Zstd, slices > 1);
    let statement = by(&["part"], statement);
    let unloaded = fixture.unload(&statement).await;
    assert_eq!((unloaded.rows, unloaded.files.len()), (rows, 10 * slices));
}

#[tokio::test]
async fn what_cannot_be_partitioned_by_is_refused_before_anything_is_written() {
    let fixture = Fixture::sample();
    let query = "SELECT n_name, n_nationkey::double precision AS d, now() AS t FROM nation";
    for (columns, code, said) in [
        (&["n_nmae"][..], Code::UnknownColumn, "`n_nmae`, which is no column of the query; did you mean `n_name`?"),
        (&["d"], Code::QueryInvalid, "double precision"),
        (&["t"], Code::QueryInvalid, "timestamp with time zone"),
    ] {
        let error = fixture.failure(&by(columns, fixture.statement(query))).await;
        assert!(error.code() == code && error.message().contains(said), "{error}");
    }
    let error = fixture.failure(&by(&["a"], fixture.statement("SELECT 1 AS a"))).await;
    assert!(error.message().contains("at least one must remain"), "{error}");
    let long = "SELECT repeat('x', 2000) AS a, 1 AS b";
    let error = fixture.failure(&by(&["a"], fixture.statement(long))).await;
    assert!(error.code() == Code::QueryFailed && error.message().contains("folders take 255"), "{error}");
    assert!(fixture.listed().await.is_empty());
}

#[tokio::test]
async fn a_partitioned_result_without_rows_is_nothing() {
    let fixture = Fixture::sample();
    let statement = by(&["n_name"], fixture.statement("SELECT * FROM nation WHERE n_nationkey < 0"));
    let unloaded = fixture.unload(&statement).await;
    assert_eq!((unloaded.rows, unloaded.keys.len()), (0, 0));
    let empty = outflow_core::warehouse::Warehouse::empty_result(&fixture.warehouse, &statement).await.unwrap();
    assert_eq!(empty.bytes, b"n_nationkey,n_regionkey,n_comment\n");
    assert_eq!(empty.schema.len(), 3);
}
