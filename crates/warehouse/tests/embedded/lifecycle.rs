//! A statement's life: started once, found again, told of, cancelled, forgotten with its warehouse.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{AttemptToken, Code, StatementId, UnloadId};
use rstest::rstest;

use super::fixture::{Fixture, LONG, until};
use super::store::{Fault, Faulty};

/// Runs until it is stopped, and writes all the while.
const ENDLESS: &str = "SELECT value, repeat('x', 100) AS b FROM generate_series(1, 1000000000000) AS t(value)";

#[tokio::test]
async fn the_same_token_is_the_same_statement() {
    let fixture = Fixture::sample();
    let token = AttemptToken::new(UnloadId::generate(), 1);
    assert_eq!(fixture.warehouse.find(&token).await.unwrap(), None);
    let statement = fixture.statement("SELECT 1 AS a");
    let first = fixture.warehouse.start(&statement, &token).await.unwrap();
    let again = fixture.warehouse.start(&statement, &token).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(fixture.warehouse.find(&token).await.unwrap(), Some(first.clone()));
    assert!(
        matches!(fixture.ended(&first).await, Progress::Finished { rows: Some(1) }),
        "a second run would find the destination taken"
    );
    assert!(matches!(fixture.ended(&again).await, Progress::Finished { rows: Some(1) }), "and it can be asked again");
    let other = fixture.start(&fixture.statement("SELECT 1 AS a")).await;
    assert_ne!(first, other);
    assert!(!fixture.warehouse.capabilities().outlives_worker);
}

#[tokio::test]
async fn a_statement_that_is_not_known_is_lost() {
    let fixture = Fixture::sample();
    let unknown = StatementId::new("nobody");
    assert_eq!(fixture.warehouse.poll(&unknown, Duration::ZERO).await.unwrap_err().code(), Code::StatementLost);
    fixture.warehouse.cancel(&unknown).await.unwrap();
}

#[tokio::test]
async fn progress_grows_and_cancel_stops_the_query_and_leaves_nothing() {
    let fixture = Fixture::sample();
    for (format, compression, parallel) in [
        (Format::Csv, Compression::None, false),
        (Format::Csv, Compression::Gzip, true),
        (Format::Json, Compression::Zstd, false),
        (Format::Text, Compression::Bzip2, true),
        (Format::Parquet, Compression::None, true),
    ] {
        let statement = fixture.statement_as(ENDLESS, format, compression, parallel);
        let statement_id = fixture.start(&statement).await;
        let mut told = Vec::new();
        let begun = Instant::now();
        while told.len() < 3 || told.last().is_none_or(|(_, bytes)| *bytes == 0) {
            match fixture.warehouse.poll(&statement_id, Duration::from_secs(30)).await.unwrap() {
                Progress::Running(amount) => told.push((amount.rows, amount.bytes)),
                other => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < LONG, "{told:?}");
        }
        assert!(told.is_sorted() && told[0].0 < told[told.len() - 1].0, "{told:?}");
        fixture.warehouse.cancel(&statement_id).await.unwrap();
        assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled));
        assert!(fixture.keys(&statement).await.is_empty());
        let destination = fixture.folder.path().join(statement.destination.strip_prefix("s3://local/").unwrap());
        let left = std::fs::read_dir(destination.parent().unwrap()).map_or(0, Iterator::count);
        assert_eq!(left, 0, "not even a file that is not yet visible");
        fixture.warehouse.cancel(&statement_id).await.unwrap();
    }
}

/// Each would run for hours. A join that makes much out of little, and one that drops all that it makes, never reads again meanwhile.
#[rstest]
#[case::reads("SELECT count(*) FROM generate_series(1, 1000000000000) AS t(value) WHERE value % 7 = 8")]
#[case::crosses("SELECT sum(a.l_quantity * b.l_quantity) FROM lineitem a CROSS JOIN lineitem b CROSS JOIN lineitem c")]
#[case::crosses_and_drops(
    "SELECT count(*) FROM lineitem a JOIN lineitem b ON a.l_quantity + b.l_quantity < 0 JOIN lineitem c ON c.l_tax > a.l_tax - 9"
)]
#[case::meets_and_drops(
    "SELECT count(*) FROM generate_series(1, 3000000) AS a(x) JOIN generate_series(1, 3000000) AS b(x) ON a.x % 2 = b.x % 2 AND a.x + b.x < 0"
)]
#[case::grows(
    "SELECT max(repeat(a.l_comment, 1000 + b.n_nationkey - b.n_nationkey)) FROM lineitem a CROSS JOIN nation b CROSS JOIN nation c"
)]
#[case::recurs("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t")]
#[tokio::test]
async fn a_query_that_writes_nothing_yet_is_cancelled_too(#[case] query: &str) {
    let fixture = Fixture::sample();
    let statement_id = fixture.start(&fixture.statement(query)).await;
    // Long enough that it is in the midst of it.
    let progress = fixture.warehouse.poll(&statement_id, Duration::from_secs(2)).await.unwrap();
    assert!(matches!(progress, Progress::Running(_)), "{progress:?}");
    fixture.warehouse.cancel(&statement_id).await.unwrap();
    assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled));
    let after = fixture.csv("SELECT 1 AS a").await;
    assert_eq!(after, "a\n1\n", "its threads are free again");
}

