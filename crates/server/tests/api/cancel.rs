//! `POST /api/unload/{id}/cancel`.

use serde_json::json;

use crate::support::{Setup, TestApp, assert_body};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[tokio::test]
async fn it_reaches_the_warehouse() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let answer = app.post_nothing("/api/unload/a/cancel").await;
    assert_eq!((answer.status, answer.header("location"), answer.header("retry-after")), (202, "/api/unload/a", "1"));
    let status = answer.json()["status"].as_str().unwrap().to_owned();
    assert!(["RUNNING", "CANCELLED"].contains(&status.as_str()), "{status}");
    // Asking twice is asking once, unless it is over.
    let again = app.post_nothing("/api/unload/a/cancel").await;
    assert!([202, 409].contains(&again.status), "{again:?}");
    let unload = app.ended("a").await;
    assert_eq!((&unload["status"], &unload["fileCount"], &unload["error"]), (&json!("CANCELLED"), &json!(null), &json!(null)));
    assert!(app.gate.was_told_to_cancel(unload["statementId"].as_str().unwrap()));
}

#[tokio::test]
async fn one_that_waits_is_cancelled_at_once() {
    let app = TestApp::with(Setup { max_running: 1, ..Setup::default() }).await.unwrap();
    app.gate.close();
    app.submit(json!({"requestId": "first", "sql": COUNT})).await;
    app.executing("first").await;
    app.submit(json!({"requestId": "second", "sql": COUNT})).await;
    let answer = app.post_nothing("/api/unload/second/cancel").await;
    assert_eq!((answer.status, &answer.json()["status"], &answer.json()["attempt"]), (202, &json!("CANCELLED"), &json!(0)));
    assert_body!(answer);
}

#[tokio::test]
async fn what_has_ended_stays_untouched() {
    let app = TestApp::new().await;
    let before = app.done("a", COUNT).await;
    let answer = app.post_nothing("/api/unload/a/cancel").await;
    let detail = answer.refused(409, "already_terminal");
    assert!(detail.contains("`DONE`"), "{detail}");
    assert_eq!(answer.json()["requestId"], "a");
    assert_eq!(app.get("/api/unload/a").await.json(), before);
}
