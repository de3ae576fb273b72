//! A service that does as it is told, for what the real one does not do on demand: break off, lie, or not be one.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

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
