//! How much the service takes at once, and what becomes of the rest.

use std::time::Duration;

use outflow_server::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Sse, TestApp, log};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

/// A connection that has sent that much.
async fn sent(app: &TestApp, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What comes back until the connection is closed.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("it is closed in time").unwrap();
    text
}

const UNFINISHED: &str =
    "POST /api/unload HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = TestApp::new().await;
    let stream =
        sent(&app, &format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-filler: {}\r\n\r\n", "x".repeat(20_000))).await;
    assert!(answer(stream).await.starts_with("HTTP/1.1 431 "));
    let fits = sent(
        &app,
        &format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-filler: {}\r\n\r\n", "x".repeat(10_000)),
    )
    .await;
    assert!(answer(fits).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let app = TestApp::limited(Limits { header_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let stream = sent(&app, "GET /healthz HTTP/1.1\r\nhost: local").await;
    assert!(!answer(stream).await.starts_with("HTTP/1.1 2"));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let app = TestApp::limited(Limits { request_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let text = answer(sent(&app, UNFINISHED).await).await;
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("request_timeout"), "{text}");
}

#[tokio::test]
async fn a_full_service_says_so_at_once_and_stays_healthy() {
    let app = TestApp::limited(Limits { requests: 1, ..Limits::default() }).await;
    let holder = sent(&app, UNFINISHED).await;
    let refused = tokio::time::timeout(PATIENCE, async {
        loop {
            let answer = app.get("/api/unload").await;
            if answer.status == 503 {
                break answer;
            }
        }
    })
    .await
    .expect("the one place is taken");
    refused.refused(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    let log = log().text();
    assert!(
        !log.lines().any(|line| line.contains("request failed") && line.contains("overloaded")),
        "load makes lines of errors"
    );
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    drop(holder);
    let freed = async { while app.get("/api/unload").await.status == 503 {} };
    tokio::time::timeout(PATIENCE, freed).await.expect("the place is free again");
}

#[tokio::test]
async fn only_so_many_wait_at_once() {
    let app = TestApp::limited(Limits { waiting: 1, ..Limits::default() }).await;
    app.gate.close();
    app.post("/api/unload", &json!({"requestId": "a", "sql": COUNT})).await;
    let mut stream = Sse::open(&app, "a", None).await;
    stream.next().await.unwrap();
    for path in ["/api/unload/a/events", "/api/unload/status/a?wait=30", "/api/unload/a/ws"] {
        app.get(path).await.refused(503, "overloaded");
    }
    assert_eq!(app.get("/api/unload/a").await.status, 200, "others are answered");
    // A stream gives its place back when it ends, and when its reader goes.
    app.gate.open();
    stream.rest().await;
    let freed = async { while app.get("/api/unload/status/a").await.status == 503 {} };
    tokio::time::timeout(PATIENCE, freed).await.expect("the place is free again");
}

#[tokio::test]
async fn a_reader_that_goes_gives_its_place_back() {
    let app = TestApp::limited(Limits { waiting: 1, heartbeat: Duration::from_millis(20), ..Limits::default() }).await;
    app.gate.close();
    app.post("/api/unload", &json!({"requestId": "a", "sql": COUNT})).await;
    let mut stream = Sse::open(&app, "a", None).await;
    stream.next().await.unwrap();
    drop(stream);
    let freed = async { while app.get("/api/unload/status/a").await.status == 503 {} };
    tokio::time::timeout(PATIENCE, freed).await.expect("the place is free again");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let app = TestApp::limited(Limits { connections: 1, ..Limits::default() }).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let text = answer(sent(&app, &format!("{request}{request}{last}")).await).await;
    assert_eq!(text.matches("HTTP/1.1 200 ").count(), 3);
    // The next one waits until there is room, and is then served.
    assert_eq!(app.get("/healthz").await.status, 200);
}
