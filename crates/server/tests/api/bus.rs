//! What the service tells on the bus, and what it hears there.

use outflow_core::bus::{EventBus, EventSource, Message};
use serde_json::{Value, json};

use crate::support::{PATIENCE, TestApp};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

async fn next(source: &mut Box<dyn EventSource>) -> Message {
    let heard = tokio::time::timeout(PATIENCE, source.next()).await.expect("a message comes in time");
    source.commit().await.unwrap();
    heard.unwrap().expect("the bus is open")
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    let found = message.headers.iter().find(|(known, _)| known == name);
    found.map_or_else(|| panic!("no `{name}` in {message:?}"), |(_, value)| value)
}

fn value(message: &Message) -> Value {
    serde_json::from_slice(&message.value).unwrap()
}

#[tokio::test]
async fn what_is_done_is_announced_once() {
    let app = TestApp::new().await;
    let mut complete = app.bus.subscribe("unload-complete", "test");
    let done = app.done("a", COUNT).await;
    let first = next(&mut complete).await;
    assert_eq!((first.key.as_str(), header(&first, "ce_type")), ("a", "outflow.unload.complete"));
    assert_eq!(header(&first, "ce_id"), format!("{}-{}", done["unloadId"].as_str().unwrap(), done["version"]));
    assert_eq!(header(&first, "ce_source"), app.url);
    let announced = value(&first);
    for field in
        ["requestId", "s3FileUrl", "unloadId", "version", "owner", "status", "attempt", "fileCount", "rowCount", "byteCount"]
    {
        assert_eq!(announced[field], done[field], "{field}");
    }
    assert_eq!(announced["fileLink"], format!("{}/api/unload/a/files/0", app.url));
    assert_eq!(announced["receiptLink"], done["links"]["receipt"]);
    assert_eq!(announced.get("error"), None);
    // The next message is that of the next unload: the first was told once.
    app.done("b", COUNT).await;
    let second = next(&mut complete).await;
    assert_eq!(second.key, "b");
    assert_ne!(header(&second, "ce_id"), header(&first, "ce_id"));
}

#[tokio::test]
async fn what_failed_what_was_cancelled_and_what_expired_go_elsewhere() {
    let app = TestApp::new().await;
    let mut complete = app.bus.subscribe("unload-complete", "test");
    let mut failed = app.bus.subscribe("unload-failed", "test of failures");
    let mut expired = app.bus.subscribe("unload-expired", "test of expiry");
    app.submit(json!({"requestId": "failed", "sql": "SELECT n FROM nothing"})).await;
    let message = value(&next(&mut failed).await);
    assert_eq!((&message["requestId"], &message["status"]), (&json!("failed"), &json!("FAILED")));
    assert_eq!((&message["error"]["code"], &message["error"]["retryable"]), (&json!("unknown_table"), &json!(false)));
    assert_eq!(
        (&message["s3FileUrl"], &message["fileLink"], &message["receiptLink"]),
        (&json!(null), &json!(null), &json!(null))
    );

    app.gate.close();
    app.submit(json!({"requestId": "cancelled", "sql": COUNT})).await;
    app.post_nothing("/api/unload/cancelled/cancel").await;
    let message = value(&next(&mut failed).await);
    assert_eq!((&message["requestId"], &message["status"]), (&json!("cancelled"), &json!("CANCELLED")));
    assert_eq!(message["error"]["code"], "cancelled");

    app.gate.open();
    app.done("gone", COUNT).await;
    app.delete("/api/unload/gone").await;
    let message = value(&next(&mut expired).await);
    assert_eq!((&message["requestId"], &message["status"]), (&json!("gone"), &json!("EXPIRED")));
    assert_eq!(next(&mut complete).await.key, "gone", "only the one that was done was called so");
}

#[tokio::test]
async fn a_hint_makes_the_service_look_at_once() {
    let app = TestApp::new().await;
    app.gate.close();
    let unload = app.submit(json!({"requestId": "a", "sql": COUNT})).await.json();
    app.executing("a").await;
    // The statement ends while the service waits for its word: without a hint it would wait for longer than this test.
    app.gate.open_unnoticed().await;
    let hint = json!({"requestId": "a", "unloadId": unload["unloadId"], "attempt": 1, "s3FileUrl": null});
    let message = Message {
        topic: "unload-landed".to_owned(),
        key: "a".to_owned(),
        headers: Vec::new(),
        value: hint.to_string().into_bytes(),
    };
    app.bus.publish(&[message]).await.remove(0).unwrap();
    assert_eq!(app.ended("a").await["status"], "DONE");
}
