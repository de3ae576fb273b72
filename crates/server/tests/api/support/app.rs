//! A whole service: store, storage, warehouse, bus and orchestrator behind a real listener.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use outflow_core::address::PublicUrl;
use outflow_core::guard::Guard;
use outflow_core::retry::RetryPolicy;
use outflow_core::statement::StatementSettings;
use outflow_core::unload::Orchestrator;
use outflow_core::{Result, Status};
use outflow_engine::{Engine, Parts, Settings, WarehouseEntry};
use outflow_events::{Listener, Relay, Topics};
use outflow_server::{Limits, Server, ServerSettings};
use outflow_store::testing::{TestBackend, TestDatabase};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Answer;
use super::bus::{Bus, TestBus};
use super::clock::TestClock;
use super::gate::{Gate, Gated};
use super::storage::TestStorage;
use super::warehouse::TestWarehouse;
use super::{PATIENCE, log};

/// The group in which the service hears hints.
const GROUP: &str = "unload-notifier";

/// What a service is made of; the same tests can run on others.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) store: TestBackend,
    pub(crate) warehouse: TestWarehouse,
    pub(crate) storage: TestStorage,
    pub(crate) bus: TestBus,
    pub(crate) orchestrator: Orchestrator,
    /// Files of tables that the warehouse has beside its own.
    pub(crate) tables: Vec<(&'static str, Vec<u8>)>,
    /// Where callers reach it; as it listens, when it is absent.
    pub(crate) public_url: Option<&'static str>,
    pub(crate) max_running: u32,
    pub(crate) limits: Limits,
}

impl Default for Setup {
    /// Everything embedded; on PostgreSQL where the environment has `OUTFLOW_TEST_SETUP=postgres`.
    fn default() -> Self {
        let is_on_postgres = std::env::var("OUTFLOW_TEST_SETUP").is_ok_and(|setup| setup == "postgres");
        Self {
            store: if is_on_postgres { TestBackend::Postgres } else { TestBackend::Sqlite },
            warehouse: TestWarehouse::Embedded,
            storage: TestStorage::Folder,
            bus: TestBus::Memory,
            orchestrator: Orchestrator::Scheduler,
            tables: Vec::new(),
            public_url: None,
            max_running: 4,
            limits: Limits { shutdown_grace: Duration::from_secs(20), ..Limits::default() },
        }
    }
}

/// What outlives a service: its state table and its folder.
#[derive(Debug)]
pub(crate) struct Ground {
    setup: Setup,
    database: TestDatabase,
    folder: TempDir,
    pub(crate) clock: Arc<TestClock>,
}

/// A running service.
#[derive(Debug)]
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) engine: Arc<Engine>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) gate: Gate,
    pub(crate) client: reqwest::Client,
    pub(crate) shutdown: CancellationToken,
    pub(crate) ground: Ground,
    serving: JoinHandle<Result<()>>,
    /// Relay and listener.
    events: TaskTracker,
    events_stopping: CancellationToken,
}

