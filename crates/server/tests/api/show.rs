//! `GET /api/unload/{id}`.

use serde_json::json;

use crate::support::{TestApp, assert_body};

#[tokio::test]
async fn the_etag_is_the_version() {
    let app = TestApp::new().await;
    let unload = app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let etag = format!("\"{}\"", unload["version"]);
    let answer = app.get("/api/unload/a").await;
    assert_eq!((answer.header("etag"), answer.header("cache-control")), (etag.as_str(), "private, no-cache"));

    let ask = |known: String| app.send(app.client.get(format!("{}/api/unload/a", app.url)).header("if-none-match", known));
    for known in [etag.clone(), format!("W/{etag}"), format!("\"0\", {etag}"), "*".to_owned()] {
        let answer = ask(known.clone()).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, etag.as_str()), "{known}");
    }
    for other in ["\"0\"", "", "3"] {
        assert_eq!(ask(other.to_owned()).await.status, 200, "{other}");
    }
}

#[tokio::test]
async fn a_change_changes_the_etag() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 3"})).await;
    app.executing("a").await;
    let before = app.get("/api/unload/a").await.header("etag").to_owned();
    app.gate.open();
    app.ended("a").await;
    let request = app.client.get(format!("{}/api/unload/a", app.url)).header("if-none-match", before);
    assert_eq!(app.send(request).await.status, 200);
}

#[tokio::test]
async fn the_head_alone_can_be_had() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let answer = app.head("/api/unload/a").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert!(answer.header("etag").starts_with('"'));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let app = TestApp::new().await;
    assert_body!(app.get("/api/unload/nobody").await);
    for path in [
        "/api/unload/status",
        "/api/unload/status/nobody",
        "/api/unload/file/nobody",
        "/api/unload/nobody/receipt",
        "/api/unload/nobody/events",
        "/api/unload/nobody/files/0",
        "/api/unload/a%2Fb",
        "/api/unload/%00",
        "/api/unload/%FF",
        &format!("/api/unload/{}", "a".repeat(65)),
        &format!("/api/unload/{}", "a".repeat(4_000)),
    ] {
        app.get(path).await.refused(404, "not_found");
    }
    for path in ["/api/unload/nobody/cancel", "/api/unload/nobody/retry"] {
        app.post_nothing(path).await.refused(404, "not_found");
    }
    app.delete("/api/unload/nobody").await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_with_a_query_string_is_said_of_its_unload() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    for path in
        ["status/a?wait=x", "status/a?wat=1", "status/a?wait=61", "file/a?redirect=maybe", "a/events?version=x", "a/ws?no=1"]
    {
        let answer = app.get(&format!("/api/unload/{path}")).await;
        answer.refused(400, "invalid_request");
        assert_eq!(answer.json()["requestId"], "a", "{path}");
    }
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem_too() {
    let app = TestApp::new().await;
    let detail = app.get("/api/nothing").await.refused(404, "not_found");
    assert!(detail.contains("`/api/nothing`"), "{detail}");
    let answer = app.send(app.client.put(format!("{}/api/unload/a", app.url))).await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,DELETE");
    app.get("/api/unload/explain").await.refused(405, "method_not_allowed");
}
