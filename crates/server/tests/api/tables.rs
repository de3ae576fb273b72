//! `GET /api/tables`.

use crate::support::{TestApp, assert_body};

#[tokio::test]
async fn the_tables_of_a_warehouse_are_listed() {
    let app = TestApp::new().await;
    let answer = app.get("/api/tables").await;
    assert_body!(answer);
    assert_eq!(app.get("/api/tables?warehouse=main").await.json(), answer.json());
}

#[tokio::test]
async fn a_warehouse_that_is_not_there_is_named() {
    let app = TestApp::new().await;
    let detail = app.get("/api/tables?warehouse=moon").await.refused(422, "unknown_warehouse");
    assert!(detail.contains("`moon`") && detail.contains("`main`"), "{detail}");
    app.get("/api/tables?name=x").await.refused(400, "invalid_request");
}
