//! `POST /api/unload/{id}/retry`.

use futures::future::join_all;
use serde_json::json;

use crate::support::{TestApp, assert_body};

const COUNT: &str = "SELECT n FROM numbers WHERE n < :count";

/// An unload of three rows that was cancelled before it had any.
async fn cancelled(app: &TestApp, id: &str) {
    app.gate.close();
    app.submit(
        json!({"requestId": id, "sql": COUNT, "parameters": {"count": 3}, "labels": {"team": "growth"}, "compression": "none"}),
    )
    .await;
    app.post_nothing(&format!("/api/unload/{id}/cancel")).await;
    assert_eq!(app.ended(id).await["status"], "CANCELLED");
    app.gate.open();
}

#[tokio::test]
async fn the_same_request_runs_as_a_new_unload() {
    let app = TestApp::new().await;
    cancelled(&app, "a").await;
    let old = app.get("/api/unload/a").await.json();
    let answer = app.post_nothing("/api/unload/a/retry").await;
    let new = answer.json();
    assert_eq!((answer.status, answer.header("location")), (202, "/api/unload/a-retry-1"));
    assert_body!(answer);
    assert_eq!((&new["requestId"], &new["retryOf"]), (&json!("a-retry-1"), &json!("a")));
    assert_ne!(new["unloadId"], old["unloadId"]);
    for same in ["sql", "options", "labels", "warehouse"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    let done = app.ended("a-retry-1").await;
    assert_eq!((&done["status"], &done["rowCount"]), (&json!("DONE"), &json!(3)));
    assert_eq!(app.get("/api/unload/a").await.json(), old, "the old one stays as it was");
}

#[tokio::test]
async fn the_caller_may_name_it() {
    let app = TestApp::new().await;
    cancelled(&app, "a").await;
    let answer = app.post("/api/unload/a/retry", &json!({"requestId": "again"})).await;
    assert_eq!((answer.status, &answer.json()["requestId"], &answer.json()["retryOf"]), (202, &json!("again"), &json!("a")));
    // The same name again is the same unload; a name that is taken is refused.
    let repeated = app.post("/api/unload/a/retry", &json!({"requestId": "again"})).await;
    assert_eq!(repeated.json()["unloadId"], answer.json()["unloadId"]);
    app.done("taken", "SELECT n FROM numbers WHERE n < 1").await;
    app.post("/api/unload/a/retry", &json!({"requestId": "taken"})).await.refused(409, "request_id_taken");
    // Not even by an unload of the same fields: it has its own result, of another day.
    app.submit(json!({"requestId": "same", "sql": COUNT, "parameters": {"count": 3}, "labels": {"team": "growth"}, "compression": "none"}))
        .await;
    app.ended("same").await;
    let detail = app.post("/api/unload/a/retry", &json!({"requestId": "same"})).await.refused(409, "request_id_taken");
    assert!(detail.contains("`same`"), "{detail}");
    app.post("/api/unload/a/retry", &json!({"requestId": "no/name"})).await.refused(422, "invalid_request_id");
    app.post("/api/unload/a/retry", &json!({"sql": "SELECT 1"})).await.refused(400, "invalid_request");
    // A body that is not even read is about this unload all the same.
    let url = format!("{}/api/unload/a/retry", app.url);
    app.send(app.client.post(&url).header("content-type", "text/plain").body("{}")).await.refused(415, "unsupported_media_type");
    app.send(app.client.post(&url).body(" ".repeat(300 * 1024))).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn asked_twice_it_runs_once_and_after_a_failure_anew() {
    let app = TestApp::new().await;
    cancelled(&app, "a").await;
    app.gate.close();
    let answers = join_all((0..5).map(|_| app.post_nothing("/api/unload/a/retry"))).await;
    assert!(answers.iter().all(|answer| answer.status == 202 && answer.json()["requestId"] == "a-retry-1"));
    app.post_nothing("/api/unload/a-retry-1/cancel").await;
    app.ended("a-retry-1").await;
    app.gate.open();
    // The first retry ended without files: the next is another one, whichever of the two is retried.
    assert_eq!(app.post_nothing("/api/unload/a/retry").await.json()["requestId"], "a-retry-2");
    app.ended("a-retry-2").await;
    let of_the_retry = app.post_nothing("/api/unload/a-retry-1/retry").await.json();
    assert_eq!((&of_the_retry["requestId"], &of_the_retry["retryOf"]), (&json!("a-retry-3"), &json!("a-retry-1")));
    // The one that succeeded is the answer from now on.
    let known = app.post_nothing("/api/unload/a/retry").await;
    assert_eq!((known.status, &known.json()["requestId"], &known.json()["status"]), (200, &json!("a-retry-2"), &json!("DONE")));
}

#[tokio::test]
async fn a_failed_and_an_expired_one_can_be_repeated() {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "failed", "sql": "SELECT n FROM nothing"})).await;
    app.ended("failed").await;
    app.post_nothing("/api/unload/failed/retry").await;
    assert_eq!(app.ended("failed-retry-1").await["status"], "FAILED");
    app.done("gone", "SELECT n FROM numbers WHERE n < 1").await;
    app.delete("/api/unload/gone").await;
    app.post_nothing("/api/unload/gone/retry").await;
    assert_eq!(app.ended("gone-retry-1").await["status"], "DONE");
}

#[tokio::test]
async fn what_runs_or_has_its_files_is_not_repeated() {
    let app = TestApp::new().await;
    app.done("done", "SELECT n FROM numbers WHERE n < 1").await;
    let done = app.post_nothing("/api/unload/done/retry").await;
    done.refused(409, "already_terminal");
    assert_body!(done);
    app.gate.close();
    app.submit(json!({"requestId": "active", "sql": "SELECT n FROM numbers WHERE n < 1"})).await;
    app.post_nothing("/api/unload/active/retry").await.refused(409, "still_active");
    assert_eq!(app.get("/api/unload").await.json()["items"].as_array().unwrap().len(), 2);
}
