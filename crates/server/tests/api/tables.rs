//! `GET /api/tables`.

use std::sync::Arc;

use parquet::data_type::Int64Type;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use crate::support::{Setup, TestApp, assert_body, csv, redacted};

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

#[tokio::test]
async fn a_broken_table_is_told_and_the_others_work() {
    let whole = numbers(&[0, 1, 2]);
    let cut_off = whole[..whole.len() / 2].to_vec();
    let tables = vec![
        ("broken.parquet", b"PAR1 this is no Parquet file".to_vec()),
        ("cut_off.parquet", cut_off.clone()),
        ("hollow.parquet", Vec::new()),
        ("fine.parquet", whole.clone()),
        ("half/1.parquet", whole.clone()),
        ("half/2.parquet", cut_off),
        ("pair/1.parquet", whole),
        ("pair/2.parquet", numbers(&[3])),
    ];
    let app = TestApp::with(Setup { tables, ..Setup::default() }).await.expect("the default store is there");
    let answer = app.get("/api/tables").await;
    assert_eq!(answer.status, 200);
    let mut settings = redacted();
    // What is wrong with a file is said in its reader's words.
    settings.add_dynamic_redaction(".tables[].error", |error, _| match error.as_str() {
        Some(text) => text.split(": ").next().unwrap_or_default().into(),
        None => error,
    });
    settings.bind(|| insta::assert_json_snapshot!(answer.json()));
    for (table, rows) in [("fine", 3), ("pair", 4), ("numbers", 10_000)] {
        app.done(table, &format!("SELECT n FROM {table} ORDER BY n")).await;
        let link = app.get(&format!("/api/unload/{table}/files/0")).await.header("location").to_owned();
        assert_eq!(app.text_of(&link).await, csv(0..rows), "{table}");
    }
    for (table, file) in
        [("broken", "broken.parquet"), ("cut_off", "cut_off.parquet"), ("hollow", "hollow.parquet"), ("half", "2.parquet")]
    {
        app.submit(json!({"requestId": table, "sql": format!("SELECT * FROM {table}")})).await;
        let unload = app.ended(table).await;
        assert_eq!((&unload["status"], &unload["error"]["code"]), (&json!("FAILED"), &json!("table_unreadable")), "{table}");
        assert!(unload["error"]["message"].as_str().unwrap().contains(file), "{unload}");
    }
}

/// A Parquet file with the column `n`.
fn numbers(values: &[i64]) -> Vec<u8> {
    let schema = parse_message_type("message numbers { REQUIRED INT64 n; }").unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().expect("there is a column");
    column.typed::<Int64Type>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}
