//! What keeps a page of another site out, and what browsers are told.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_request_for_another_host_is_not_answered() {
    let app = TestApp::new().await;
    let ask = |host: &'static str| app.send(app.client.get(format!("{}/api/unload", app.url)).header("host", host));
    for own in ["localhost:8080", "127.0.0.1", "[::1]:1"] {
        assert_eq!(ask(own).await.status, 200, "{own}");
    }
    for other in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"] {
        ask(other).await.refused(421, "host_not_allowed");
    }
}

#[tokio::test]
async fn a_page_of_another_site_can_do_nothing() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 3"})).await;
    // What a page can send without being asked for permission: a form, without JSON.
    let forged = app.client.post(format!("{}/api/unload/a/cancel", app.url)).header("origin", "https://evil.example");
    app.send(forged).await.refused(403, "origin_not_allowed");
    let stream = app.client.get(format!("{}/api/unload/a/events", app.url)).header("origin", "null");
    app.send(stream).await.refused(403, "origin_not_allowed");
    app.gate.open();
    assert_eq!(app.ended("a").await["status"], "DONE");
    let own = app.client.get(format!("{}/api/unload/a", app.url)).header("origin", app.url.clone());
    assert_eq!(app.send(own).await.status, 200);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = TestApp::new().await;
    for path in ["/api/unload", "/api/unload/nobody", "/nothing", "/healthz", "/openapi.json", "/download/x/y"] {
        let answer = app.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
    }
}
