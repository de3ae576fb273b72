//! For tests: an S3 server in this process, over real HTTP, with faults that can be switched on. Buckets lie in a folder that goes with it.
//!
//! `s3s` speaks the protocol and `s3s-fs` keeps the objects; what the latter lacks and we use (open uploads, versions, the headers that a
//! link overrides) is added in a layer of its own.

mod objects;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures::{StreamExt, TryStreamExt, stream};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::dto::StreamingBlob;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use self::objects::Objects;
use crate::S3Options;

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "AKIDTEST";
/// Another one, of somebody else who uses the same buckets.
pub const OTHER_ACCESS_KEY: &str = "AKIDOTHER";
/// The secret of both.
pub const SECRET_KEY: &str = "secret of a test";

/// A request as it comes in.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `PUT`, …
    pub method: String,
    /// `/bucket/key`, encoded.
    pub path: String,
    /// What stands after `?`.
    pub query: String,
    /// The access key that signed its headers.
    pub access_key: Option<String>,
    /// The region that it is signed for; empty when it is not signed.
    pub region: String,
    /// How S3 is asked to encrypt: the algorithm, and the key after a space if one is named.
    pub encryption: Option<String>,
    /// How many came before it.
    pub number: u64,
}

/// What happens to a request instead of its being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `503 SlowDown`.
    Busy,
    /// `403 AccessDenied`.
    Denied,
    /// `301 PermanentRedirect`, to another region.
    Elsewhere,
    /// `400 ExpiredToken`.
    Expired,
    /// It is refused with a status, S3's name for why, and a sentence.
    Refused(u16, &'static str, &'static str),
    /// The connection is cut.
    Cut,
    /// It is answered, but nobody learns of it: the connection is cut then.
    Lost,
    /// It waits until it is released, and is answered then.
    Held,
    /// It is never answered, and the connection stays.
    Silent,
    /// Its answer stops after the first piece, and the connection stays.
    Stalled,
}

type Rule = Box<dyn Fn(&Call) -> Option<Fault> + Send>;

/// An S3 server.
pub struct S3Server {
    endpoint: String,
    folder: TempDir,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    rule: Mutex<Option<Rule>>,
    calls: AtomicU64,
    seen: Mutex<Vec<Call>>,
    cut: Notify,
    held: Notify,
    read: AtomicU64,
    said: Mutex<HashMap<&'static str, String>>,
    /// By how many seconds its clock is ahead.
    ahead: AtomicI64,
    state: Arc<State>,
}

/// What the layer over the objects keeps.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Open uploads, with their keys.
    pub(crate) uploads: Mutex<HashMap<String, String>>,
    /// Versions in their order, when the bucket has them.
    pub(crate) versions: Mutex<Option<Vec<Version>>>,
    /// Whether objects are given out whole, whatever is asked for.
    pub(crate) ignores_ranges: AtomicBool,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) is_marker: bool,
}

impl S3Server {
    /// Starts a server with one empty bucket.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn start(bucket: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the buckets");
        std::fs::create_dir(folder.path().join(bucket)).expect("a bucket");
        let shared = Arc::new(Shared::default());
        let files = s3s_fs::FileSystem::new(folder.path()).expect("a file system");
        let objects = Objects::new(files, folder.path().to_owned(), Arc::clone(&shared.state));
        let mut builder = S3ServiceBuilder::new(objects);
        let mut known = SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY);
        known.register(OTHER_ACCESS_KEY.into(), SECRET_KEY.into());
        builder.set_auth(known);
        let (service, listener) = (builder.build(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(serve(listener, service, Arc::clone(&shared)));
        Self { endpoint, folder, shared, task }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How to reach it.
    pub fn options(&self) -> S3Options {
        self.options_of(ACCESS_KEY)
    }

    /// How to reach it with that access key.
    pub fn options_of(&self, access_key: &str) -> S3Options {
        let credentials = Credentials::new(access_key, SECRET_KEY, None, None, "test");
        S3Options {
            endpoint: Some(self.endpoint.clone()),
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            ..S3Options::default()
        }
    }

    /// From now on, requests meet what the rule says.
    pub fn fail(&self, rule: impl Fn(&Call) -> Option<Fault> + Send + 'static) {
        *locked(&self.shared.rule) = Some(Box::new(rule));
    }

    /// From now on, all is answered again.
    pub fn mend(&self) {
        *locked(&self.shared.rule) = None;
    }

    /// From now on, a bucket answers that document when it is asked for one of its settings, by the name that stands after `?`:
    /// `lifecycle`, `encryption`, `publicAccessBlock`, …; without it, the call is one that it does not have.
    pub fn says(&self, setting: &'static str, document: impl Into<String>) {
        locked(&self.shared.said).insert(setting, document.into());
    }

    /// From now on, its clock is so many seconds ahead, or behind.
    pub fn set_clock(&self, ahead: i64) {
        self.shared.ahead.store(ahead, Ordering::Relaxed);
    }

    /// Lets one request go on that is held, or the next that will be.
    pub fn release(&self) {
        self.shared.held.notify_one();
    }

    /// Cuts every connection that there is.
    pub fn cut_all(&self) {
        self.shared.cut.notify_waiters();
    }

    /// From now on, whoever asks for a range gets the whole, as from what does not speak S3 well.
    pub fn ignore_ranges(&self) {
        self.shared.state.ignores_ranges.store(true, Ordering::Relaxed);
    }

    /// From now on, objects have versions.
    pub fn keep_versions(&self) {
        *locked(&self.shared.state.versions) = Some(Vec::new());
    }

    /// How many versions and delete markers there are.
    pub fn versions(&self) -> usize {
        locked(&self.shared.state.versions).as_ref().map_or(0, Vec::len)
    }

    /// How many uploads are open.
    pub fn uploads(&self) -> usize {
        locked(&self.shared.state.uploads).len()
    }

    /// How many bytes of objects were read over HTTP.
    pub fn bytes_read(&self) -> u64 {
        self.shared.read.load(Ordering::Relaxed)
    }

    /// What was asked so far.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.shared.seen).clone()
    }

    /// Where the objects of a bucket lie as files.
    pub fn files(&self, bucket: &str) -> PathBuf {
        self.folder.path().join(bucket)
    }
}

