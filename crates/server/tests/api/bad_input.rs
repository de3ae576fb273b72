//! What is refused before anything is stored, and what fails when it runs: each with a clear error, and nothing left behind.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{PATIENCE, TestApp, assert_body};

fn sql(text: impl Into<String>) -> Value {
    json!({"requestId": "bad", "sql": text.into()})
}

fn with(field: &str, value: Value) -> Value {
    json!({"requestId": "bad", "sql": "SELECT n FROM numbers WHERE n < 3", field: value})
}

#[rstest]
#[case::not_a_select(sql("DELETE FROM numbers"), 422, "sql_not_read_only", "")]
#[case::two_statements(sql("SELECT 1; SELECT 2"), 422, "sql_not_single", "")]
#[case::two_with_a_change(sql("SELECT 1; DROP TABLE numbers"), 422, "sql_not_single", "")]
#[case::changing_cte(sql("WITH d AS (DELETE FROM numbers RETURNING n) SELECT n FROM d"), 422, "sql_not_read_only", "")]
#[case::select_into(sql("SELECT n INTO copy FROM numbers"), 422, "sql_not_read_only", "")]
#[case::syntax_error(sql("SELECT n\nFROM numbers WHERE n <"), 422, "sql_syntax", "")]
#[case::nul(sql("SELECT '\0'"), 422, "sql_forbidden_character", "")]
#[case::lone_return(sql("SELECT 1 --\rx"), 422, "sql_forbidden_character", "")]
#[case::empty(sql(""), 422, "sql_syntax", "")]
#[case::large(sql(format!("SELECT '{}'", "x".repeat(65_536))), 413, "sql_too_large", "")]
#[case::megabyte(sql(format!("SELECT '{}'", "x".repeat(1 << 20))), 413, "payload_too_large", "256 KiB")]
#[case::warehouse(with("warehouse", json!("moon")), 422, "unknown_warehouse", "`main`")]
#[case::parameter_missing(sql("SELECT n FROM numbers WHERE n < :count"), 422, "parameter_missing", "count")]
#[case::parameter_surplus(with("parameters", json!({"count": 1})), 422, "parameter_surplus", "count")]
#[case::parameter_type(with("parameters", json!({"count": [1]})), 422, "parameter_invalid", "count")]
#[case::parameter_value(with("parameters", json!({"count": {"type": "date", "value": "soon"}})), 422, "parameter_invalid", "count")]
#[case::parameters_no_object(with("parameters", json!([1])), 400, "invalid_request", "`parameters`")]
#[case::illegal_delimiter(with("delimiter", json!("||")), 422, "illegal_option", "`delimiter`")]
#[case::illegal_format(with("format", json!("xml")), 422, "illegal_option", "`format`")]
#[case::illegal_retention(with("retentionDays", json!(0)), 422, "illegal_option", "`retentionDays`")]
#[case::no_whole_number(with("maxFileSizeMb", json!(5.5)), 400, "invalid_request", "expected a whole number")]
#[case::no_list(with("partitionBy", json!("n")), 400, "invalid_request", "`partitionBy`")]
#[case::notify(with("notify", json!(["me@example.com"])), 422, "illegal_option", "`notify`")]
#[case::combination(json!({"requestId": "bad", "sql": "SELECT 1", "format": "json", "header": true}), 422, "illegal_option", "`header`")]
#[case::parallel_order(json!({"requestId": "bad", "sql": "SELECT n FROM numbers ORDER BY n", "parallel": true}), 422, "illegal_option", "`parallel`")]
#[case::unknown_field(with("nulAs", json!("")), 400, "invalid_request", "did you mean `nullAs`?")]
#[case::wrong_type(with("header", json!("yes")), 400, "invalid_request", "`header`")]
#[case::both_names(with("query", json!("SELECT 1")), 400, "invalid_request", "`query`")]
#[case::no_sql(json!({"requestId": "bad"}), 400, "invalid_request", "`sql` is missing")]
#[case::label(with("labels", json!({"bad key": "x"})), 400, "invalid_request", "`bad key`")]
#[tokio::test]
async fn it_is_refused_by_name_and_nothing_is_stored(
    #[case] body: Value,
    #[case] status: u16,
    #[case] code: &str,
    #[case] part: &str,
) {
    let app = TestApp::new().await;
    for path in ["/api/unload", "/api/unload/explain"] {
        let detail = app.post(path, &body).await.refused(status, code);
        assert!(detail.contains(part), "{detail}");
    }
    assert_eq!(app.get("/api/unload").await.json(), json!({"items": [], "next": null}));
    app.get("/api/unload/bad").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_syntax_error_names_line_and_column_of_the_callers_own_text() {
    let app = TestApp::new().await;
    let answer = app.post("/api/unload", &sql("SELECT n -- 숫자\nFROM numbers WHERE n < < 3")).await;
    answer.refused(422, "sql_syntax");
    assert_eq!((answer.json()["line"].as_u64(), answer.json()["column"].as_u64()), (Some(2), Some(24)));
    assert_body!(answer);
}

#[tokio::test]
async fn fifty_thousand_operators_leave_the_service_as_it_was() {
    let app = TestApp::new().await;
    for (text, status, code) in [
        // As many as 64 KiB have room for, nested in every way that there is.
        (format!("SELECT {}1", "+-".repeat(25_000)), 422, "sql_too_complex"),
        (format!("SELECT 1{}", "+1".repeat(32_000)), 422, "sql_too_complex"),
        (format!("SELECT {}TRUE", "NOT ".repeat(16_000)), 422, "sql_too_complex"),
        (format!("SELECT {}1{}", "(".repeat(32_000), ")".repeat(32_000)), 422, "sql_too_complex"),
        (format!("SELECT 1{}", "+1".repeat(50_000)), 413, "sql_too_large"),
    ] {
        for path in ["/api/unload", "/api/unload/explain"] {
            app.post(path, &sql(text.as_str())).await.refused(status, code);
        }
    }
    assert_eq!(app.get("/healthz").await.status, 200);
    assert_eq!(app.done("a", "SELECT n FROM numbers WHERE n < 3").await["rowCount"], 3);
}

#[rstest]
#[case::unknown_table("SELECT n FROM number", false, "unknown_table", "`numbers`")]
#[case::unknown_column("SELECT m FROM numbers", false, "unknown_column", "`m`")]
#[case::two_columns_of_one_name("SELECT n AS a, n + 1 AS a FROM numbers", false, "duplicate_column", "AS")]
#[case::half_way("SELECT 1 / (n - 9000) AS a FROM numbers", false, "query_failed", "division by zero")]
#[case::in_one_of_two_files(
    "SELECT n FROM numbers UNION ALL SELECT 1 / (n - 9000) FROM numbers",
    true,
    "query_failed",
    "division by zero"
)]
#[tokio::test]
async fn what_fails_when_it_runs_says_why_and_leaves_nothing(
    #[case] sql: &str,
    #[case] parallel: bool,
    #[case] code: &str,
    #[case] part: &str,
) {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "bad", "sql": sql, "parallel": parallel, "singleFile": !parallel})).await;
    let unload = app.ended("bad").await;
    assert_eq!((&unload["status"], &unload["error"]["code"]), (&json!("FAILED"), &json!(code)), "{unload}");
    assert_eq!((&unload["error"]["retryable"], &unload["attempt"]), (&json!(false), &json!(1)));
    assert!(unload["error"]["message"].as_str().unwrap().contains(part), "{unload}");
    app.get("/api/unload/file/bad").await.refused(409, "failed");
    let swept = async { while !app.keys("bad").await.is_empty() {} };
    tokio::time::timeout(PATIENCE, swept).await.expect("the attempt's files are removed in time");
    assert_eq!(app.done("good", "SELECT n FROM numbers WHERE n < 3").await["rowCount"], 3);
}

