//! `GET /download/{token}/{name}`.

use serde_json::json;

use crate::support::{Answer, TestApp, csv};

/// An unload of plain text of so many rows, and a link to its file.
async fn plain(app: &TestApp, rows: u64) -> String {
    app.submit(
        json!({"requestId": "a", "sql": format!("SELECT n FROM numbers WHERE n < {rows} ORDER BY n"), "compression": "none"}),
    )
    .await;
    app.ended("a").await;
    app.get("/api/unload/a/files/0").await.header("location").to_owned()
}

async fn part(app: &TestApp, link: &str, headers: &[(&'static str, &str)]) -> Answer {
    let request = headers.iter().fold(app.client.get(link), |request, (name, value)| request.header(*name, *value));
    app.send(request).await
}

#[tokio::test]
async fn a_file_comes_whole_and_says_what_it_is() {
    let app = TestApp::new().await;
    app.done("abc-1", "SELECT n FROM numbers WHERE n < 3").await;
    let link = app.get("/api/unload/abc-1/files/0").await.header("location").to_owned();
    assert!(link.ends_with("/abc-1.csv.gz"), "{link}");
    let answer = app.download(&link).await;
    let expected = [
        ("content-type", "application/gzip"),
        ("content-disposition", "attachment; filename=\"abc-1.csv.gz\""),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("content-encoding", ""),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    assert_eq!(app.text_of(&link).await, csv(0..3));
    let head = app.send(app.client.head(&link)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "etag", "last-modified", "content-disposition"] {
        assert_eq!(head.header(name), answer.header(name), "{name}");
    }
}

#[tokio::test]
async fn parts_of_it_can_be_had() {
    let app = TestApp::new().await;
    let link = plain(&app, 1_000).await;
    let whole = csv(0..1_000).into_bytes();
    let size = whole.len();
    for (range, expected) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=10-19".to_owned(), 10..20),
        (format!("bytes={}-", size - 5), size - 5..size),
        ("bytes=-7".to_owned(), size - 7..size),
        (format!("bytes=5-{}", size * 2), 5..size),
    ] {
        let answer = part(&app, &link, &[("range", &range)]).await;
        assert_eq!((answer.status, answer.body.as_slice()), (206, &whole[expected.clone()]), "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {}-{}/{size}", expected.start, expected.end - 1));
    }
    for ignored in ["bytes=0-1,4-5", "lines=1-2", "bytes=9-1"] {
        let answer = part(&app, &link, &[("range", ignored)]).await;
        assert_eq!((answer.status, answer.body.len()), (200, size), "{ignored}");
    }
    let beyond = part(&app, &link, &[("range", &format!("bytes={size}-"))]).await;
    beyond.refused(416, "range_not_satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{size}"));
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on() {
    let app = TestApp::new().await;
    let link = plain(&app, 10_000).await;
    let first = part(&app, &link, &[("range", "bytes=0-9999")]).await;
    let etag = first.header("etag").to_owned();
    // Much later, by a fresh link: the same file.
    app.ground.clock.advance(3_600);
    let link = app.get("/api/unload/a/files/0").await.header("location").to_owned();
    let rest = part(&app, &link, &[("range", "bytes=10000-"), ("if-range", &etag)]).await;
    assert_eq!((first.status, rest.status), (206, 206));
    assert_eq!([first.body, rest.body].concat(), csv(0..10_000).into_bytes());
    // Of another file than was begun, all of it comes.
    let other = part(&app, &link, &[("range", "bytes=10000-"), ("if-range", "\"another\"")]).await;
    assert_eq!((other.status, other.body.len()), (200, csv(0..10_000).len()));
}

#[tokio::test]
async fn only_our_own_links_are_followed() {
    let app = TestApp::new().await;
    let link = plain(&app, 3).await;
    let (start, rest) = link.split_once("/download/").unwrap();
    let (token, name) = rest.split_once('/').unwrap();
    let mut changed = token.to_owned().into_bytes();
    for at in [0, changed.len() / 2, changed.len() - 1] {
        let before = changed[at];
        changed[at] = if before == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(changed.clone()).unwrap();
        app.download(&format!("{start}/download/{forged}/{name}")).await.refused(403, "link_invalid");
        changed[at] = before;
    }
    for token in ["x", "..", "%2e%2e", &"A".repeat(5_000)] {
        let answer = app.download(&format!("{start}/download/{token}/{name}")).await;
        assert!([403, 404].contains(&answer.status), "{}", answer.status);
    }
    // The name is for people.
    assert_eq!(app.download(&format!("{start}/download/{token}/any%20name.csv")).await.status, 200);
}

#[tokio::test]
async fn a_link_dies_with_its_file() {
    let app = TestApp::new().await;
    let link = plain(&app, 3).await;
    assert_eq!(app.download(&link).await.status, 200);
    app.delete("/api/unload/a").await;
    app.download(&link).await.refused(410, "expired");
}
