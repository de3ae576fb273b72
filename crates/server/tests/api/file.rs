//! `GET /api/unload/file/{id}`.

use serde_json::json;

use crate::support::{TestApp, assert_body, csv, redacted};

const COUNT: &str = "SELECT n FROM numbers WHERE n < 3";

#[tokio::test]
async fn the_file_is_listed_with_a_link() {
    let app = TestApp::new().await;
    app.done("a", COUNT).await;
    let answer = app.get("/api/unload/file/a").await;
    assert_body!(answer);
    let file = &answer.json()["files"][0];
    let expires_at = chrono::DateTime::parse_from_rfc3339(file["expiresAt"].as_str().unwrap()).unwrap();
    assert!(expires_at > chrono::Utc::now());
    let bytes = app.bytes_of(file["url"].as_str().unwrap()).await;
    assert_eq!(Some(bytes.len() as u64), file["bytes"].as_u64());
    assert_eq!(crate::support::sha256(&bytes), file["checksum"]["value"].as_str().unwrap());
}

#[tokio::test]
async fn before_the_end_there_is_none() {
    let app = TestApp::new().await;
    app.gate.close();
    app.submit(json!({"requestId": "a", "sql": COUNT})).await;
    for path in ["/api/unload/file/a", "/api/unload/file/a?redirect=true", "/api/unload/a/files/0", "/api/unload/a/receipt"] {
        let answer = app.get(path).await;
        answer.refused(409, "not_ready");
        assert_eq!((answer.header("retry-after"), &answer.json()["requestId"]), ("1", &json!("a")));
    }
}

#[tokio::test]
async fn without_a_result_there_is_none() {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "failed", "sql": "SELECT n FROM nothing"})).await;
    app.ended("failed").await;
    app.gate.close();
    app.submit(json!({"requestId": "cancelled", "sql": COUNT})).await;
    app.post_nothing("/api/unload/cancelled/cancel").await;
    app.ended("cancelled").await;
    for path in ["/api/unload/file/ID", "/api/unload/ID/files/0", "/api/unload/ID/receipt"] {
        let detail = app.get(&path.replace("ID", "failed")).await.refused(409, "failed");
        assert!(detail.contains("`nothing`"), "{detail}");
        app.get(&path.replace("ID", "cancelled")).await.refused(409, "cancelled");
    }
}

#[tokio::test]
async fn after_its_time_it_is_gone() {
    let app = TestApp::new().await;
    app.done("a", COUNT).await;
    app.delete("/api/unload/a").await;
    for path in ["/api/unload/file/a", "/api/unload/file/a?redirect=true", "/api/unload/a/files/0"] {
        let detail = app.get(path).await.refused(410, "expired");
        assert!(detail.contains("deleted"), "{detail}");
    }
}

#[tokio::test]
async fn a_redirect_leads_to_the_one_file() {
    let app = TestApp::new().await;
    app.done("a", COUNT).await;
    let answer = app.get("/api/unload/file/a?redirect=true").await;
    assert_eq!(answer.status, 302);
    assert_eq!(app.text_of(answer.header("location")).await, csv(0..3));
    assert_eq!(app.get("/api/unload/file/a?redirect=false").await.status, 200);
}

#[tokio::test]
async fn a_redirect_to_several_files_is_the_list() {
    let app = TestApp::new().await;
    let sql = "SELECT n FROM numbers WHERE n < 5000 UNION ALL SELECT n FROM numbers WHERE n >= 5000";
    app.submit(json!({"requestId": "many", "sql": sql, "singleFile": false})).await;
    let unload = app.ended("many").await;
    assert_eq!(unload["s3FileUrl"], format!("{}/api/unload/many/receipt", app.url));
    let answer = app.get("/api/unload/file/many?redirect=true").await;
    assert_eq!(answer.status, 300);
    let mut settings = redacted();
    // Which rows go into which file is nobody's promise.
    settings.add_redaction(".files[].rows", "[rows]");
    settings.bind(|| insta::assert_json_snapshot!(answer.json()));
    let list = answer.json();
    assert_eq!((&list["fileCount"], &list["next"]), (&json!(2), &json!(null)));
    let mut numbers = Vec::new();
    for file in list["files"].as_array().unwrap() {
        let text = app.text_of(file["url"].as_str().unwrap()).await;
        let rows: Vec<u64> = text.lines().skip(1).map(|line| line.parse().unwrap()).collect();
        assert_eq!(file["rows"], rows.len());
        numbers.extend(rows);
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..10_000));
}

#[tokio::test]
async fn many_files_come_in_pages() {
    let app = TestApp::new().await;
    app.stored_with_files("many", 2_500).await;
    let (mut path, mut pages) = ("/api/unload/file/many".to_owned(), Vec::new());
    loop {
        let page = app.get(&path).await.json();
        assert_eq!(page["fileCount"], 2_500);
        pages.push(page["files"].as_array().unwrap().iter().map(|file| file["index"].as_u64().unwrap()).collect::<Vec<_>>());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/unload/file/many?cursor={next}");
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    assert_eq!(pages.concat(), (0..2_500).collect::<Vec<_>>());
    assert_body!(app.get("/api/unload/file/many?cursor=2499").await);
    app.get("/api/unload/file/many?cursor=2501").await.refused(400, "invalid_request");
    app.get("/api/unload/file/many?cursor=x").await.refused(400, "invalid_request");
    app.get("/api/unload/file/many?redirect=maybe").await.refused(400, "invalid_request");
}
