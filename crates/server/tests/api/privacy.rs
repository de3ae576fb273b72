//! What the log has of a request, and what it must never have.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::TestApp;

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_names_the_unload_and_holds_neither_queries_nor_links() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::new().await;
    let sql = "SELECT n FROM numbers WHERE n < :planted /* planted-in-a-comment */";
    app.submit(json!({"requestId": "logged", "sql": sql, "parameters": {"planted": "5"}})).await;
    app.ended("logged").await;
    app.post("/api/unload", &json!({"requestId": "refused", "sql": "SELECT 'planted-in-a-literal' FROM ("}))
        .await
        .refused(422, "sql_syntax");
    let link = app.get("/api/unload/logged/files/0").await.header("location").to_owned();
    assert_eq!(app.download(&link).await.status, 200);
    let unload_id = app.get("/api/unload/logged").await.json()["unloadId"].as_str().unwrap().to_owned();

    let text = log.text();
    let audit = text.lines().find(|line| line.contains("outflow::audit")).expect("a download leaves a line");
    assert!(audit.contains("request_id=\"logged\"") || audit.contains("request_id=logged"), "{audit}");
    assert!(audit.contains(&unload_id) && audit.contains("bytes="), "{audit}");
    let token = link.split("/download/").nth(1).unwrap().split('/').next().unwrap();
    assert!(token.len() > 40 && !text.contains(token), "the token of a link is in the log");
    for planted in ["planted-in-a-comment", "planted-in-a-literal"] {
        assert!(!text.contains(planted), "`{planted}` is in the log");
    }
    for line in text.lines().filter(|line| line.contains("unload accepted") || line.contains("path=\"/api/unload/{id}")) {
        assert!(line.contains("logged"), "{line}");
    }
}
