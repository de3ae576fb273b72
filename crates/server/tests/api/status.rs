//! `GET /api/unload/status/{id}`: at once, and held.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{PATIENCE, Setup, TestApp, assert_body};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[tokio::test]
async fn it_says_where_an_unload_stands() {
    let app = TestApp::new().await;
    app.gate.close();
    app.gate.progress(1_000, 20_000);
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    let running = app.until("a", |status| status["rowCount"] == 1_000).await;
    assert_eq!(
        (running["phase"].as_str(), running["byteCount"].as_u64(), running["attempt"].as_u64()),
        (Some("EXECUTING"), Some(20_000), Some(1))
    );
    app.gate.open();
    app.ended("a").await;
    let done = app.get("/api/unload/status/a").await.json();
    assert_eq!((&done["status"], &done["phase"], &done["rowCount"]), (&json!("DONE"), &json!(null), &json!(3)));
    app.submit(json!({"requestId": "f", "sql": "SELECT n FROM nothing"})).await;
    app.ended("f").await;
    let mut failed = app.get("/api/unload/status/f").await;
    failed.body = serde_json::to_vec(&json!({"version": "[version]", "rest": failed.json()["error"]})).unwrap();
    assert_body!(failed);
}

#[tokio::test]
async fn what_fails_while_it_runs_has_its_place_in_the_callers_own_text() {
    let app = TestApp::new().await;
    for (id, query, parameters) in [
        ("plain", "SELECT n FROM numbers WHERE n < 3 AND\n m = 1", json!({})),
        (
            "bound",
            "SELECT :long AS l, n /* 숫자 */ FROM numbers WHERE n < :n AND\n :n > 0 AND m = 1",
            json!({"long": "x".repeat(80), "n": 12_345}),
        ),
        ("limited", "SELECT :long AS l, m FROM numbers LIMIT 1", json!({"long": "x\n'y'"})),
    ] {
        app.submit(json!({"requestId": id, "sql": query, "parameters": parameters})).await;
        let error = app.ended(id).await["error"].clone();
        let line = query.split('\n').position(|line| line.contains(" m")).unwrap();
        let column = query.split('\n').nth(line).unwrap().split(" m").next().unwrap().chars().count() + 2;
        assert_eq!(
            (&error["code"], &error["line"], &error["column"]),
            (&json!("unknown_column"), &json!(line + 1), &json!(column)),
            "{id}"
        );
    }
}

#[tokio::test]
async fn the_queue_is_counted() {
    let app = TestApp::with(Setup { max_running: 1, ..Setup::default() }).await.unwrap();
    app.gate.close();
    app.submit(json!({"requestId": "first", "sql": COUNT})).await;
    app.executing("first").await;
    for id in ["second", "third"] {
        app.submit(json!({"requestId": id, "sql": COUNT})).await;
    }
    let position = |id: &'static str| {
        let app = &app;
        async move { app.get(&format!("/api/unload/status/{id}")).await.json()["queuePosition"].clone() }
    };
    assert_eq!((position("first").await, position("second").await, position("third").await), (json!(null), json!(0), json!(1)));
}

#[tokio::test]
async fn a_held_answer_comes_with_the_end() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let held = async { app.get("/api/unload/status/a?wait=60").await.json() };
    let open = async {
        tokio::task::yield_now().await;
        app.gate.open();
    };
    let (status, ()) =
        tokio::time::timeout(PATIENCE / 2, async { tokio::join!(held, open) }).await.expect("long before the minute is over");
    assert_eq!(status["status"], "DONE");
}

#[tokio::test]
async fn a_held_answer_comes_with_a_change_when_the_version_is_known() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let version = app.get("/api/unload/status/a").await.json()["version"].as_i64().unwrap();
    let path = format!("/api/unload/status/a?wait=60&version={version}");
    let held = async { app.get(&path).await.json() };
    let change = async { app.gate.progress(5, 50) };
    let (status, ()) =
        tokio::time::timeout(PATIENCE / 2, async { tokio::join!(held, change) }).await.expect("long before the minute is over");
    assert_eq!((status["status"].as_str(), status["version"].as_i64() > Some(version)), (Some("RUNNING"), true), "{status}");
    // A version that is past already is answered at once.
    let past = app.get(&format!("/api/unload/status/a?wait=60&version={}", version - 1)).await.json();
    assert_eq!(past["status"], "RUNNING");
}

#[tokio::test]
async fn a_held_answer_comes_when_its_time_is_over() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    let begun = Instant::now();
    let status = app.get("/api/unload/status/a?wait=1").await.json();
    assert_eq!(status["status"], "RUNNING");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_has_ended_is_answered_at_once() {
    let app = TestApp::new().await;
    let version = app.done("a", COUNT).await["version"].clone();
    let path = format!("/api/unload/status/a?wait=60&version={version}");
    let answer = tokio::time::timeout(PATIENCE / 2, app.get(&path)).await.expect("at once");
    assert_eq!(answer.json()["status"], "DONE");
}

#[tokio::test]
async fn a_wait_has_a_limit_and_parameters_have_names() {
    let app = TestApp::new().await;
    app.done("a", COUNT).await;
    for (query, part) in [
        ("wait=61", "at most 60"),
        ("wait=soon", "wait"),
        ("wait=-1", "wait"),
        ("wait=1&wait=2", "duplicate field `wait`"),
        ("wiat=1", "unknown field `wiat`"),
    ] {
        let detail = app.get(&format!("/api/unload/status/a?{query}")).await.refused(400, "invalid_request");
        assert!(detail.contains(part), "{detail}");
    }
}
