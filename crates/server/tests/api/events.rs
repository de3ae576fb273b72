//! `GET /api/unload/{id}/events`.

use std::time::Duration;

use outflow_server::Limits;
use serde_json::json;

use crate::support::{Sse, TestApp, redacted};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[tokio::test]
async fn every_change_is_told_until_the_end() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut stream = Sse::open(&app, "a", None).await;
    let first = stream.next().await.unwrap();
    assert_eq!((first.name.as_str(), first.data["phase"].as_str()), ("status", Some("EXECUTING")));
    assert_eq!(Some(first.id), first.data["version"].as_i64());
    redacted().bind(|| insta::assert_json_snapshot!(first.data));
    app.gate.progress(7, 70);
    let progress = stream.next().await.unwrap();
    assert_eq!((progress.data["rowCount"].as_u64(), progress.id > first.id), (Some(7), true));
    app.gate.open();
    let rest = stream.rest().await;
    let ids: Vec<_> = rest.iter().map(|event| event.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let last = rest.last().unwrap();
    assert_eq!(last.data["status"], "DONE");
    assert_eq!(last.data, app.get("/api/unload/status/a").await.json());
}

#[tokio::test]
async fn who_comes_back_hears_what_came_after() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let heard = Sse::open(&app, "a", None).await.next().await.unwrap();
    // Nothing is new: the first event is the next change.
    let mut stream = Sse::open(&app, "a", Some(heard.id)).await;
    app.gate.open();
    let rest = stream.rest().await;
    assert!(rest.iter().all(|event| event.id > heard.id), "{rest:?}");
    assert_eq!(rest.last().unwrap().data["status"], "DONE");
    // The change came in between: it is told at once.
    let late = Sse::open(&app, "a", Some(heard.id)).await.rest().await;
    assert_eq!((late.len(), late[0].data["status"].as_str()), (1, Some("DONE")));
    // An id that never was, of a service before this one say, is none.
    let strange = Sse::open(&app, "a", Some(9_999)).await.rest().await;
    assert_eq!(strange[0].data["status"], "DONE");
}

#[tokio::test]
async fn who_knows_the_end_need_not_come_back() {
    let app = TestApp::new().await;
    let version = app.done("a", COUNT).await["version"].as_i64().unwrap();
    let request = app.client.get(format!("{}/api/unload/a/events", app.url)).header("last-event-id", version);
    assert_eq!(app.send(request).await.status, 204);
    let by_query = app.get(&format!("/api/unload/a/events?version={version}")).await;
    assert_eq!(by_query.status, 204);
    // What became of it since is news.
    app.delete("/api/unload/a").await;
    let events = Sse::open(&app, "a", Some(version)).await.rest().await;
    assert_eq!(events[0].data["status"], "EXPIRED");
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let app = TestApp::limited(Limits { heartbeat: Duration::from_millis(50), ..Limits::default() }).await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut stream = Sse::open(&app, "a", None).await;
    stream.next().await.unwrap();
    stream.heartbeat().await;
    stream.heartbeat().await;
    app.gate.open();
    assert_eq!(stream.rest().await.last().unwrap().data["status"], "DONE");
}

#[tokio::test]
async fn many_can_listen_to_one() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(Sse::open(&app, "a", None).await);
    }
    app.gate.open();
    for mut stream in streams {
        assert_eq!(stream.rest().await.last().unwrap().data["status"], "DONE");
    }
}