impl fmt::Debug for S3Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Server").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, service: S3Service, shared: Arc<Shared>) {
    // Ends with the server: connections are tasks of this set.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection(socket, service.clone(), Arc::clone(&shared)));
    }
}

async fn connection(socket: TcpStream, service: S3Service, shared: Arc<Shared>) {
    let cut = Arc::clone(&shared);
    let answer = service_fn(move |request| {
        let (service, shared) = (service.clone(), Arc::clone(&shared));
        async move { respond(request, &service, &shared).await }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    let served = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), answer);
    tokio::select! {
        _ = served => {}
        () = cut.cut.notified() => {}
    }
}

/// The connection is cut on purpose.
#[derive(Debug)]
struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for CutOff {}

async fn respond(request: Request<Incoming>, service: &S3Service, shared: &Shared) -> Result<Response<s3s::Body>, CutOff> {
    let call = Call {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        access_key: access_key(&request),
        region: region(&request),
        encryption: encryption(&request),
        number: shared.calls.fetch_add(1, Ordering::Relaxed),
    };
    locked(&shared.seen).push(call.clone());
    let fault = locked(&shared.rule).as_ref().and_then(|rule| rule(&call));
    match fault {
        Some(Fault::Busy) => return Ok(refusal(503, "SlowDown", "a fault")),
        Some(Fault::Denied) => return Ok(refusal(403, "AccessDenied", "a fault")),
        Some(Fault::Expired) => return Ok(refusal(400, "ExpiredToken", "a fault")),
        Some(Fault::Elsewhere) => return Ok(refusal(301, "PermanentRedirect", "a fault")),
        Some(Fault::Refused(status, code, message)) => return Ok(refusal(status, code, message)),
        Some(Fault::Cut) => return Err(CutOff),
        Some(Fault::Silent) => return std::future::pending().await,
        Some(Fault::Held) => shared.held.notified().await,
        Some(Fault::Lost | Fault::Stalled) | None => {}
    }
    if call.method == "GET" && call.path.trim_matches('/').find('/').is_none() {
        let name = call.query.split(['=', '&']).next().unwrap_or_default();
        if let Some(document) = locked(&shared.said).get(name) {
            return Ok(document_of(document.clone()));
        }
    }
    let mut answer = service.call(request.map(s3s::Body::from)).await.map_err(|_| CutOff)?;
    let ahead = shared.ahead.load(Ordering::Relaxed);
    if ahead != 0 {
        let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()) + chrono::TimeDelta::seconds(ahead);
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        answer.headers_mut().insert("date", date.parse().expect("a date is a header"));
    }
    if fault == Some(Fault::Lost) {
        return Err(CutOff);
    }
    if fault == Some(Fault::Stalled) {
        return Ok(answer.map(|body| StreamingBlob::wrap(body.take(1).map_err(|_| CutOff).chain(stream::pending())).into()));
    }
    let is_object = call.method == "GET" && call.path.trim_matches('/').contains('/');
    if is_object && answer.status().is_success() {
        let length = answer.headers().get("content-length").and_then(|length| length.to_str().ok());
        shared.read.fetch_add(length.and_then(|length| length.parse().ok()).unwrap_or_default(), Ordering::Relaxed);
    }
    Ok(answer)
}

fn access_key(request: &Request<Incoming>) -> Option<String> {
    let header = request.headers().get("authorization")?.to_str().ok()?;
    Some(header.split_once("Credential=")?.1.split_once('/')?.0.to_owned())
}

/// `Credential=<key>/<day>/<region>/s3/aws4_request`
fn region(request: &Request<Incoming>) -> String {
    let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = signed.split_once("Credential=").map(|(_, scope)| scope).unwrap_or_default();
    scope.split('/').nth(2).unwrap_or_default().to_owned()
}

fn document_of(text: String) -> Response<s3s::Body> {
    let response = Response::builder().status(200).header("content-type", "application/xml");
    response.body(s3s::Body::from(text)).expect("the answer is well-formed")
}

fn encryption(request: &Request<Incoming>) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let algorithm = header("x-amz-server-side-encryption")?;
    let key = header("x-amz-server-side-encryption-aws-kms-key-id").map(|key| format!(" {key}")).unwrap_or_default();
    Some(format!("{algorithm}{key}"))
}

fn refusal(status: u16, code: &str, message: &str) -> Response<s3s::Body> {
    let text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let response = Response::builder().status(status).header("content-type", "application/xml");
    let response = if code == "PermanentRedirect" { response.header("x-amz-bucket-region", "eu-west-3") } else { response };
    response.body(s3s::Body::from(text)).expect("the answer is well-formed")
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
