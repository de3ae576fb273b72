//! What the tests stand on: an engine with its parts, and ways to wait for what must come.

pub(crate) mod flaky;
pub(crate) mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use outflow_core::address::PublicUrl;
use outflow_core::event::OutboxEntry;
use outflow_core::guard::Guard;
use outflow_core::options::Requested;
use outflow_core::parameter::Parameters;
use outflow_core::retry::RetryPolicy;
use outflow_core::statement::StatementSettings;
use outflow_core::store::Store;
use outflow_core::submission::Submission;
use outflow_core::{Owner, RequestId, Status, Timestamp, Unload};
use outflow_engine::{Clock, Engine, Parts, Settings, SystemClock, WarehouseEntry};
use outflow_storage::{LinkKeys, S3Options, Storage, StorageOptions};
use scripted::Scripted;
use tempfile::TempDir;

/// The machine's clock, moved forward by as much as a test wants.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + chrono::TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A folder with a state table, a storage and a warehouse that outlive the engines of a test.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) warehouse: Arc<Scripted>,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) settings: Settings,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
        let store = outflow_store::connect(&url, &outflow_store::Options::default()).await.unwrap();
        let locator = format!("file:{}", folder.path().join("files").display());
        let options = StorageOptions {
            public_url: PublicUrl::parse("http://127.0.0.1:8080").unwrap(),
            link_keys: LinkKeys::random(),
            s3: S3Options::default(),
        };
        let storage = Arc::new(Storage::open(&locator, options).await.unwrap());
        let warehouse = Arc::new(Scripted::new(storage.object_store()));
        let settings = Settings {
            retry: RetryPolicy { max_attempts: 3, first_delay: Duration::from_millis(20), max_delay: Duration::from_millis(50) },
            lease: Duration::from_millis(1_500),
            reconcile_every: Duration::from_millis(100),
            sweep_every: Duration::from_millis(50),
            cancel_grace: Duration::from_millis(300),
            answer_within: Duration::from_secs(10),
            ..Settings::default()
        };
        Self { folder, store, storage, warehouse, clock: Arc::default(), settings }
    }

    /// An engine over these parts; each call is a new worker.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.engine_on(Arc::clone(&self.store))
    }

    /// An engine on another state table, the same underneath.
    pub(crate) fn engine_on(&self, store: Arc<dyn Store>) -> Arc<Engine> {
        self.engine_of(store, Arc::clone(&self.warehouse))
    }

    /// An engine with a warehouse of its own.
    pub(crate) fn engine_of(&self, store: Arc<dyn Store>, warehouse: Arc<Scripted>) -> Arc<Engine> {
        self.engine_named("main", store, warehouse)
    }

    /// An engine whose warehouse has another name.
    pub(crate) fn engine_named(&self, name: &str, store: Arc<dyn Store>, warehouse: Arc<Scripted>) -> Arc<Engine> {
        let entry = WarehouseEntry {
            name: name.to_owned(),
            warehouse,
            guard: Guard::embedded(),
            max_running: 4,
            statement_settings: StatementSettings::default(),
        };
        let parts =
            Parts { store, storage: Arc::clone(&self.storage), warehouses: vec![entry], clock: Arc::clone(&self.clock) as _ };
        Engine::new(parts, self.settings.clone()).unwrap()
    }

    pub(crate) async fn find(&self, request_id: &str) -> Unload {
        let request_id = RequestId::parse(request_id).unwrap();
        self.store.unload(&Owner::local(), &request_id).await.unwrap().unwrap()
    }

    /// The unload once `is_so` holds of it.
    pub(crate) async fn until(&self, request_id: &str, is_so: impl Fn(&Unload) -> bool) -> Unload {
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                let unload = self.find(request_id).await;
                if is_so(&unload) {
                    return unload;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        match waited.await {
            Ok(unload) => unload,
            Err(_) => panic!("`{request_id}` never came to it: {:?}", self.find(request_id).await),
        }
    }

    pub(crate) async fn until_terminal(&self, request_id: &str) -> Unload {
        self.until(request_id, |unload| unload.status().is_terminal()).await
    }

    /// What is to be announced, as a relay would get it.
    pub(crate) async fn announced(&self) -> Vec<OutboxEntry> {
        self.store.outbox_claim(1_000, Duration::ZERO).await.unwrap()
    }

    /// All objects under the results, by name.
    pub(crate) fn files(&self) -> Vec<String> {
        fn walk(folder: &std::path::Path, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, names) } else { names.push(path.display().to_string()) }
            }
        }
        let mut names = Vec::new();
        walk(&self.folder.path().join("files/unload-results"), &mut names);
        names.sort();
        names
    }

    /// The bytes of the only file of a `DONE` unload.
    pub(crate) async fn delivered(&self, unload: &Unload) -> Vec<u8> {
        let receipt = self.store.receipt(unload.unload_id()).await.unwrap().unwrap();
        let [file] = &receipt.files[..] else { panic!("not one file: {receipt:?}") };
        let path = self.files().into_iter().find(|path| path.ends_with(&format!("/{}", file.name))).unwrap();
        std::fs::read(path).unwrap()
    }
}

/// Waits until `is_so` holds.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "it never came to this: {what}");
}

/// A request for three rows as uncompressed CSV, under that name.
pub(crate) fn submission(request_id: &str) -> Submission {
    Submission {
        request_id: Some(RequestId::parse(request_id).unwrap()),
        sql: "SELECT n FROM numbers".to_owned(),
        parameters: Parameters::default(),
        warehouse: None,
        requested: Requested { compression: Some(outflow_core::options::Compression::None), ..Requested::default() },
        labels: std::collections::BTreeMap::new(),
        request: serde_json::json!({ "sql": "SELECT n FROM numbers" }),
        retry_of: None,
    }
}

pub(crate) async fn submit(engine: &Engine, submission: Submission) -> Unload {
    engine.submit(Owner::local(), submission).await.unwrap().unload().clone()
}

/// The code of a failed unload.
pub(crate) fn code(unload: &Unload) -> &'static str {
    assert_eq!(unload.status(), Status::Failed, "{unload:?}");
    unload.state.failure().unwrap().code.as_str()
}
