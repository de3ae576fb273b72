//! `GET /api/unload/{id}/receipt`.

use crate::support::{TestApp, assert_body};

#[tokio::test]
async fn it_says_what_was_verified() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let receipt = app.get("/api/unload/a/receipt").await;
    assert_body!(receipt);
    // The same document lies beside the file.
    let unload_id = receipt.json()["unloadId"].as_str().unwrap().to_owned();
    let key = format!("unload-results/a/{unload_id}-1/receipt.json");
    assert!(app.keys("a").await.contains(&key));
    let beside = app.object(&key).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&beside).unwrap(), receipt.json());
}

#[tokio::test]
async fn it_stays_when_the_files_are_gone() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let before = app.get("/api/unload/a/receipt").await.json();
    app.delete("/api/unload/a").await;
    let after = app.get("/api/unload/a/receipt").await;
    assert_eq!((after.status, after.json()), (200, before));
}
