//! How a statement stands, and stopping it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{Code, StatementId};

use crate::fake::{Fake, Fault};
use crate::{LONG, statement, token};

#[tokio::test]
async fn an_end_is_noticed_at_once_and_asking_often_costs_one_call() {
    let fake = Fake::start().await;
    let warehouse = Arc::new(fake.warehouse());
    let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    for _ in 0..5 {
        let progress = warehouse.poll(&id, Duration::from_millis(1_050)).await.unwrap();
        assert!(matches!(progress, Progress::Running(_)), "{progress:?}");
    }
    assert_eq!(fake.calls("DescribeStatement").len(), 1, "one long poll serves everybody who asks");
    let polling = tokio::spawn({
        let (warehouse, id) = (Arc::clone(&warehouse), id.clone());
        async move { warehouse.poll(&id, LONG).await }
    });
    let begun = Instant::now();
    fake.end(id.as_str(), "FINISHED", "");
    assert!(matches!(polling.await.unwrap().unwrap(), Progress::Finished { rows: None }));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(fake.calls("DescribeStatement").len(), 1);
}

#[tokio::test]
async fn where_long_polls_are_refused_looks_come_at_a_distance() {
    let fake = Fake::start().await;
    let warehouse = fake.warehouse();
    let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    fake.fail("DescribeStatement", [Fault::Refuse("ActiveWaitingRequestsExceededException", "too many")]);
    assert!(matches!(warehouse.poll(&id, Duration::from_secs(2)).await.unwrap(), Progress::Running(_)));
    let calls = fake.calls("DescribeStatement");
    assert!(calls[0]["WaitTimeSeconds"].is_number() && calls[1]["WaitTimeSeconds"].is_null(), "{calls:?}");
    assert!((3..=9).contains(&calls.len()), "{}", calls.len());
    fake.end(id.as_str(), "FINISHED", "");
    assert!(matches!(warehouse.poll(&id, LONG).await.unwrap(), Progress::Finished { .. }));
}

#[tokio::test]
async fn a_data_api_that_does_not_know_of_long_polls_is_asked_without() {
    for words in ["Value '30' at 'waitTimeSeconds' failed to satisfy constraint", "unexpected member"] {
        let fake = Fake::start().await;
        let warehouse = fake.warehouse();
        let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
        fake.end(id.as_str(), "FINISHED", "");
        fake.fail("DescribeStatement", [Fault::Refuse("ValidationException", words)]);
        assert!(matches!(warehouse.poll(&id, LONG).await.unwrap(), Progress::Finished { .. }), "{words}");
    }
}

#[tokio::test]
async fn throttling_of_looks_is_no_news() {
    let fake = Fake::start().await;
    let warehouse = fake.warehouse();
    let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    fake.end(id.as_str(), "FINISHED", "");
    fake.fail("DescribeStatement", vec![Fault::Refuse("ThrottlingException", "Rate exceeded"); 2]);
    assert!(matches!(warehouse.poll(&id, LONG).await.unwrap(), Progress::Finished { .. }));
}

#[tokio::test]
async fn a_failure_has_its_code_and_its_place() {
    let fake = Fake::start().await;
    let warehouse = fake.warehouse();
    let query = "SELECT id,\n  nope FROM fruit";
    let id = warehouse.start(&statement(query), &token()).await.unwrap();
    let at = query.find("nope").unwrap() + 1;
    fake.end(id.as_str(), "FAILED", &format!("ERROR: column \"nope\" does not exist in fruit\n  Position: {at};"));
    let Progress::Failed(error) = warehouse.poll(&id, LONG).await.unwrap() else { panic!("it failed") };
    assert_eq!(error.code(), Code::UnknownColumn);
    let position = error.position().unwrap();
    assert_eq!((position.line, position.column), (2, 3));
    assert_eq!(error.message(), "column \"nope\" does not exist in fruit");
}

#[tokio::test]
async fn what_is_not_known_is_unclear_and_never_lost() {
    let fake = Fake::start().await;
    let warehouse = fake.warehouse();
    let unknown = StatementId::new("00000000-0000-4000-8000-999999999999");
    for wait in [Duration::ZERO, LONG] {
        let error = warehouse.poll(&unknown, wait).await.unwrap_err();
        // `statement_lost` would have it submitted again.
        assert_eq!(error.code(), Code::OutcomeUnknown);
        assert!(error.message().contains("24 hours"), "{error}");
    }
}

#[tokio::test]
async fn a_cancel_reaches_it_from_any_process_and_does_nothing_to_what_has_ended() {
    let fake = Fake::start().await;
    let (warehouse, elsewhere) = (fake.warehouse(), fake.warehouse());
    let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    assert!(matches!(warehouse.poll(&id, Duration::from_millis(1_050)).await.unwrap(), Progress::Running(_)));
    elsewhere.cancel(&id).await.unwrap();
    assert!(matches!(warehouse.poll(&id, LONG).await.unwrap(), Progress::Cancelled));
    elsewhere.cancel(&id).await.unwrap();
    assert!(matches!(elsewhere.poll(&id, Duration::ZERO).await.unwrap(), Progress::Cancelled));
    elsewhere.cancel(&StatementId::new("00000000-0000-4000-8000-999999999999")).await.unwrap();
    fake.fail("CancelStatement", [Fault::Refuse("DatabaseConnectionException", "no")]);
    assert_eq!(elsewhere.cancel(&id).await.unwrap_err().code(), Code::WarehouseUnavailable);
}

#[tokio::test]
async fn neither_a_cancel_nor_a_check_waits_for_those_who_look() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.pace.others_per_second = 0.1;
    let warehouse = Arc::new(outflow_warehouse::redshift_data::RedshiftData::new(config).unwrap());
    let id = warehouse.start(&statement("SELECT 1"), &token()).await.unwrap();
    let looking: Vec<_> = (0..3)
        .map(|_| {
            let warehouse = Arc::clone(&warehouse);
            tokio::spawn(async move { warehouse.find(&token()).await })
        })
        .collect();
    while fake.calls("ListStatements").is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(Duration::from_secs(5), warehouse.cancel(&id)).await.unwrap().unwrap();
    for _ in 0..10 {
        tokio::time::timeout(Duration::from_secs(5), warehouse.check()).await.unwrap().unwrap();
    }
    assert_eq!(fake.calls("ListStatements").len(), 2, "one of a search, one of all the checks");
    looking.into_iter().for_each(|looking| looking.abort());
}

#[tokio::test]
async fn it_says_what_it_can_do() {
    let capabilities = Fake::start().await.warehouse().capabilities();
    assert!(capabilities.outlives_worker && capabilities.cancel_anywhere);
}