#[rstest]
#[case::invalid_utf8(b"{\"sql\":\"SELECT '\xff'\"}".to_vec(), "offset 16")]
#[case::no_json(b"sql=SELECT 1".to_vec(), "not JSON")]
#[case::nothing(Vec::new(), "not a whole JSON document")]
#[case::cut_off(b"{\"sql\":\"SELECT".to_vec(), "not a whole JSON document")]
#[case::twice(b"{\"sql\":\"a\",\"sql\":\"b\"}".to_vec(), "duplicate field `sql`")]
#[case::parameter_twice(b"{\"sql\":\"SELECT :a\",\"parameters\":{\"a\":1,\"a\":2}}".to_vec(), "`parameters.a` is sent twice")]
#[case::label_twice(b"{\"sql\":\"SELECT 1\",\"labels\":{\"a\":\"1\",\"a\":\"2\"}}".to_vec(), "`labels.a` is sent twice")]
#[case::list(b"[\"SELECT 1\"]".to_vec(), "send an object")]
#[case::deep("[".repeat(100_000).into_bytes(), "list")]
#[tokio::test]
async fn a_body_that_is_no_request_is_refused(#[case] body: Vec<u8>, #[case] part: &str) {
    let app = TestApp::new().await;
    let request = app.client.post(format!("{}/api/unload", app.url)).header("content-type", "application/json").body(body);
    let detail = app.send(request).await.refused(400, "invalid_request");
    assert!(detail.contains(part), "{detail}");
}

#[tokio::test]
async fn only_json_is_taken() {
    let app = TestApp::new().await;
    for (sent, named) in [
        ("application/x-www-form-urlencoded", "`application/x-www-form-urlencoded`"),
        ("text/plain", "`text/plain`"),
        ("", "no Content-Type"),
    ] {
        let mut request = app.client.post(format!("{}/api/unload", app.url)).body(r#"{"sql":"SELECT 1"}"#);
        if !sent.is_empty() {
            request = request.header("content-type", sent);
        }
        let detail = app.send(request).await.refused(415, "unsupported_media_type");
        assert!(detail.contains(named) && detail.contains("--json"), "{detail}");
    }
}

#[tokio::test]
async fn an_encoding_is_refused_by_name() {
    let app = TestApp::new().await;
    let post = |encoding: &'static str| {
        let body = json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 3"});
        app.send(app.client.post(format!("{}/api/unload", app.url)).header("content-encoding", encoding).json(&body))
    };
    for (encoding, named) in [("gzip", "`gzip`"), ("identity, BR", "`BR`"), ("x\"y", "`x\\\"y`")] {
        let detail = post(encoding).await.refused(415, "unsupported_media_type");
        assert!(detail.contains(named), "{detail}");
    }
    assert_eq!(post("identity").await.status, 202);
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let app = TestApp::new().await;
    let address = app.url.strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /api/unload HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"sql\":"
    );
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    })
    .await
    .unwrap();
    assert_eq!(app.get("/api/unload").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_body_without_a_length_has_the_same_limit() {
    let app = TestApp::new().await;
    let pieces = (0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 10_000]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    let request = app.client.post(format!("{}/api/unload", app.url)).header("content-type", "application/json").body(body);
    app.send(request).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn who_sends_everything_before_listening_still_hears_the_answer() {
    let app = TestApp::new().await;
    let address = app.url.strip_prefix("http://").unwrap().to_owned();
    let text = tokio::task::spawn_blocking(move || {
        let body = vec![b' '; 7 << 20];
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST /api/unload HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let text = text.await.unwrap();
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("payload_too_large"), "{text}");
}
