//! What a statement fails of.

use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{Code, Error};

use super::{end, statement, token, warehouse};
use crate::support::Place;

async fn error_of(place: &Place, statement: &UnloadStatement) -> Error {
    let warehouse = warehouse(place);
    let started = warehouse.start(statement, &token()).await.unwrap();
    match end(&warehouse, &started).await {
        Progress::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_query_is_to_blame_for_has_its_code() {
    let place = Place::new().await;
    let error = error_of(&place, &statement("SELECT nothing FROM fruit")).await;
    assert_eq!((error.code(), error.kind().is_retryable()), (Code::UnknownColumn, false), "{error}");
    assert_eq!(error_of(&place, &statement("SELECT 1 FROM nowhere")).await.code(), Code::UnknownTable);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_a_matter_of_the_configuration() {
    let place = Place::new().await;
    let elsewhere = UnloadStatement { destination: "s3://nowhere/u/output".to_owned(), ..statement("SELECT id FROM fruit") };
    let error = error_of(&place, &elsewhere).await;
    assert_eq!(error.code(), Code::ConfigInvalid, "{error}");
    assert!(error.message().contains("storage.url"), "{error}");
}

#[tokio::test]
async fn what_lies_at_the_destination_is_never_written_over() {
    let place = Place::new().await;
    let warehouse = warehouse(&place);
    let first = warehouse.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
    end(&warehouse, &first).await;
    let error = error_of(&place, &statement("SELECT name FROM fruit")).await;
    assert_eq!(error.code(), Code::VerificationFailed, "{error}");
}
