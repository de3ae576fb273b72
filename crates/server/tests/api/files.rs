//! `GET /api/unload/{id}/files/{n}`: the stable address of a file.

use serde_json::json;

use crate::support::{TestApp, client, csv};

#[tokio::test]
async fn it_leads_to_a_fresh_link_at_every_call() {
    let app = TestApp::new().await;
    let unload = app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    assert_eq!(unload["s3FileUrl"], format!("{}/api/unload/a/files/0", app.url));
    let first = app.get("/api/unload/a/files/0").await;
    assert_eq!((first.status, first.header("cache-control")), (302, "no-store"));
    app.ground.clock.advance(60);
    let second = app.get("/api/unload/a/files/0").await;
    assert_ne!(first.header("location"), second.header("location"));
    for answer in [&first, &second] {
        assert_eq!(app.text_of(answer.header("location")).await, csv(0..3));
    }
}

#[tokio::test]
async fn its_links_live_for_five_minutes() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    let link = app.get("/api/unload/a/files/0").await.header("location").to_owned();
    app.ground.clock.advance(290);
    assert_eq!(app.download(&link).await.status, 200);
    app.ground.clock.advance(20);
    let detail = app.download(&link).await.refused(403, "link_expired");
    assert!(detail.contains("ask for a new one"), "{detail}");
}

#[tokio::test]
async fn head_and_ranges_work_through_it() {
    let app = TestApp::new().await;
    app.submit(json!({"requestId": "a", "sql": "SELECT n FROM numbers WHERE n < 3", "compression": "none"})).await;
    app.ended("a").await;
    // A client that follows redirects, as people have them.
    let client = client().build().unwrap();
    let address = format!("{}/api/unload/a/files/0", app.url);
    let head = client.head(&address).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "8"));
    let part = client.get(&address).header("range", "bytes=2-").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "0\n1\n2\n"));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    for index in ["1", "-1", "x", "99999999999"] {
        let detail = app.get(&format!("/api/unload/a/files/{index}")).await.refused(404, "not_found");
        assert!(detail.contains("it has 1"), "{detail}");
    }
}
