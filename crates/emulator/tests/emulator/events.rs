//! Events at the ends of statements, to a receiver that answers as EventBridge does.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::Utc;
use outflow_emulator::{Events, Fault};
use serde_json::{Value, json};

use crate::support::{ENDLESS, Place, ended, until};

/// What came in, and what is answered to the next calls.
#[derive(Clone, Default)]
struct Receiver {
    entries: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<(StatusCode, Value)>>>,
}

impl Receiver {
    async fn start() -> (Self, Place) {
        Self::with_faults(Vec::new()).await
    }

    async fn with_faults(faults: Vec<Fault>) -> (Self, Place) {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let credentials = SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test"));
        let events = Events::to(&endpoint, Some(credentials)).await;
        let place = Place::made(|config| {
            config.events = Some(events);
            config.faults = faults;
        })
        .await;
        (receiver, place)
    }

    /// The events that came, once there are so many; the detail is read.
    async fn events(&self, count: usize) -> Vec<Value> {
        until(|| async { self.entries.lock().unwrap().len() >= count }).await;
        let mut events = self.entries.lock().unwrap().clone();
        assert_eq!(events.len(), count, "{events:?}");
        for event in &mut events {
            event["Detail"] = serde_json::from_str(event["Detail"].as_str().unwrap()).unwrap();
        }
        events
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    assert_eq!(headers["x-amz-target"], "AWSEvents.PutEvents");
    assert!(headers["authorization"].to_str().unwrap().contains("/events/aws4_request"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut answers = receiver.answers.lock().unwrap();
    let usual = (StatusCode::OK, json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "1" }] }));
    let answer = if answers.is_empty() { usual } else { answers.remove(0) };
    receiver.entries.lock().unwrap().extend(body["Entries"].as_array().unwrap().iter().cloned());
    (answer.0, answer.1.to_string())
}

#[tokio::test]
async fn the_end_of_a_statement_that_asked_for_it_is_told() {
    let (receiver, place) = Receiver::start().await;
    let sdk = place.sdk();
    let submit = |sql: &str| sdk.execute_statement().cluster_identifier("c-1").database("dev").sql(sql);
    // One that did not ask.
    ended(&sdk, submit("SELECT 1").send().await.unwrap().id().unwrap()).await;
    let before = Utc::now().timestamp();
    let submitted = submit("SELECT id FROM fruit").statement_name("nightly").with_event(true).send().await.unwrap();
    let described = ended(&sdk, submitted.id().unwrap()).await;
    let event = receiver.events(1).await.remove(0);
    assert_eq!(
        (&event["Source"], &event["DetailType"]),
        (&json!("aws.redshift-data"), &json!("Redshift Data Statement Status Change"))
    );
    let resource = event["Resources"][0].as_str().unwrap();
    assert!(resource.starts_with("arn:aws:redshift:") && resource.ends_with(":123456789012:cluster:c-1"), "{resource}");
    let mut detail = event["Detail"].clone();
    let expires = detail["expireAt"].take().as_i64().unwrap();
    assert!((before + 86_400 - 1..before + 86_400 + 120).contains(&expires), "{expires}");
    let expected = json!({
        "principal": "arn:aws:iam::123456789012:user/awsuser",
        "statementName": "nightly",
        "statementId": submitted.id().unwrap(),
        "redshiftQueryId": described.redshift_query_id(),
        "state": "FINISHED",
        "rows": 3,
        "expireAt": null,
    });
    assert_eq!(detail, expected);
    submit("SELECT nothing FROM fruit").with_event(true).send().await.unwrap();
    let events = receiver.events(2).await;
    assert_eq!((&events[1]["Detail"]["state"], &events[1]["Detail"]["rows"]), (&json!("FAILED"), &json!(-1)));
    assert_eq!(events[1]["Detail"].get("statementName"), None);
}

#[tokio::test]
async fn a_cancelled_statement_and_a_batch_have_one_event_each() {
    let (receiver, place) = Receiver::start().await;
    let sdk = place.sdk();
    let unload = format!("UNLOAD ('{ENDLESS}') TO 's3://lake/a/output' IAM_ROLE default");
    let running = sdk.execute_statement().workgroup_name("wg").database("dev").sql(unload).with_event(true).send().await.unwrap();
    sdk.cancel_statement().id(running.id().unwrap()).send().await.unwrap();
    let event = receiver.events(1).await.remove(0);
    assert_eq!((&event["Detail"]["state"], &event["Detail"]["statementId"]), (&json!("ABORTED"), &json!(running.id().unwrap())));
    assert!(event["Resources"][0].as_str().unwrap().ends_with(":workgroup/wg"));
    let batch = sdk.batch_execute_statement().workgroup_name("wg").database("dev").with_event(true);
    let batch = batch.sqls("SELECT id FROM fruit").sqls("SELECT 1").send().await.unwrap();
    ended(&sdk, batch.id().unwrap()).await;
    let event = receiver.events(2).await.remove(1);
    assert_eq!((&event["Detail"]["state"], &event["Detail"]["rows"]), (&json!("FINISHED"), &json!(4)));
    assert_eq!((&event["Detail"]["statementId"], &event["Detail"]["redshiftQueryId"]), (&json!(batch.id().unwrap()), &json!(-1)));
}

#[tokio::test]
async fn an_event_that_is_not_taken_is_sent_again_and_not_for_ever() {
    let (receiver, place) = Receiver::start().await;
    let refused = (StatusCode::OK, json!({ "FailedEntryCount": 1, "Entries": [{ "ErrorCode": "InternalFailure" }] }));
    let failed = (StatusCode::INTERNAL_SERVER_ERROR, json!({ "__type": "InternalException" }));
    receiver.answers.lock().unwrap().extend([refused, failed.clone()]);
    let sdk = place.sdk();
    let submit = || sdk.execute_statement().workgroup_name("wg").database("dev").sql("SELECT 1").with_event(true).send();
    let submitted = submit().await.unwrap();
    let events = receiver.events(3).await;
    assert!(events.iter().all(|event| event["Detail"]["statementId"] == submitted.id().unwrap()));
    // Given up after six times: the seventh answer is for another event.
    receiver.answers.lock().unwrap().extend(std::iter::repeat_n(failed, 6));
    submit().await.unwrap();
    until(|| async { receiver.answers.lock().unwrap().is_empty() }).await;
    let other = submit().await.unwrap();
    let events = receiver.events(10).await;
    assert_eq!(events[9]["Detail"]["statementId"], other.id().unwrap());
}

#[tokio::test]
async fn a_statement_that_is_submitted_twice_with_its_token_ends_once() {
    let (receiver, place) = Receiver::with_faults(vec![Fault::LostAnswer(1_000)]).await;
    let sdk = place.sdk();
    let submit = |token: &str| {
        let call = sdk.execute_statement().workgroup_name("wg").database("dev").sql("SELECT 1");
        call.client_token(token).with_event(true).send()
    };
    submit("t").await.unwrap_err();
    let first = submit("t").await.unwrap();
    ended(&sdk, first.id().unwrap()).await;
    receiver.events(1).await;
    let second = submit("u").await.unwrap();
    let events = receiver.events(2).await;
    assert_eq!(events[1]["Detail"]["statementId"], second.id().unwrap());
}
