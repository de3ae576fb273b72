//! `POST /api/unload/explain`.

use serde_json::json;

use crate::support::{TestApp, assert_body};

#[tokio::test]
async fn it_tells_what_would_run_and_runs_nothing() {
    let app = TestApp::new().await;
    let body = json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < :count -- the first\nORDER BY n LIMIT 5", "parameters": {"count": 10}});
    let answer = app.post("/api/unload/explain", &body).await;
    assert_eq!(answer.status, 200);
    assert_body!(answer);
    assert_eq!(app.get("/api/unload").await.json()["items"], json!([]));
    // The name is still free, and the request is still to be sent.
    app.done("a", "SELECT n FROM numbers WHERE n < 1").await;
}

#[tokio::test]
async fn what_would_be_refused_is_refused_in_the_same_words() {
    let app = TestApp::new().await;
    let body = json!({"requestId": "a", "sql": "SELECT 1; DELETE FROM numbers"});
    let explained = app.post("/api/unload/explain", &body).await;
    let submitted = app.post("/api/unload", &body).await;
    explained.refused(422, "sql_not_single");
    assert_eq!(explained.json(), submitted.json());
}
