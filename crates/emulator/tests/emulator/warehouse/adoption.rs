//! Statements whose connection is gone, or was another process's.

use std::time::{Duration, Instant};

use outflow_core::Code;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_emulator::Fault;
use outflow_warehouse::redshift_wire::{RedshiftConfig, RedshiftWire, Timing};

use super::{config, end, is_finished, session_of_running, statement, token, unloads, warehouse};
use crate::support::{AT_MOST, ENDLESS, Place, until};

const QUERY: &str = "SELECT id, name FROM fruit ORDER BY id";

#[tokio::test]
async fn a_statement_whose_connection_is_cut_is_watched_in_the_record() {
    let place = Place::with_faults(&[Fault::LostAnswer(1_000), Fault::Slow(Duration::from_millis(300))]).await;
    let warehouse = warehouse(&place);
    let started = warehouse.start(&statement(QUERY), &token()).await.unwrap();
    assert!(is_finished(&end(&warehouse, &started).await));
    assert_eq!(place.names("u"), ["output000", "outputmanifest"]);
    assert_eq!(unloads(&place).await.len(), 1);
}

#[tokio::test]
async fn a_statement_that_was_lost_on_its_way_never_ran_and_may_be_repeated() {
    let place = Place::with_faults(&[Fault::LostRequest(1_000)]).await;
    let warehouse = warehouse(&place);
    let token = token();
    let started = warehouse.start(&statement(QUERY), &token).await.unwrap();
    let Progress::Failed(error) = end(&warehouse, &started).await else { panic!("it did not fail") };
    assert_eq!((error.code(), error.kind().is_retryable()), (Code::StatementLost, true), "{error}");
    assert_eq!(warehouse.find(&token).await.unwrap(), None);
    assert!(unloads(&place).await.is_empty());
}

#[tokio::test]
async fn another_process_finds_the_statement_by_its_tag_and_watches_it() {
    let place = Place::with_faults(&[Fault::Slow(Duration::from_secs(1))]).await;
    let (first, second) = (warehouse(&place), warehouse(&place));
    let token = token();
    let started = first.start(&statement(QUERY), &token).await.unwrap();
    session_of_running(&place).await;
    drop(first);
    assert_eq!(second.find(&token).await.unwrap().as_ref(), Some(&started));
    assert!(is_finished(&end(&second, &started).await));
    // Starting it anew is starting nothing.
    assert_eq!(second.start(&statement(QUERY), &token).await.unwrap(), started);
    assert_eq!(unloads(&place).await.len(), 1);
}

#[tokio::test]
async fn a_statement_fails_for_the_other_process_as_the_record_says() {
    let place = Place::with_faults(&[Fault::FailHalfWay(1_000)]).await;
    let (first, second) = (warehouse(&place), warehouse(&place));
    let token = token();
    let started = first.start(&statement(QUERY), &token).await.unwrap();
    for warehouse in [&first, &second] {
        let Progress::Failed(error) = end(warehouse, &started).await else { panic!("it did not fail") };
        assert_eq!(error.code(), Code::StorageUnavailable, "{error}");
    }
}

#[tokio::test]
async fn what_somebody_stops_in_the_warehouse_is_not_run_again() {
    let place = Place::new().await;
    let (first, second) = (warehouse(&place), warehouse(&place));
    let started = first.start(&statement(ENDLESS), &token()).await.unwrap();
    let session = session_of_running(&place).await;
    place.connect().await.simple_query(&format!("SELECT pg_cancel_backend({session})")).await.unwrap();
    for warehouse in [&first, &second] {
        assert!(matches!(end(warehouse, &started).await, Progress::Cancelled));
    }
}

#[tokio::test]
async fn nothing_is_believed_absent_before_it_could_have_come() {
    let place = Place::new().await;
    let within = |settle: Duration| {
        let timing = Timing { settle, ..config(&place).timing };
        RedshiftWire::new(RedshiftConfig { timing, ..config(&place) }).unwrap()
    };
    let settle = Duration::from_secs(1);
    let begun = Instant::now();
    assert_eq!(within(settle).find(&token()).await.unwrap(), None);
    assert!(begun.elapsed() >= settle);
    // What another process sends meanwhile is found.
    let (first, second) = (within(settle), within(Duration::from_secs(3_600)));
    let (token, statement) = (token(), statement(QUERY));
    let found = async {
        loop {
            if let Ok(found) = second.find(&token).await {
                return found;
            }
        }
    };
    let (found, started) = tokio::join!(tokio::time::timeout(AT_MOST, found), first.start(&statement, &token));
    assert_eq!(found.unwrap(), Some(started.unwrap()));
}

#[tokio::test]
async fn what_was_not_sent_for_certain_is_absent_at_once() {
    let place = Place::new().await;
    let timing = Timing { settle: Duration::from_secs(3_600), send_within: Duration::from_secs(5) };
    let warehouse = RedshiftWire::new(RedshiftConfig { timing, port: 1, ..config(&place) }).unwrap();
    let token = token();
    let error = warehouse.start(&statement(QUERY), &token).await.unwrap_err();
    assert_eq!(error.code(), Code::WarehouseUnavailable, "{error}");
    assert_eq!(warehouse.find(&token).await.unwrap(), None);
}

#[tokio::test]
async fn a_statement_that_ends_while_nobody_asks_is_known_later() {
    let place = Place::new().await;
    let warehouse = warehouse(&place);
    let started = warehouse.start(&statement(QUERY), &token()).await.unwrap();
    until(|| async { unloads(&place).await.iter().any(|unload| unload[0] == "success") }).await;
    assert!(is_finished(&end(&warehouse, &started).await));
    assert!(is_finished(&end(&warehouse, &started).await));
}
