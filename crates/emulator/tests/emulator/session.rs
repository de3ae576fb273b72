//! Sessions of the Data API that are kept.

use aws_sdk_redshiftdata::error::ProvideErrorMetadata;
use aws_sdk_redshiftdata::types::SessionStatusString;

use crate::support::{ENDLESS, Place, ended, until};

#[tokio::test]
async fn kept_sessions_are_listed_as_they_stand() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let submit = |sql: &str| sdk.execute_statement().sql(sql);
    let first = submit("SET query_group TO 'x'").cluster_identifier("c-1").database("dev").session_keep_alive_seconds(3_600);
    let first = first.send().await.unwrap();
    let session = first.session_id().unwrap();
    ended(&sdk, first.id().unwrap()).await;
    let listed = sdk.list_sessions().send().await.unwrap();
    let [told] = listed.sessions() else { panic!("{listed:?}") };
    assert_eq!((told.session_id(), told.status()), (session, &SessionStatusString::Available));
    assert_eq!((told.database(), told.db_user(), told.cluster_identifier()), (Some("dev"), Some("awsuser"), Some("c-1")));
    assert_eq!(told.session_alive_seconds(), Some(3_600));
    // One statement at a time, and the session remembers what was set.
    let running = submit(ENDLESS).session_id(session).send().await.unwrap();
    let busy = sdk.list_sessions().session_id(session).send().await.unwrap();
    let [told] = busy.sessions() else { panic!("{busy:?}") };
    assert_eq!((told.status(), told.current_statement_id()), (&SessionStatusString::Busy, running.id()));
    let refused = submit("SELECT 1").session_id(session).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
    sdk.cancel_statement().id(running.id().unwrap()).send().await.unwrap();
    ended(&sdk, running.id().unwrap()).await;
    let shown = submit("SHOW query_group").session_id(session).session_keep_alive_seconds(0).send().await.unwrap();
    ended(&sdk, shown.id().unwrap()).await;
    let result = sdk.get_statement_result().id(shown.id().unwrap()).send().await.unwrap();
    assert_eq!(result.records()[0][0].as_string_value().unwrap(), "x");
    // Its time is over.
    until(|| async { sdk.list_sessions().send().await.unwrap().sessions().is_empty() }).await;
    let closed = sdk.list_sessions().status(SessionStatusString::Closed).send().await.unwrap();
    assert_eq!(closed.sessions()[0].session_id(), session);
    let refused = submit("SELECT 1").session_id(session).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
    let none = sdk.list_sessions().session_id("01990000-0000-7000-8000-000000000001").send().await.unwrap_err();
    assert_eq!(none.code(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn so_many_sessions_are_kept_and_no_more() {
    let place = Place::new().await;
    let sdk = place.sdk();
    let keep = || {
        let submit = sdk.execute_statement().workgroup_name("wg").database("dev").sql("SET query_group TO 'x'");
        submit.session_keep_alive_seconds(3_600).send()
    };
    for _ in 0..500 {
        keep().await.unwrap();
    }
    assert_eq!(keep().await.unwrap_err().code(), Some("ActiveSessionsExceededException"));
}
