//! `DELETE /api/unload/{id}`.

use serde_json::json;

use crate::support::{PATIENCE, TestApp, assert_body};

#[tokio::test]
async fn the_files_are_gone_and_the_history_stays() {
    let app = TestApp::new().await;
    let done = app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let answer = app.delete("/api/unload/a").await;
    let deleted = answer.json();
    assert_body!(answer);
    assert_eq!((answer.status, &deleted["status"], &deleted["rowCount"]), (200, &json!("EXPIRED"), &json!(3)));
    assert_eq!((&deleted["links"]["file"], deleted["links"]["receipt"].is_string()), (&json!(null), true));
    assert_eq!(deleted["s3FileUrl"], done["s3FileUrl"]);
    tokio::time::timeout(PATIENCE, async {
        while !app.keys("a").await.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the files are removed in time");
    // Once more is no error, and changes nothing.
    let again = app.delete("/api/unload/a").await;
    assert_eq!((again.status, again.json()), (200, app.get("/api/unload/a").await.json()));
    assert_eq!(again.json()["version"], deleted["version"]);
}

#[tokio::test]
async fn an_active_one_is_left_alone() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 3"})).await;
    app.executing("a").await;
    let detail = app.delete("/api/unload/a").await.refused(409, "still_active");
    assert!(detail.contains("cancel it first"), "{detail}");
    app.gate.open();
    assert_eq!(app.ended("a").await["status"], "DONE");
}

#[tokio::test]
async fn one_without_files_stays_what_it_is() {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "f", "sql": "SELECT n FROM nothing"})).await;
    let failed = app.ended("f").await;
    let answer = app.delete("/api/unload/f").await;
    assert_eq!((answer.status, answer.json()), (200, failed));
}
