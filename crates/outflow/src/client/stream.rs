//! Server-sent events of one unload, as they come. It does not reconnect: whoever needs certainty polls.

use std::collections::VecDeque;

use futures::StreamExt;
use futures::stream::BoxStream;
use outflow_api::StatusView;

use super::{Client, root, unload_path};
use crate::exit::{CliError, Exit, Result};

/// The changes of an unload.
pub(crate) struct Changes {
    chunks: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    parser: Parser,
    ready: VecDeque<String>,
}

impl Client {
    /// `GET /api/unload/{id}/events`: the present state first, then every change.
    pub(crate) async fn changes(&self, id: &str) -> Result<Changes> {
        let request =
            self.http.get(format!("{}{}", self.base, unload_path(id, "/events")?)).header("accept", "text/event-stream");
        let response = self.send(request).await?;
        let chunks = response.bytes_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec())).boxed();
        Ok(Changes { chunks, parser: Parser::default(), ready: VecDeque::new() })
    }
}

impl Changes {
    /// The next change; `None` when the service has closed the stream.
    ///
    /// # Errors
    /// When the connection breaks, or the event is none of ours.
    pub(crate) async fn next(&mut self) -> Result<Option<StatusView>> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                let view = serde_json::from_str(&data);
                return view.map(Some).map_err(|error| CliError::new(Exit::Failed, format!("an event cannot be read: {error}")));
            }
            match self.chunks.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) => self.ready.extend(self.parser.push(&chunk)),
                Some(Err(error)) => {
                    return Err(CliError::new(Exit::Unavailable, format!("the event stream broke off: {}", root(&error))));
                }
            }
        }
    }
}

/// Splits a stream into the data of its events.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    data: Vec<String>,
}

impl Parser {
    /// The data of the events that a chunk completes.
    fn push(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for &byte in chunk {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
            } else if line.is_empty() && !self.data.is_empty() {
                events.push(std::mem::take(&mut self.data).join("\n"));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_stream_is_cut() {
        let stream = ": hello\r\n\r\nid: 1\nevent: unload\ndata: {\"a\":\ndata: \"é\"}\n\ndata:2\r\n\r\ndata: 3\n";
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let events: Vec<_> = stream.as_bytes().chunks(size).flat_map(|chunk| parser.push(chunk)).collect();
            assert_eq!(events, ["{\"a\":\n\"é\"}", "2"], "chunks of {size}");
        }
    }
}
