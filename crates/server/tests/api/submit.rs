//! `POST /api/unload`.

use futures::future::join_all;
use outflow_store::testing::TestBackend;
use rstest::rstest;
use serde_json::json;

use crate::support::{Setup, TestApp, assert_body, csv};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[rstest]
#[case::sqlite(TestBackend::Sqlite)]
#[case::postgres(TestBackend::Postgres)]
#[tokio::test]
async fn a_query_becomes_a_file(#[case] store: TestBackend) {
    let Some(app) = TestApp::with(Setup { store, ..Setup::default() }).await else { return };
    app.gate.close();
    let answer = app.submit(json!({"requestId": "abc123", "sql": COUNT, "labels": {"team": "growth"}})).await;
    assert_eq!((answer.header("location"), answer.header("retry-after")), ("/api/unload/abc123", "1"));
    insta::allow_duplicates! { assert_body!("accepted", answer) };
    app.gate.open();
    app.ended("abc123").await;
    let done = app.get("/api/unload/abc123").await;
    insta::allow_duplicates! { assert_body!("done", done) };
    let link = app.get("/api/unload/file/abc123").await.json()["files"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(app.text_of(&link).await, csv(0..3));
}

#[tokio::test]
async fn behind_a_proxy_with_a_path_of_its_own_that_path_comes_first() {
    let setup = Setup { public_url: Some("https://outflow.example.com/base"), ..Setup::default() };
    let app = TestApp::with(setup).await.expect("the default store is there");
    app.gate.close();
    let answer = app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    assert_eq!(answer.header("location"), "/base/api/unload/a");
    assert_eq!(answer.json()["links"]["self"], "https://outflow.example.com/base/api/unload/a");
    let cancelled = app.post_nothing("/api/unload/a/cancel").await;
    assert_eq!((cancelled.status, cancelled.header("location")), (202, "/base/api/unload/a"));
    for path in ["/api/unload/nobody", "/nothing"] {
        assert_eq!(app.get(path).await.json()["type"], "/base/docs/errors/not_found");
    }
}

#[tokio::test]
async fn a_request_without_a_name_gets_one() {
    let app = TestApp::new().await;
    let unload = app.submit(json!({"query": COUNT})).await.json();
    assert_eq!(unload["requestId"], unload["unloadId"]);
    assert_eq!(unload["sql"], COUNT);
    let id = unload["requestId"].as_str().unwrap();
    assert_eq!(app.ended(id).await["status"], "DONE");
}

#[tokio::test]
async fn the_same_request_is_the_same_unload() {
    let app = TestApp::new().await;
    app.gate.close();
    let body = json!({"requestId": "a", "sql": COUNT, "parameters": {}, "header": false});
    let first = app.submit(body.clone()).await.json();
    // The same fields, in another order and under the other name of the query.
    let again = app
        .send(
            app.client
                .post(format!("{}/api/unload", app.url))
                .header("content-type", "application/json; charset=utf-8")
                .body(format!(r#"{{"header":false,"parameters":{{}},"query":"{COUNT}","requestId":"a"}}"#)),
        )
        .await;
    assert_eq!((again.status, &again.json()["unloadId"]), (202, &first["unloadId"]));
    app.gate.open();
    app.ended("a").await;
    let known = app.post("/api/unload", &body).await;
    assert_eq!((known.status, &known.json()["unloadId"]), (200, &first["unloadId"]));
    assert_eq!((known.json()["status"].as_str(), known.header("location")), (Some("DONE"), "/api/unload/a"));
    assert_eq!(app.get("/api/unload").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_request_under_the_same_name_is_refused() {
    let app = TestApp::new().await;
    let first = app.done("a", COUNT).await;
    let others = [
        json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 4"}),
        // What the default is today may be sent or not: it is another request.
        json!({"requestId": "a", "sql": COUNT, "format": "csv"}),
        json!({"requestId": "a", "sql": COUNT, "labels": {"a": "b"}}),
    ];
    for other in others {
        let answer = app.post("/api/unload", &other).await;
        answer.refused(409, "request_id_taken");
        assert_eq!(answer.json()["requestId"], "a");
    }
    assert_eq!(app.get("/api/unload/a").await.json(), first);
    assert_body!(app.post("/api/unload", &json!({"requestId": "a", "sql": "SELECT 1"})).await);
}

#[tokio::test]
async fn requests_of_one_name_at_one_time_are_one_unload() {
    let app = TestApp::new().await;
    let body = json!({"requestId": "one", "sql": COUNT});
    let answers = join_all((0..20).map(|_| app.post("/api/unload", &body))).await;
    let mut ids: Vec<_> = answers.iter().map(|answer| answer.json()["unloadId"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert!(answers.iter().all(|answer| [200, 202].contains(&answer.status)));
}

#[tokio::test]
async fn a_name_may_have_64_characters_of_its_alphabet() {
    let app = TestApp::new().await;
    for id in ["a".repeat(64), "-".to_owned(), "_Az09-".to_owned(), "Status".to_owned()] {
        let unload = app.done(&id, COUNT).await;
        assert_eq!(unload["requestId"], id);
    }
    for id in [
        "a".repeat(65),
        "a/b".into(),
        "../x".into(),
        "a b".into(),
        "é".into(),
        "a\n".into(),
        String::new(),
        "status".into(),
        "file".into(),
        "explain".into(),
    ] {
        let answer = app.post("/api/unload", &json!({"requestId": id, "sql": COUNT})).await;
        answer.refused(422, "invalid_request_id");
        assert_eq!(answer.json()["requestId"], id);
    }
}

#[tokio::test]
async fn parameters_are_bound() {
    let app = TestApp::new().await;
    let sql = "SELECT n FROM numbers WHERE n < :count";
    app.submit(json!({"requestId": "p", "sql": sql, "parameters": {"count": 7}})).await;
    let unload = app.ended("p").await;
    assert_eq!((unload["rowCount"].as_u64(), unload["sql"].as_str()), (Some(7), Some(sql)));
}

#[tokio::test]
async fn zero_rows_are_a_file_too() {
    let app = TestApp::new().await;
    let unload = app.done("zero", "SELECT n FROM numbers WHERE n < 0").await;
    assert_eq!((unload["rowCount"].as_u64(), unload["fileCount"].as_u64()), (Some(0), Some(1)));
    let link = app.get("/api/unload/file/zero").await.json()["files"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(app.text_of(&link).await, csv(0..0));
}

#[tokio::test]
async fn a_query_that_the_warehouse_refuses_fails_and_says_why() {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "f", "sql": "SELECT n FROM number"})).await;
    let unload = app.ended("f").await;
    assert_eq!((unload["status"].as_str(), unload["error"]["code"].as_str()), (Some("FAILED"), Some("unknown_table")));
    assert!(unload["error"]["message"].as_str().unwrap().contains("`numbers`"), "{unload}");
    assert_body!(app.get("/api/unload/f").await);
    assert_eq!((&unload["s3FileUrl"], &unload["rowCount"], &unload["fileCount"]), (&json!(null), &json!(null), &json!(null)));
    assert!(unload["links"]["retry"].as_str().unwrap().ends_with("/api/unload/f/retry"));
}
