//! `GET /api/unload/{id}/ws`.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use outflow_server::Limits;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{PATIENCE, TestApp};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(app: &TestApp, path: &str) -> Socket {
    connect_async(format!("{}{path}", app.url.replace("http://", "ws://"))).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(PATIENCE, socket.next()).await.expect("a message comes in time").expect("the socket is open").unwrap()
}

fn status(message: &Message) -> Value {
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn every_change_is_told_and_then_it_closes() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut socket = open(&app, "/api/unload/a/ws").await;
    let first = status(&next(&mut socket).await);
    assert_eq!(first["phase"], "EXECUTING");
    app.gate.open();
    let mut last = first;
    let code = loop {
        match next(&mut socket).await {
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            message => last = status(&message),
        }
    };
    assert_eq!((code, last["status"].as_str()), (1_000, Some("DONE")));
    assert_eq!(last, app.get("/api/unload/status/a").await.json());
}

#[tokio::test]
async fn what_is_known_is_not_told_again() {
    let app = TestApp::new().await;
    let version = app.done("a", COUNT).await["version"].clone();
    let mut socket = open(&app, &format!("/api/unload/a/ws?version={version}")).await;
    assert!(matches!(next(&mut socket).await, Message::Close(_)));
    let mut socket = open(&app, "/api/unload/a/ws?version=1").await;
    assert_eq!(status(&next(&mut socket).await)["status"], "DONE");
}

#[tokio::test]
async fn it_pings_and_does_not_mind_being_talked_to() {
    let app = TestApp::limited(Limits { heartbeat: Duration::from_millis(50), ..Limits::default() }).await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    app.executing("a").await;
    let mut socket = open(&app, "/api/unload/a/ws").await;
    next(&mut socket).await;
    socket.send(Message::text("hello")).await.unwrap();
    assert!(matches!(next(&mut socket).await, Message::Ping(_)));
    assert!(matches!(next(&mut socket).await, Message::Ping(_)));
    app.gate.open();
    let message = loop {
        match next(&mut socket).await {
            Message::Ping(_) => {}
            message => break message,
        }
    };
    assert!(status(&message)["version"].as_i64().is_some());
}

#[tokio::test]
async fn a_request_that_opens_no_socket_is_a_problem() {
    let app = TestApp::new().await;
    app.done("a", COUNT).await;
    let answer = app.get("/api/unload/a/ws").await;
    let detail = answer.refused(400, "invalid_request");
    assert!(detail.contains("WebSocket"), "{detail}");
    assert_eq!(answer.json()["requestId"], "a");
}
