//! Stopping a statement, from the process that started it and from others.

use outflow_core::StatementId;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_emulator::Fault;

use super::{end, is_finished, session_of_running, statement, token, unloads, warehouse};
use crate::support::{ENDLESS, Place};

#[tokio::test]
async fn whoever_started_it_stops_it_by_a_request_beside_its_connection() {
    let place = Place::new().await;
    let warehouse = warehouse(&place);
    let started = warehouse.start(&statement(ENDLESS), &token()).await.unwrap();
    session_of_running(&place).await;
    warehouse.cancel(&started).await.unwrap();
    assert!(matches!(end(&warehouse, &started).await, Progress::Cancelled));
    assert_eq!(unloads(&place).await[0][0], "canceled");
}

#[tokio::test]
async fn another_process_stops_it_by_its_session() {
    let place = Place::new().await;
    let (first, second) = (warehouse(&place), warehouse(&place));
    let started = first.start(&statement(ENDLESS), &token()).await.unwrap();
    session_of_running(&place).await;
    second.cancel(&started).await.unwrap();
    assert!(matches!(end(&second, &started).await, Progress::Cancelled));
    assert!(matches!(end(&first, &started).await, Progress::Cancelled));
    assert_eq!(unloads(&place).await[0][0], "canceled");
}

#[tokio::test]
async fn a_statement_whose_connection_was_cut_is_stopped_by_its_session() {
    let place = Place::with_faults(&[Fault::LostAnswer(1_000)]).await;
    let warehouse = warehouse(&place);
    let started = warehouse.start(&statement(ENDLESS), &token()).await.unwrap();
    session_of_running(&place).await;
    warehouse.cancel(&started).await.unwrap();
    // Until it is known that the connection is gone, the request may go there, where it is lost: whoever cancels asks until it has ended.
    warehouse.cancel(&started).await.unwrap();
    assert!(matches!(end(&warehouse, &started).await, Progress::Cancelled));
}

#[tokio::test]
async fn what_has_ended_or_is_not_known_is_left_alone() {
    let place = Place::new().await;
    let (first, second) = (warehouse(&place), warehouse(&place));
    let started = first.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
    assert!(is_finished(&end(&first, &started).await));
    for warehouse in [&first, &second] {
        warehouse.cancel(&started).await.unwrap();
        assert!(is_finished(&end(warehouse, &started).await));
        warehouse.cancel(&StatementId::new("d9b6c0c9-0747-4bf4-b142-e8883122f766")).await.unwrap();
    }
}
