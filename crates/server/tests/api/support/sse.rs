//! An event stream as a browser reads it.

use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::{PATIENCE, TestApp};

/// An open stream.
pub(crate) struct Sse {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: String,
    pub(crate) comments: usize,
}

/// One event.
#[derive(Debug)]
pub(crate) struct SseEvent {
    pub(crate) name: String,
    pub(crate) id: i64,
    pub(crate) data: Value,
}

impl Sse {
    /// Opens the stream of an unload, as one who heard the event of that id last.
    pub(crate) async fn open(app: &TestApp, id: &str, last: Option<i64>) -> Self {
        let mut request = app.client.get(format!("{}/api/unload/{id}/events", app.url));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        let bytes = response.bytes_stream().map(|piece| piece.map(|bytes| bytes.to_vec())).boxed();
        Self { bytes, buffer: String::new(), comments: 0 }
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<SseEvent> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("an event comes in time")
    }

    /// Every event until the end.
    pub(crate) async fn rest(&mut self) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// Waits for a heartbeat.
    pub(crate) async fn heartbeat(&mut self) {
        let before = self.comments;
        tokio::time::timeout(PATIENCE, async {
            while self.comments == before {
                assert!(self.read_block().await.is_some_and(|block| block.is_none()), "an event came in place of a heartbeat");
            }
        })
        .await
        .expect("a heartbeat comes in time");
    }

    async fn read(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(event) = self.read_block().await? {
                return Some(event);
            }
        }
    }

    /// The next block: an event, or nothing for a comment.
    async fn read_block(&mut self) -> Option<Option<SseEvent>> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                if block.starts_with(':') {
                    self.comments += 1;
                    return Some(None);
                }
                return Some(Some(SseEvent::parse(&block)));
            }
            let piece = self.bytes.next().await?.expect("the stream ends in order");
            self.buffer.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

impl SseEvent {
    fn parse(block: &str) -> Self {
        let field = |name: &str| {
            let prefix = format!("{name}: ");
            block
                .lines()
                .find_map(|line| line.strip_prefix(&prefix))
                .unwrap_or_else(|| panic!("no `{name}` in {block}"))
                .to_owned()
        };
        Self { name: field("event"), id: field("id").parse().unwrap(), data: serde_json::from_str(&field("data")).unwrap() }
    }
}
