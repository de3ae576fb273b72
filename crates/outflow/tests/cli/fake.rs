//! A service that does as it is told, for what the real one does not do on demand: break off, lie, or not be one.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json as object};

/// What is sent for one request, and whether the connection is cut after it.
pub(crate) type Answer = Box<dyn FnMut(&Request) -> Vec<u8> + Send>;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
}

/// The service; goes on until the process of the test ends.
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<VecDeque<Request>>>,
}

impl Fake {
    pub(crate) fn start(mut answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // One request a connection: what is not sent whole is cut.
                if let Some(request) = read(&stream) {
                    kept.lock().unwrap().push_back(request.clone());
                    let _ = (&stream).write_all(&answer(&request));
                }
            }
        });
        Self { url, seen }
    }
}

impl Fake {
    /// A service with one finished unload, `x`, whose files have these names and all the same text of two rows, with that checksum; `file` answers for one.
    pub(crate) fn finished(
        options: &Value,
        names: &[&str],
        text: &str,
        checksum: &Value,
        mut file: impl FnMut(usize, Option<&str>) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let (unload, length) = ("01990000-0000-7000-8000-000000000001", text.len());
        let (rows, bytes) = (2 * names.len(), length * names.len());
        let file_of = |(index, name): (usize, &&str)| {
            object!({"index": index, "name": name, "bytes": length, "rows": 2, "contentType": "text/csv",
                "checksum": checksum})
        };
        let files: Vec<_> = names.iter().enumerate().map(file_of).collect();
        let status = object!({"requestId": "x", "status": "DONE", "phase": null, "version": 5, "attempt": 1, "rowCount": rows,
            "byteCount": bytes, "queuePosition": null, "error": null});
        let receipt = object!({"version": 1, "requestId": "x", "unloadId": unload, "owner": "local", "attempt": 1, "warehouse": "main",
            "statementId": "s", "sqlSha256": "0", "options": options, "schema": [], "rowCount": rows, "byteCount": bytes,
            "createdAt": "2026-01-01T00:00:00Z", "verifiedAt": "2026-01-01T00:00:01Z", "files": files});
        let whole = object!({"requestId": "x", "unloadId": unload, "owner": "local", "version": 5, "status": "DONE", "phase": null,
            "attempt": 1, "s3FileUrl": null, "fileCount": names.len(), "rowCount": rows, "byteCount": bytes, "sql": "SELECT 1",
            "options": options, "labels": {}, "warehouse": "main", "statementId": "s", "orchestrator": "scheduler",
            "createdAt": "2026-01-01T00:00:00Z", "startedAt": null, "finishedAt": null, "expiresAt": null, "retryOf": null, "error": null,
            "links": {"self": "", "status": "", "file": null, "receipt": null, "events": "", "retry": null}});
        Self::start(Box::new(move |request| match request.path.split('?').next().unwrap() {
            "/api/unload/status/x" => json("200 OK", &status),
            "/api/unload/x/receipt" => json("200 OK", &receipt),
            "/api/unload/x" => json("200 OK", &whole),
            other => match other.strip_prefix("/api/unload/x/files/") {
                Some(index) => file(index.parse().unwrap(), request.range.as_deref()),
                None => panic!("{other}"),
            },
        }))
    }
}

/// The checksum of a text as a receipt has it.
pub(crate) fn sha256(text: &str) -> Value {
    use sha2::{Digest, Sha256};
    let value: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    object!({"algorithm": "sha256", "value": value})
}

/// The same, as S3 keeps one.
pub(crate) fn crc64nvme(text: &str) -> Value {
    object!({"algorithm": "crc64nvme", "value": format!("{:016x}", crc_fast::crc64_nvme(text.as_bytes()))})
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut range = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.to_lowercase().strip_prefix("range: ") {
            range = Some(value.to_owned());
        }
    }
    Some(Request { path, range })
}

/// An answer with its length, and `connection: close`.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A JSON answer.
pub(crate) fn json(status: &str, value: &serde_json::Value) -> Vec<u8> {
    answer(status, "content-type: application/json\r\n", value.to_string().as_bytes())
}