#[tokio::test]
async fn a_store_that_is_stuck_bounds_what_is_read_and_cancel_gives_the_upload_up() {
    let (store, seen) = Faulty::watched(Fault::Stuck);
    let fixture = Fixture::writing_to(store);
    let statement = fixture.statement(ENDLESS);
    let statement_id = fixture.start(&statement).await;
    until("parts are on their way", async || seen.parts.load(Ordering::SeqCst) >= 2).await;
    fixture.warehouse.cancel(&statement_id).await.unwrap();
    assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled));
    assert!(seen.was_aborted.load(Ordering::SeqCst));
    assert!(seen.parts.load(Ordering::SeqCst) <= 4, "no more is read than can be written");
    assert!(fixture.keys(&statement).await.is_empty());
}

#[rstest]
#[case::one_file(false)]
#[case::several_slices(true)]
#[tokio::test]
async fn an_unload_into_partitions_is_cancelled_while_rows_are_gathered_and_while_they_are_written(#[case] parallel: bool) {
    let by = |column: &str, statement: UnloadStatement| UnloadStatement {
        partition_by: vec![column.to_owned()],
        parallel,
        ..statement
    };
    let fixture = Fixture::sample();
    let statement_id = fixture.start(&by("b", fixture.statement(ENDLESS))).await;
    let progress = fixture.warehouse.poll(&statement_id, Duration::from_secs(2)).await.unwrap();
    assert!(matches!(progress, Progress::Running(_)), "{progress:?}");
    fixture.warehouse.cancel(&statement_id).await.unwrap();
    assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled));
    assert!(fixture.listed().await.is_empty());

    let (store, seen) = Faulty::watched(Fault::Stuck);
    let fixture = Fixture::writing_to(store);
    let long = "SELECT value % 2 AS a, value, repeat('x', 1000) AS b FROM generate_series(1, 150000) AS t(value)";
    let statement_id = fixture.start(&by("a", fixture.statement(long))).await;
    until("a part is on its way", async || {
        let progress = fixture.warehouse.poll(&statement_id, Duration::ZERO).await.unwrap();
        assert!(matches!(progress, Progress::Running(_)), "{progress:?}");
        seen.parts.load(Ordering::SeqCst) > 0
    })
    .await;
    fixture.warehouse.cancel(&statement_id).await.unwrap();
    assert!(matches!(fixture.ended(&statement_id).await, Progress::Cancelled));
    assert!(seen.was_aborted.load(Ordering::SeqCst));
    assert!(fixture.listed().await.is_empty());
}

#[tokio::test]
async fn statements_run_at_the_same_time() {
    let fixture = Fixture::sample();
    let endless = fixture.start(&fixture.statement(ENDLESS)).await;
    let small: Vec<_> = (0..20).map(|number| fixture.statement(&format!("SELECT {number} AS n"))).collect();
    let unloads = futures::future::join_all(small.iter().map(|statement| fixture.unload(statement))).await;
    for (number, unloaded) in unloads.iter().enumerate() {
        assert_eq!(unloaded.files[0].1, format!("n\n{number}\n").as_bytes());
    }
    let orders = fixture.statement("SELECT count(*) FROM orders");
    let lines = fixture.statement("SELECT count(*) FROM lineitem");
    let (orders, lines) = futures::join!(fixture.unload(&orders), fixture.unload(&lines));
    assert_eq!((orders.files[0].1.as_slice(), lines.files[0].1.as_slice()), (&b"count\n15000\n"[..], &b"count\n60175\n"[..]));
    assert!(matches!(fixture.warehouse.poll(&endless, Duration::ZERO).await.unwrap(), Progress::Running(_)));
    fixture.warehouse.cancel(&endless).await.unwrap();
    assert!(matches!(fixture.ended(&endless).await, Progress::Cancelled));
}

#[tokio::test]
async fn a_sample_table_is_made_once_when_two_ask_at_once() {
    let made = tempfile::tempdir().unwrap();
    let store: Arc<dyn object_store::ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    let config = outflow_warehouse::embedded::EmbeddedConfig {
        sample_dir: made.path().to_owned(),
        sample_scale: 0.01,
        buckets: [("local".to_owned(), store)].into(),
        ..Default::default()
    };
    let warehouse = outflow_warehouse::embedded::Embedded::new(config).unwrap();
    let fixture = Fixture::sample();
    let mut ids = Vec::new();
    for _ in 0..8 {
        let token = AttemptToken::new(UnloadId::generate(), 1);
        ids.push(warehouse.start(&fixture.statement("SELECT count(*) FROM partsupp"), &token).await.unwrap());
    }
    for id in ids {
        let begun = Instant::now();
        loop {
            let progress = warehouse.poll(&id, Duration::from_secs(30)).await.unwrap();
            if progress.is_over() {
                assert!(matches!(progress, Progress::Finished { rows: Some(1) }), "{progress:?}");
                break;
            }
            assert!(begun.elapsed() < LONG);
        }
    }
    let files: Vec<_> =
        std::fs::read_dir(made.path().join("tpch-0.01-v1")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["partsupp.parquet"], "nothing half-made is left");
}

#[tokio::test]
async fn a_warehouse_may_be_dropped_while_it_runs() {
    let fixture = Fixture::sample();
    fixture.start(&fixture.statement(ENDLESS)).await;
    drop(fixture);
}