impl TestApp {
    /// A service of the default kind.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await.expect("the default store is there")
    }

    /// A service of that kind; `None` where its store is not to be had here, which has been said then.
    pub(crate) async fn with(setup: Setup) -> Option<Self> {
        let database = setup.store.database().await?;
        Some(Ground { setup, database, folder: tempfile::tempdir().unwrap(), clock: Arc::default() }.start().await)
    }

    /// A service with these limits.
    pub(crate) async fn limited(limits: Limits) -> Self {
        Self::with(Setup { limits, ..Setup::default() }).await.expect("the default store is there")
    }

    /// Ends it in order, and gives what it stood on.
    pub(crate) async fn stop(self) -> Ground {
        self.shutdown.cancel();
        let stopped = async { tokio::join!(self.serving, self.engine.stop()) };
        let (served, ()) = tokio::time::timeout(PATIENCE, stopped).await.expect("it ends in time");
        served.unwrap().unwrap();
        self.events_stopping.cancel();
        tokio::time::timeout(PATIENCE, self.events.wait()).await.expect("relay and listener end in time");
        self.ground
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn head(&self, path: &str) -> Answer {
        self.send(self.client.head(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.post(format!("{}{path}", self.url)).json(body)).await
    }

    pub(crate) async fn post_nothing(&self, path: &str) -> Answer {
        self.send(self.client.post(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.client.delete(format!("{}{path}", self.url))).await
    }

    /// Sends a request and holds its answer against the contract.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let answered = async { Answer::read(self.client.execute(request).await.expect("the service answers")).await };
        let answer = tokio::time::timeout(2 * PATIENCE, answered).await.expect("the answer comes, and ends, in time");
        answer.check(&method, &path);
        answer
    }

    /// Submits a request that must be accepted.
    pub(crate) async fn submit(&self, body: Value) -> Answer {
        let answer = self.post("/api/unload", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer
    }

    /// Submits a query under a name, and waits until it is `DONE`.
    pub(crate) async fn done(&self, id: &str, sql: &str) -> Value {
        self.submit(json!({"requestId": id, "sql": sql})).await;
        let unload = self.ended(id).await;
        assert_eq!(unload["status"], "DONE", "{unload}");
        unload
    }

    /// The unload once it has ended.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        self.until(id, |status| !["PENDING", "RUNNING"].contains(&status["status"].as_str().unwrap())).await;
        self.get(&format!("/api/unload/{id}")).await.json()
    }

    /// Waits until the unload executes: until its statement is known to run.
    pub(crate) async fn executing(&self, id: &str) {
        self.until(id, |status| status["phase"] == "EXECUTING").await;
    }

    /// The first status of which that holds.
    pub(crate) async fn until(&self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut version = -1;
        tokio::time::timeout(PATIENCE, async {
            loop {
                let status = self.get(&format!("/api/unload/status/{id}?wait=30&version={version}")).await.json();
                if holds(&status) {
                    return status;
                }
                version = status["version"].as_i64().unwrap();
                let is_over = Status::parse(status["status"].as_str().unwrap()).unwrap().is_terminal();
                assert!(!is_over, "it ended otherwise: {status}");
            }
        })
        .await
        .expect("it comes to that in time")
    }
}

impl Ground {
    /// Starts a service on it.
    pub(crate) async fn start(self) -> TestApp {
        log();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let public_url = PublicUrl::parse(self.setup.public_url.unwrap_or(&url)).unwrap();
        let storage = self.setup.storage.open(self.folder.path(), &public_url).await;
        let gate = Gate::default();
        let warehouse = self.setup.warehouse.open(self.folder.path(), &storage, &self.setup.tables);
        let warehouse = Gated::new(warehouse, gate.clone());
        let parts = Parts {
            store: self.database.store().await,
            storage: Arc::new(storage),
            warehouses: vec![WarehouseEntry {
                name: "main".to_owned(),
                warehouse: Arc::new(warehouse),
                guard: Guard::embedded(),
                max_running: self.setup.max_running,
                statement_settings: StatementSettings::default(),
            }],
            clock: Arc::clone(&self.clock) as _,
        };
        let retry = RetryPolicy { first_delay: Duration::from_millis(10), ..RetryPolicy::default() };
        // A gate may keep the engine waiting for as long as a test takes.
        let answer_within = 4 * PATIENCE;
        let settings = Settings { orchestrator: self.setup.orchestrator, retry, answer_within, ..Settings::default() };
        let engine = Engine::new(parts, settings).unwrap();
        engine.start();
        let bus = self.setup.bus.open();
        let (events, events_stopping) = (TaskTracker::new(), CancellationToken::new());
        let relay = Relay {
            store: Arc::clone(engine.store()),
            bus: Arc::clone(&bus) as _,
            topics: Topics::default(),
            public_url: public_url.clone(),
            rests: outflow_events::Rests::default(),
        };
        events.spawn(relay.run(events_stopping.clone()));
        let hinted = Arc::clone(&engine);
        let listener_of_hints = Listener {
            store: Arc::clone(engine.store()),
            bus: Arc::clone(&bus) as _,
            consumer: GROUP.to_owned(),
            on_hint: Arc::new(move |unload_id| hinted.hint(unload_id)),
        };
        events.spawn(listener_of_hints.run(bus.subscribe("unload-landed", GROUP), events_stopping.clone()));
        events.close();
        let settings = ServerSettings { limits: self.setup.limits, ..ServerSettings::new(public_url, Arc::clone(&bus) as _) };
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(Server::new(Arc::clone(&engine), settings).serve(listener, shutdown.clone()));
        let client = client().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        TestApp { url, engine, bus, gate, client, shutdown, ground: self, serving, events, events_stopping }
    }

    /// Takes its storage away.
    pub(crate) fn lose_storage(&self) {
        self.setup.storage.vanish(self.folder.path());
    }
}

/// What makes a client of this test's own.
pub(crate) fn client() -> reqwest::ClientBuilder {
    // The second test of the process finds one installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

impl TestApp {
    /// Follows a link that the service gave.
    pub(crate) async fn download(&self, link: &str) -> Answer {
        self.send(self.client.get(link)).await
    }

    /// The bytes behind a link.
    pub(crate) async fn bytes_of(&self, link: &str) -> Vec<u8> {
        let answer = self.download(link).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The text behind a link to a gzip file.
    pub(crate) async fn text_of(&self, link: &str) -> String {
        let (bytes, mut text) = (self.bytes_of(link).await, String::new());
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        text
    }
}
