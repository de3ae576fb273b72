//! Whatever goes wrong is said in words for whoever wrote the query, with a code, and leaves nothing that claims to be a result.

use std::sync::atomic::Ordering;

use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{Code, Position};

use super::fixture::{Fixture, until};
use super::reading;
use super::store::{Fault, Faulty};

#[tokio::test]
async fn errors_of_the_query_have_a_code_a_place_and_plain_words() {
    let fixture = Fixture::sample();
    let at = |line, column| Some(Position { line, column });
    let cases: &[(&str, Code, Option<Position>, &str)] = &[
        ("SELECT * FROM ordrs", Code::UnknownTable, at(1, 15), "there is no table `ordrs`; did you mean `orders`?"),
        ("SELECT *\nFROM nation n\nJOIN \"Regoin\" r ON true", Code::UnknownTable, at(3, 6), "did you mean `region`?"),
        ("SELECT * FROM other.nation", Code::UnknownTable, at(1, 21), "there is no table `other.nation`"),
        ("SELECT * FROM information_schema.tables", Code::UnknownTable, at(1, 34), "`information_schema.tables`"),
        ("SELECT n_nmae FROM nation", Code::UnknownColumn, at(1, 8), "there is no column `n_nmae`; did you mean `n_name`?"),
        ("SELECT n_name\nFROM nation n\nWHERE n.key = 1", Code::UnknownColumn, at(3, 9), "there is no column `key`"),
        ("SELECT n_name, n_name FROM nation", Code::DuplicateColumn, None, "one name"),
        ("SELECT 1 AS a, 2 AS a", Code::DuplicateColumn, None, "one name"),
        ("SELECT a.n_name, b.n_name FROM nation a, nation b", Code::DuplicateColumn, None, "`n_name`"),
        ("SELECT n_name FROM nation a, nation b", Code::QueryInvalid, at(1, 8), "more than one table"),
        ("SELECT n_name FROM", Code::SqlSyntax, at(1, 19), "syntax error"),
        ("SELECT n_name\nFRM nation WHERE", Code::SqlSyntax, None, "syntax error"),
        ("SELECT n_name FROM nation LIMIT 5", Code::QueryInvalid, None, "LIMIT"),
        ("SELECT TOP 5 n_name FROM nation", Code::QueryInvalid, None, "TOP"),
        ("SELECT no_such_function(n_name) FROM nation", Code::QueryInvalid, None, "no_such_function"),
        ("SELECT n_name FROM nation GROUP BY n_name HAVING oops > 1", Code::UnknownColumn, at(1, 50), "`oops`"),
        ("SELECT n_nationkey FROM nation GROUP BY n_name", Code::QueryInvalid, None, "n_nationkey"),
        ("SELECT CAST(n_name AS int) FROM nation", Code::QueryFailed, None, "integer"),
        ("SELECT 1 / (n_nationkey - n_nationkey) FROM nation", Code::QueryFailed, None, "division by zero"),
        ("SELECT 1 / 0", Code::QueryFailed, None, "division by zero"),
        ("SELECT n_nationkey::double precision / 0 FROM nation", Code::QueryFailed, None, "division by zero"),
        ("SELECT sum(n_name) FROM nation", Code::QueryInvalid, None, "sum takes numbers, and this is character varying"),
        (
            "SELECT sum(n_nationkey) AS a, sum(n_nationkey::decimal(38,0)) AS b FROM nation",
            Code::QueryInvalid,
            None,
            "cast in a subquery",
        ),
        (
            "SELECT x FROM nation, LATERAL (SELECT r_name AS x FROM region WHERE r_regionkey > n_regionkey LIMIT 1) AS q",
            Code::QueryInvalid,
            None,
            "write it as a join",
        ),
        ("SELECT 1; SELECT 2", Code::QueryInvalid, None, "one SELECT"),
        ("COPY nation TO 'file.csv'", Code::QueryInvalid, None, "one SELECT"),
        ("SET datafusion.execution.batch_size = 1", Code::QueryInvalid, None, "one SELECT"),
        ("SELECT * FROM '/etc/passwd'", Code::UnknownTable, None, "there is no table"),
        ("SELECT * FROM \"/etc/passwd\"", Code::UnknownTable, at(1, 15), "there is no table"),
        ("SELECT * FROM read_csv('/etc/passwd')", Code::UnknownTable, at(1, 15), "there is no table"),
    ];
    let mut wrong = Vec::new();
    for (query, code, position, said) in cases {
        let error = fixture.error(query).await;
        let is_plain = !["DataFusion", "Error during planning", "Arrow error", "Utf8", "Int64", "\n"]
            .iter()
            .any(|jargon| error.message().contains(jargon));
        let is_placed = position.is_none() || error.position() == *position;
        if error.code() != *code || !error.message().contains(said) || !is_placed || !is_plain {
            wrong.push(format!("{query}: {} {:?} {error}", error.code(), error.position()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_place_in_a_wrapped_query_is_the_place_in_the_callers() {
    let fixture = Fixture::sample();
    let error = fixture.error("SELECT * FROM (\nSELECT n_nmae FROM nation LIMIT 5\n) AS outflow_limited").await;
    assert_eq!((error.code(), error.position()), (Code::UnknownColumn, Some(Position { line: 1, column: 8 })));
}

#[tokio::test]
async fn a_query_that_fails_half_way_leaves_whole_files_or_none_and_no_manifest() {
    let fixture = Fixture::sample();
    let query = "SELECT 1000000 / (300000 - value) AS a, repeat('x', 50) AS b FROM generate_series(1, 400000) AS t(value)";
    for (number, statement) in every_form(&fixture, query).into_iter().enumerate() {
        let error = fixture.failure(&statement).await;
        assert_eq!(error.code(), Code::QueryFailed, "{error}");
        assert_whole(&fixture, &statement).await;
        // Nothing is written before the rows of partitions are together.
        if !statement.parallel || !statement.partition_by.is_empty() {
            assert!(fixture.keys(&statement).await.is_empty(), "{number}: {statement:?}");
        }
    }
}

/// The query in every format, on one slice and on several, and into partitions.
fn every_form(fixture: &Fixture, query: &str) -> Vec<UnloadStatement> {
    let mut all = Vec::new();
    for parallel in [false, true] {
        for (format, compression) in [
            (Format::Csv, Compression::None),
            (Format::Csv, Compression::Gzip),
            (Format::Json, Compression::Zstd),
            (Format::Text, Compression::Bzip2),
            (Format::Text, Compression::None),
            (Format::Parquet, Compression::None),
        ] {
            all.push(fixture.statement_as(query, format, compression, parallel));
        }
        let fixed = fixture.statement_as(query, Format::Text, Compression::Gzip, parallel);
        all.push(UnloadStatement { fixed_width: Some("a:20,b:1000".parse().unwrap()), ..fixed });
        for format in [Format::Csv, Format::Parquet] {
            let parts = fixture.statement_as(query, format, Compression::None, parallel);
            all.push(UnloadStatement { partition_by: vec!["a".to_owned()], ..parts });
        }
    }
    all
}

/// What a failed statement left is whole files, and no manifest.
async fn assert_whole(fixture: &Fixture, statement: &UnloadStatement) {
    for key in fixture.keys(statement).await {
        assert!(!key.ends_with("manifest"), "{key}");
        let bytes = fixture.read(&key).await;
        if statement.format == Format::Parquet {
            assert_eq!(&bytes[bytes.len() - 4..], b"PAR1", "{key}");
        } else {
            assert!(reading::expanded(&bytes, statement.compression).ends_with(b"\n"), "{key}");
        }
    }
}

#[tokio::test]
async fn a_destination_at_which_there_is_something_is_refused() {
    let fixture = Fixture::sample();
    let statement = fixture.statement("SELECT 1 AS a");
    let first = fixture.unload(&statement).await;
    let error = fixture.failure(&statement).await;
    assert_eq!(error.code(), Code::QueryFailed);
    assert!(error.message().contains("not empty"), "{error}");
    assert_eq!(fixture.keys(&statement).await, first.keys, "and what is there is not touched");
    let elsewhere = UnloadStatement { destination: "s3://elsewhere/output".to_owned(), ..statement };
    assert_eq!(fixture.failure(&elsewhere).await.code(), Code::ConfigInvalid);
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_upload_is_given_up() {
    let small = "SELECT 1 AS a, 'x' AS b";
    let long = noise(100_000);
    for (fault, query) in [(Fault::Full, small), (Fault::FullLater, long.as_str())] {
        for number in 0..every_form(&Fixture::sample(), query).len() {
            let (store, seen) = Faulty::watched(fault);
            let fixture = Fixture::writing_to(store);
            let statement = every_form(&fixture, query).swap_remove(number);
            // What is compressed in parallel has no second part.
            if fault == Fault::FullLater && statement.compression != Compression::None && !has_parts(&statement) {
                continue;
            }
            let error = fixture.failure(&statement).await;
            assert_eq!(error.code(), Code::StorageFull, "{statement:?}: {error}");
            assert!(error.kind().is_retryable());
            assert_whole(&fixture, &statement).await;
            assert!(fault == Fault::Full || seen.was_aborted.load(Ordering::SeqCst), "{statement:?}");
        }
    }
}

/// Whether a compressed file of noise comes to parts soon, built for debugging.
fn has_parts(statement: &UnloadStatement) -> bool {
    !statement.parallel && matches!(statement.compression, Compression::Gzip | Compression::Zstd)
}

/// So many rows of a number and of text that hardly compresses.
fn noise(rows: u32) -> String {
    let noise: Vec<String> = (1..7).map(|factor| format!("encode(sha256((value * {factor})::text), 'hex')")).collect();
    format!("SELECT value % 2 AS a, {} AS b FROM generate_series(1, {rows}) AS t(value)", noise.join(" || "))
}

#[tokio::test]
async fn a_cancel_in_the_middle_of_any_format_leaves_nothing() {
    let long = noise(100_000_000);
    for number in 0..every_form(&Fixture::sample(), &long).len() {
        let (store, seen) = Faulty::watched(Fault::Stuck);
        let fixture = Fixture::writing_to(store);
        let statement = every_form(&fixture, &long).swap_remove(number);
        // Rows of partitions are gathered before any is written, which another test has; and bzip2 takes its time.
        let is_soon = statement.compression == Compression::None || has_parts(&statement);
        if !statement.partition_by.is_empty() || !is_soon {
            continue;
        }
        let statement_id = fixture.start(&statement).await;
        until("a part is on its way", async || seen.parts.load(Ordering::SeqCst) > 0).await;
        fixture.warehouse.cancel(&statement_id).await.unwrap();
        assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled), "{statement:?}");
        assert!(seen.was_aborted.load(Ordering::SeqCst), "{statement:?}");
        assert!(fixture.listed().await.is_empty(), "{statement:?}");
    }
}

/// The disk is full when some partitions have their files already.
#[tokio::test]
async fn a_disk_that_is_full_amid_partitions_leaves_whole_files_and_no_manifest() {
    for parallel in [false, true] {
        let (store, _) = Faulty::watched(Fault::FullAfter(7));
        let fixture = Fixture::writing_to(store);
        let statement =
            fixture.statement_as("SELECT n_nationkey AS a, n_name AS b FROM nation", Format::Csv, Compression::Gzip, parallel);
        let statement = UnloadStatement { partition_by: vec!["a".to_owned()], ..statement };
        let error = fixture.failure(&statement).await;
        assert_eq!(error.code(), Code::StorageFull, "{error}");
        let left = fixture.keys(&statement).await.len();
        // One slice has a file in hand when the other is refused, and gives it up.
        assert!(left == 7 || parallel && left < 7, "{left} files");
        assert_whole(&fixture, &statement).await;
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_not_a_statement_that_hangs() {
    let (store, _) = Faulty::watched(Fault::Panic);
    let fixture = Fixture::writing_to(store);
    for parallel in [false, true] {
        let error = fixture.failure(&fixture.statement_as("SELECT 1 AS a", Format::Csv, Compression::None, parallel)).await;
        assert_eq!(error.code(), Code::Internal, "{error}");
    }
}

#[tokio::test]
async fn a_query_that_needs_more_memory_than_there_is_fails_and_a_sort_does_not() {
    let fixture = Fixture::sample();
    let spilling =
        "SELECT value, repeat('x', 200) AS b FROM generate_series(1, 1500000) AS t(value) ORDER BY value % 1000, value";
    let unloaded = fixture.unload(&fixture.statement_as(spilling, Format::Csv, Compression::Zstd, false)).await;
    assert_eq!(unloaded.rows, 1_500_000);
    let hungry = "SELECT a.value FROM generate_series(1, 30000000) AS a(value) JOIN generate_series(1, 30000000) AS b(value) ON a.value = b.value";
    let error = fixture.error(hungry).await;
    assert_eq!(error.code(), Code::QueryFailed, "{error}");
    assert!(error.message().contains("memory"), "{error}");
}

#[tokio::test]
async fn the_longest_chain_that_the_guard_lets_through_is_no_trouble() {
    let fixture = Fixture::sample();
    let sum = fixture.csv(&format!("SELECT {}1 AS s", "1+".repeat(499))).await;
    assert_eq!(sum, "s\n500\n");
    let conditions = fixture.csv(&format!("SELECT count(*) FROM nation WHERE {}false", "n_nationkey = 3 OR ".repeat(499))).await;
    assert_eq!(conditions, "count\n1\n");
}

#[tokio::test]
async fn a_query_that_unfolds_without_end_is_refused_before_it_is_planned() {
    let fixture = Fixture::sample();
    let nested = |operation: &str, levels: u32| {
        (0..levels).fold("SELECT n_nationkey AS c FROM nation".to_owned(), |inner, _| {
            format!("SELECT {operation} AS c FROM ({inner}) AS t")
        })
    };
    let chained = |levels: u32| {
        let steps = (1..=levels).map(|level| format!("q{level} AS (SELECT c + c AS c FROM q{})", level - 1));
        format!("WITH q0 AS (SELECT 1 AS c), {} SELECT c FROM q{levels}", steps.collect::<Vec<_>>().join(", "))
    };
    for query in [
        nested("c + c", 40),
        chained(40),
        format!("SELECT n_name FROM nation WHERE n_nationkey IN ({})", nested("c * c", 40)),
        format!("SELECT count(*) AS n FROM ({}) AS t WHERE c > 0", nested("c % c", 40)),
    ] {
        let error = fixture.error(&query).await;
        assert_eq!(error.code(), Code::SqlTooComplex, "{error}");
    }
    assert_eq!(fixture.csv(&chained(10)).await, "c\n1024\n");
    assert_eq!(fixture.csv(&nested("c + 1", 40)).await.lines().nth(1), Some("40"));
}

/// The type doubles at each level, and DISTINCT keeps the levels apart.
#[tokio::test]
async fn a_type_that_doubles_is_refused_before_it_is_compared() {
    let fixture = Fixture::sample();
    let query = (1..=40).fold("SELECT DISTINCT n_name AS x FROM nation".to_owned(), |inner, _| {
        format!("SELECT DISTINCT named_struct('a', x, 'b', x) AS x FROM ({inner}) AS t")
    });
    let error = fixture.error(&query).await;
    assert_eq!(error.code(), Code::SqlTooComplex, "{error}");
}
