//! An orderly end: nothing that was accepted is lost, and nobody is left hanging.

use outflow_server::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Sse, TestApp};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[tokio::test]
async fn what_was_accepted_goes_on_at_the_next_start() {
    let app = TestApp::new().await;
    app.gate.close();
    for id in ["a", "b", "c", "d", "e", "f"] {
        app.submit(json!({"requestId": id, "sql": COUNT})).await;
    }
    app.executing("a").await;
    let app = app.stop().await.start().await;
    for id in ["a", "b", "c", "d", "e", "f"] {
        let unload = app.ended(id).await;
        assert_eq!((&unload["status"], &unload["rowCount"]), (&json!("DONE"), &json!(3)), "{id}");
    }
}

#[tokio::test]
async fn files_and_links_outlive_the_process() {
    let app = TestApp::new().await;
    let before = app.done("a", COUNT).await;
    let app = app.stop().await.start().await;
    let after = app.get("/api/unload/a").await.json();
    assert_eq!((&after["unloadId"], &after["version"]), (&before["unloadId"], &before["version"]));
    let link = app.get("/api/unload/a/files/0").await.header("location").to_owned();
    assert_eq!(app.download(&link).await.status, 200);
}

#[tokio::test]
async fn who_waits_is_answered_and_streams_end() {
    let app = TestApp::limited(Limits { waiting: 3, ..Limits::default() }).await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut stream = Sse::open(&app, "a", None).await;
    stream.next().await.unwrap();
    let url = app.url.clone();
    let (mut socket, _) =
        tokio_tungstenite::connect_async(format!("{}/api/unload/a/ws", url.replace("http", "ws"))).await.unwrap();
    let poll = app.client.get(format!("{url}/api/unload/status/a?wait=60"));
    let waiting = tokio::spawn(async move {
        loop {
            let answer = poll.try_clone().unwrap().send().await.unwrap();
            if answer.status() != 503 {
                break answer;
            }
        }
    });
    // There is room for three: when another is refused, the long poll has arrived.
    let arrived = async { while app.get("/api/unload/a/ws").await.status != 503 {} };
    tokio::time::timeout(PATIENCE, arrived).await.expect("the poll arrives");
    let stopped = tokio::spawn(app.stop());
    let status: serde_json::Value = waiting.await.unwrap().json().await.unwrap();
    assert_eq!(status["status"], "RUNNING");
    assert!(stream.rest().await.is_empty());
    let mut last = None;
    while let Some(Ok(message)) = futures::StreamExt::next(&mut socket).await {
        last = Some(message);
    }
    match last {
        Some(tokio_tungstenite::tungstenite::Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1_001),
        other => panic!("the socket was not closed in order: {other:?}"),
    }
    stopped.await.unwrap();
    assert!(TcpStream::connect(url.strip_prefix("http://").unwrap()).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_request_on_its_way_is_still_answered() {
    let app = TestApp::new().await;
    let body = json!({"requestId": "late", "sql": COUNT}).to_string();
    let head = format!(
        "POST /api/unload HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The service asks for the body: the request is being answered.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
    app.shutdown.cancel();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
    let app = app.stop().await.start().await;
    assert_eq!(app.ended("late").await["status"], "DONE");
}

#[tokio::test]
async fn a_stopping_engine_takes_nothing_more_and_ends_its_streams() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut stream = Sse::open(&app, "a", None).await;
    stream.next().await.unwrap();
    app.engine.stop().await;
    assert!(stream.rest().await.is_empty());
    let refused = app.post("/api/unload", &json!({"requestId": "b", "sql": COUNT})).await;
    refused.refused(503, "overloaded");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(app.get("/readyz").await.status, 503);
    assert_eq!(app.get("/api/unload/a").await.json()["status"], "RUNNING", "what is known is still told");
}
