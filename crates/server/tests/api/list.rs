//! `GET /api/unload`.

use outflow_core::Owner;
use outflow_store::testing::TestBackend;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Setup, TestApp, assert_body};

async fn ids(app: &TestApp, query: &str) -> Vec<String> {
    names(&app.get(&format!("/api/unload{query}")).await.json())
}

fn names(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|unload| unload["requestId"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[case::sqlite(TestBackend::Sqlite)]
#[case::postgres(TestBackend::Postgres)]
#[tokio::test]
async fn the_history_is_filtered(#[case] store: TestBackend) {
    let Some(app) = TestApp::with(Setup { store, ..Setup::default() }).await else { return };
    for (id, team) in [("a", "growth"), ("b", "growth"), ("c", "data:platform")] {
        app.submit(json!({"requestId": id, "sql": "SELECT n FROM numbers WHERE n < 1", "labels": {"team": team}})).await;
        app.ended(id).await;
    }
    app.submit(json!({"requestId": "d", "sql": "SELECT n FROM nothing"})).await;
    app.ended("d").await;
    assert_eq!(ids(&app, "").await, ["d", "c", "b", "a"]);
    assert_eq!(ids(&app, "?status=DONE").await, ["c", "b", "a"]);
    assert_eq!(ids(&app, "?status=failed").await, ["d"]);
    assert_eq!(ids(&app, "?label=team:growth").await, ["b", "a"]);
    assert_eq!(ids(&app, "?label=team:data:platform").await, ["c"]);
    assert_eq!(ids(&app, "?label=team:nobody").await, Vec::<String>::new());
    let since = app.get("/api/unload/c").await.json()["createdAt"].as_str().unwrap().to_owned();
    assert_eq!(ids(&app, &format!("?since={since}")).await, ["d", "c"]);
    let seoul =
        chrono::DateTime::parse_from_rfc3339(&since).unwrap().with_timezone(&chrono::FixedOffset::east_opt(9 * 3_600).unwrap());
    assert_eq!(ids(&app, &format!("?since={}", seoul.to_rfc3339())).await, ["d", "c"], "a plus that was not encoded");
    assert_eq!(ids(&app, &format!("?since={since}&status=DONE&limit=1")).await, ["c"]);
}

#[tokio::test]
async fn a_page_has_whole_unloads() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let page = app.get("/api/unload").await;
    assert_body!(page);
    assert_eq!(page.json()["items"][0], app.get("/api/unload/a").await.json());
}

#[tokio::test]
async fn pages_follow_one_another_while_new_ones_come() {
    let app = TestApp::new().await;
    for number in 0..5 {
        app.stored(&format!("u{number}"), |_| {}).await;
    }
    let first = app.get("/api/unload?limit=2").await.json();
    assert_eq!(names(&first), ["u4", "u3"]);
    app.stored("new", |_| {}).await;
    let second = app.get(&format!("/api/unload?limit=2&cursor={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!(names(&second), ["u2", "u1"]);
    let third = app.get(&format!("/api/unload?limit=2&cursor={}", second["next"].as_str().unwrap())).await.json();
    assert_eq!((names(&third), &third["next"]), (vec!["u0".to_owned()], &json!(null)));
}

#[tokio::test]
async fn a_page_that_is_just_full_is_the_last() {
    let app = TestApp::new().await;
    for number in 0..3 {
        app.stored(&format!("u{number}"), |_| {}).await;
    }
    let page = app.get("/api/unload?limit=3").await.json();
    assert_eq!((names(&page).len(), &page["next"]), (3, &json!(null)));
}

#[tokio::test]
async fn nobody_sees_what_is_anothers() {
    let app = TestApp::new().await;
    app.stored("theirs", |asked| asked.owner = Owner::new("somebody")).await;
    assert_eq!(ids(&app, "").await, Vec::<String>::new());
    app.get("/api/unload/theirs").await.refused(404, "not_found");
    app.post_nothing("/api/unload/theirs/cancel").await.refused(404, "not_found");
    // The name is free to everybody else.
    app.done("theirs", "SELECT n FROM numbers WHERE n < 1").await;
    assert_eq!(ids(&app, "").await, ["theirs"]);
}

#[rstest]
#[case("status=FINISHED", "`PENDING`")]
#[case("label=team", "colon")]
#[case("since=yesterday", "`2026-01-01T00:00:00Z`")]
#[case("limit=0", "from 1 to 1000")]
#[case("limit=1001", "from 1 to 1000")]
#[case("limit=many", "limit")]
#[case("cursor=abc", "`cursor`")]
#[case("cursor=", "`cursor`")]
#[case("owner=me", "unknown field `owner`")]
#[tokio::test]
async fn what_is_no_filter_is_refused(#[case] query: &str, #[case] part: &str) {
    let app = TestApp::new().await;
    let detail = app.get(&format!("/api/unload?{query}")).await.refused(400, "invalid_request");
    assert!(detail.contains(part), "{detail}");
}
