//! Between the service and what it calls: every call is handed on as it is, and counted with its bytes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

type Body = BoxBody<Bytes, hyper::Error>;

/// A call that was made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// When it came.
    pub(crate) at: Instant,
    /// The operation of an API that names it in a header, else the method.
    pub(crate) operation: String,
    /// The path, encoded.
    pub(crate) path: String,
    /// What stands after `?`.
    pub(crate) query: String,
    /// Whether S3 is asked to copy.
    pub(crate) is_copy: bool,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    status: Arc<AtomicU64>,
}

impl Call {
    fn of(request: &Request<Incoming>) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let operation = header("x-amz-target").map_or(request.method().as_str(), |name| name.rsplit('.').next().unwrap_or(name));
        Self {
            at: Instant::now(),
            operation: operation.to_owned(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            is_copy: header("x-amz-copy-source").is_some(),
            sent: Arc::default(),
            received: Arc::default(),
            status: Arc::default(),
        }
    }

    /// Bytes of the request's body so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes of the answer's body so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Whether it was answered with an error.
    pub(crate) fn is_refused(&self) -> bool {
        self.status.load(Ordering::Relaxed) >= 400
    }
}

/// A proxy for one server.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Where it listens, as an address of HTTP.
    pub(crate) endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy for the server at that address of HTTP. What `is_refused` holds of is answered `403`, and never gets there.
    pub(crate) async fn start(upstream: &str, is_refused: fn(&Call) -> bool) -> Result<Self> {
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let seen = Arc::clone(&calls);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(connection(socket, upstream.clone(), Arc::clone(&seen), is_refused));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { endpoint, calls, task })
    }

    /// All calls so far, in the order of their coming.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection of a caller's, and one of ours behind it.
async fn connection(socket: TcpStream, upstream: String, calls: Arc<Mutex<Vec<Call>>>, is_refused: fn(&Call) -> bool) {
    let opened = async {
        let behind = TcpStream::connect(upstream).await?;
        // Small requests are not held back.
        behind.set_nodelay(true)?;
        socket.set_nodelay(true)?;
        let (sender, connection) = client::handshake::<_, Body>(TokioIo::new(behind)).await?;
        tokio::spawn(connection);
        anyhow::Ok(sender)
    };
    let Ok(sender) = opened.await else { return };
    let sender = Arc::new(tokio::sync::Mutex::new(sender));
    let answer = service_fn(move |request: Request<Incoming>| {
        let (sender, calls) = (Arc::clone(&sender), Arc::clone(&calls));
        async move {
            let call = Call::of(&request);
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
            if is_refused(&call) {
                call.status.store(403, Ordering::Relaxed);
                return Ok(refusal());
            }
            let request = request.map(|body| counted(body, call.sent));
            let mut sender = sender.lock().await;
            sender.ready().await?;
            let answer = sender.send_request(request).await?;
            call.status.store(u64::from(answer.status().as_u16()), Ordering::Relaxed);
            Ok::<_, hyper::Error>(answer.map(|body| counted(body, call.received)))
        }
    });
    // Whoever is cut off tries again.
    let _ = server::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), answer).await;
}

fn counted(body: Incoming, count: Arc<AtomicU64>) -> Body {
    let count_frame = move |frame: hyper::body::Frame<Bytes>| {
        count.fetch_add(frame.data_ref().map_or(0, |data| data.len() as u64), Ordering::Relaxed);
        frame
    };
    body.map_frame(count_frame).boxed()
}

fn refusal() -> Response<Body> {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>Not now</Message></Error>";
    let mut response = Response::new(Full::from(text).map_err(|never| match never {}).boxed());
    *response.status_mut() = hyper::StatusCode::FORBIDDEN;
    response
}
