//! Faults, each as a client meets it.

use std::time::Duration;

use aws_sdk_redshiftdata::error::ProvideErrorMetadata;
use aws_sdk_redshiftdata::types::StatusString;
use outflow_emulator::Fault;

use crate::support::{ENDLESS, Place, ended, run, until};

const UNLOAD: &str = "UNLOAD ('SELECT n FROM numbers') TO 's3://lake/f/output' IAM_ROLE default FORMAT CSV MANIFEST VERBOSE";

#[tokio::test]
async fn a_lost_answer_is_found_again_by_its_token() {
    let place = Place::with_faults(&[Fault::LostAnswer(2)]).await;
    let lost =
        place.sdk().execute_statement().workgroup_name("wg").database("dev").client_token("t").sql("SELECT 1").send().await;
    assert!(lost.unwrap_err().as_service_error().is_none(), "an answer came");
    // What the SDK does by itself: the same token once more.
    let sdk = place.sdk_that_tries(3);
    let submitted =
        sdk.execute_statement().workgroup_name("wg").database("dev").client_token("t").sql("SELECT 1").send().await.unwrap();
    ended(&sdk, submitted.id().unwrap()).await;
    assert_eq!(sdk.list_statements().status(StatusString::All).send().await.unwrap().statements().len(), 1);
}

#[tokio::test]
async fn a_lost_request_ran_nothing() {
    let place = Place::with_faults(&[Fault::LostRequest(2)]).await;
    let sdk = place.sdk();
    let submit = || sdk.execute_statement().workgroup_name("wg").database("dev").sql("SELECT 1").send();
    submit().await.unwrap_err();
    assert_eq!(sdk.list_statements().status(StatusString::All).send().await.unwrap().statements().len(), 0);
    submit().await.unwrap();
}

#[tokio::test]
async fn what_fails_half_way_leaves_parts_and_no_manifest() {
    let place = Place::with_faults(&[Fault::FailHalfWay(2)]).await;
    let sdk = place.sdk();
    let described = run(&sdk, UNLOAD).await;
    assert_eq!(described.status(), Some(&StatusString::Failed));
    assert!(described.error().unwrap().contains("InternalError"), "{described:?}");
    assert_eq!(place.names("f"), ["output0000_part_00"]);
    let second = UNLOAD.replace("/f/", "/g/");
    assert_eq!(run(&sdk, &second).await.status(), Some(&StatusString::Finished));
    assert!(place.names("g").contains(&"outputmanifest".to_owned()));
    // With PARTITION BY the manifest is in the folder.
    let partitioned =
        "UNLOAD ('SELECT id, name FROM fruit') TO 's3://lake/h/output' IAM_ROLE default PARTITION BY (id) CSV MANIFEST";
    assert_eq!(run(&sdk, partitioned).await.status(), Some(&StatusString::Failed));
    assert_eq!(place.names("h/output"), ["id=1", "id=2", "id=3"]);
    assert_eq!(place.names("h/output/id=2"), Vec::<String>::new());
    let second = partitioned.replace("/h/", "/i/");
    assert_eq!(run(&sdk, &second).await.status(), Some(&StatusString::Finished));
    assert_eq!(place.names("i/output"), ["id=1", "id=2", "id=3", "manifest"]);
}

#[tokio::test]
async fn throttling_and_the_limit_of_active_statements_are_errors_of_their_own() {
    let place = Place::with_faults(&[Fault::Throttle(Some(2)), Fault::ActiveLimit(1)]).await;
    let sdk = place.sdk();
    let throttled = sdk.list_statements().send().await.unwrap_err();
    assert_eq!(throttled.code(), Some("ThrottlingException"));
    let sdk = place.sdk_that_tries(5);
    let endless = format!("UNLOAD ('{ENDLESS}') TO 's3://lake/h/output' IAM_ROLE default");
    let submit = |sql: &str| sdk.execute_statement().workgroup_name("wg").database("dev").sql(sql).send();
    let running = submit(&endless).await.unwrap();
    // The SDK tries this one again and again, too.
    let refused = submit("SELECT 1").await.unwrap_err();
    assert_eq!(refused.code(), Some("ActiveStatementsExceededException"), "{refused:?}");
    sdk.cancel_statement().id(running.id().unwrap()).send().await.unwrap();
    ended(&sdk, running.id().unwrap()).await;
    submit("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn who_asks_to_wait_is_refused_where_nobody_may() {
    let place = Place::with_faults(&[Fault::NoWait]).await;
    let sdk = place.sdk();
    let submitted = sdk.execute_statement().workgroup_name("wg").database("dev").sql("SELECT 1").send().await.unwrap();
    let id = submitted.id().unwrap();
    let refused = sdk.describe_statement().id(id).wait_time_seconds(30).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ActiveWaitingRequestsExceededException"));
    until(|| async { sdk.describe_statement().id(id).send().await.unwrap().status() == Some(&StatusString::Finished) }).await;
    let refused = sdk.get_statement_result().id(id).wait_time_seconds(1).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ActiveWaitingRequestsExceededException"));
    assert_eq!(sdk.get_statement_result().id(id).send().await.unwrap().total_num_rows(), 1);
}

#[tokio::test]
async fn a_slow_statement_can_be_cancelled_and_an_old_one_is_forgotten() {
    let place = Place::with_faults(&[Fault::Slow(Duration::from_secs(3_600)), Fault::Expire(Duration::from_millis(1))]).await;
    let sdk = place.sdk();
    let submitted = sdk.execute_statement().workgroup_name("wg").database("dev").sql(UNLOAD).send().await.unwrap();
    let id = submitted.id().unwrap();
    until(|| async { sdk.describe_statement().id(id).send().await.unwrap().status() == Some(&StatusString::Started) }).await;
    sdk.cancel_statement().id(id).send().await.unwrap();
    until(|| async {
        let forgotten = sdk.describe_statement().id(id).send().await.err();
        forgotten.is_some_and(|error| error.code() == Some("ResourceNotFoundException"))
    })
    .await;
    assert_eq!(place.names("f"), Vec::<String>::new());
}

#[tokio::test]
async fn a_connection_that_is_cut_leaves_its_unload_running() {
    let place = Place::with_faults(&[Fault::LostAnswer(1_000)]).await;
    let client = place.connect().await;
    let cut = client.batch_execute(UNLOAD).await.unwrap_err();
    assert!(cut.is_closed() || cut.as_db_error().is_none(), "{cut:?}");
    let other = place.connect().await;
    until(|| async {
        let rows = other.query("SELECT unloaded_rows FROM sys_unload_history WHERE status = 'completed'", &[]).await.unwrap();
        rows.first().is_some_and(|row| row.get::<_, i64>(0) == 2_000)
    })
    .await;
    assert!(place.names("f").contains(&"outputmanifest".to_owned()));
}
