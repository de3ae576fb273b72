//! What the log has of a request, and what it must never have.

use serde_json::json;

use crate::support::{TestApp, log};

#[tokio::test]
async fn the_log_names_the_unload_and_holds_neither_queries_nor_links() {
    let app = TestApp::new().await;
    let sql = "SELECT n FROM numbers WHERE n < :planted /* planted-in-a-comment */";
    app.submit(json!({"requestId": "logged", "sql": sql, "parameters": {"planted": "555555555"}})).await;
    app.ended("logged").await;
    app.post("/api/unload", &json!({"requestId": "refused", "sql": "SELECT 'planted-in-a-literal' FROM ("}))
        .await
        .refused(422, "sql_syntax");
    app.submit(json!({"requestId": "logged-too", "sql": "SELECT 1 / (n - n), 'planted-in-a-failure' FROM numbers"})).await;
    assert_eq!(app.ended("logged-too").await["status"], "FAILED");
    let link = app.get("/api/unload/logged/files/0").await.header("location").to_owned();
    assert_eq!(app.download(&link).await.status, 200);
    let unload_id = app.get("/api/unload/logged").await.json()["unloadId"].as_str().unwrap().to_owned();

    let text = log().text();
    let audit =
        text.lines().find(|line| line.contains("outflow::audit") && line.contains(&unload_id)).expect("a download leaves a line");
    assert!(audit.contains("request_id=\"logged\"") && audit.contains("from=0 bytes="), "{audit}");
    let token = link.split("/download/").nth(1).unwrap().split('/').next().unwrap();
    assert!(token.len() > 40 && !text.contains(token), "the token of a link is in the log");
    for planted in ["planted-in-a-comment", "planted-in-a-literal", "planted-in-a-failure", "555555555"] {
        assert!(!text.contains(planted), "`{planted}` is in the log");
    }
    let accepted =
        text.lines().find(|line| line.contains("unload accepted") && line.contains(&unload_id)).expect("it was accepted");
    assert!(accepted.contains("request_id=logged"), "{accepted}");
}
