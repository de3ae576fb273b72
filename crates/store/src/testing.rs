//! What tests of this crate, and of those above it, need of a store: a fresh database of either kind, and unloads in it.
//!
//! PostgreSQL comes from `TEST_POSTGRES_URL`, or from its own `initdb` where that is installed. Where it is neither, whoever asks is
//! told so on standard error and skips; with `CI=true` that is an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use outflow_core::id::from_micros;
use outflow_core::options::UnloadOptions;
use outflow_core::receipt::{Checksum, ChecksumAlgorithm, Receipt, ReceiptFile};
use outflow_core::state::Event;
use outflow_core::store::{Claim, ClaimRequest, Created, Outcome, Store};
use outflow_core::unload::{Change, Delivery, NewUnload, Orchestrator};
use outflow_core::{Owner, RequestId, StatementId, Timestamp, Unload, UnloadId, WorkerId};

use crate::Options;

mod postgres;

pub use postgres::PostgresServer;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestBackend {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own on the test server.
    Postgres,
}

/// A database that only one test uses, gone when the value is.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    guard: Guard,
}

#[derive(Debug)]
enum Guard {
    Folder(tempfile::TempDir),
    Database(#[expect(dead_code, reason = "drops the database")] postgres::OwnDatabase),
}

impl TestBackend {
    /// A fresh database; `None` where PostgreSQL is not to be had, which has been said then.
    pub async fn database(self) -> Option<TestDatabase> {
        match self {
            Self::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
                Some(TestDatabase { url, guard: Guard::Folder(folder) })
            }
            Self::Postgres => {
                let database = PostgresServer::shared().await?.create_database().await;
                Some(TestDatabase { url: database.url().to_owned(), guard: Guard::Database(database) })
            }
        }
    }
}

impl TestDatabase {
    /// Its locator, for [`crate::connect`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of a SQLite file.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.guard {
            Guard::Folder(folder) => Some(folder.path()),
            Guard::Database(_) => None,
        }
    }

    /// A store on it.
    pub async fn store(&self) -> Arc<dyn Store> {
        crate::connect(&self.url, &Options::default()).await.expect("a fresh database can be opened")
    }
}

/// This moment, as precise as the store keeps it.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    from_micros(i64::try_from(since.as_micros()).expect("it is before the year 200000"))
}

/// The `requestId` of that name.
pub fn request_id(name: &str) -> RequestId {
    RequestId::parse(name).expect("a test's requestId is legal")
}

/// A request of the local owner for the warehouse `main`, accepted now, an hour to go.
pub fn new_unload(name: &str) -> NewUnload {
    let created_at = now();
    NewUnload {
        unload_id: UnloadId::generate(),
        request_id: request_id(name),
        owner: Owner::local(),
        sql: "select 1".to_owned(),
        bound_sql: "select 1".to_owned(),
        is_ordered: false,
        is_limited: false,
        request: serde_json::json!({ "sql": "select 1" }),
        options: UnloadOptions::default(),
        labels: BTreeMap::new(),
        warehouse: "main".to_owned(),
        orchestrator: Orchestrator::Scheduler,
        created_at,
        deadline_at: from_micros(created_at.timestamp_micros() + 3_600_000_000),
        retry_of: None,
    }
}

/// Accepts a request that must be new.
pub async fn accept(store: &dyn Store, asked: NewUnload) -> Unload {
    match store.create_unload(asked).await.expect("the store takes a request") {
        Created::New(unload) => unload,
        other => panic!("the request was known before: {other:?}"),
    }
}

/// A claim for the warehouse `main` by a worker of its own, with room for everything and a lease of a minute.
pub fn claim_request() -> ClaimRequest {
    ClaimRequest {
        worker: WorkerId::generate(),
        warehouse: "main".to_owned(),
        max_running: 1_000_000,
        limit: 1_000_000,
        lease: Duration::from_secs(60),
    }
}

/// Claims all there is to do in `main` and gives the claim of that unload.
pub async fn claim(store: &dyn Store, unload_id: UnloadId) -> Claim {
    let claims = store.claim(&claim_request()).await.expect("the store gives claims");
    claims.into_iter().find(|claim| claim.unload.unload_id() == unload_id).expect("the unload was there to be claimed")
}

/// Records an event of a claimed unload, which must be possible.
pub async fn record(store: &dyn Store, claim: &Claim, unload: &Unload, event: Event) -> Unload {
    let result = matches!(event, Event::Finalized).then(|| delivery(unload, 10, 345));
    let change = Change { event, at: now(), result };
    match store.transition(unload.unload_id(), unload.version, Some(claim.fence), change).await.expect("the store answers") {
        Outcome::Updated(unload) => unload,
        other => panic!("the event was not recorded: {other:?}"),
    }
}

/// Takes a claimed unload, which has just begun, to `DONE`.
pub async fn finish(store: &dyn Store, claim: &Claim) -> Unload {
    let statement_id = StatementId::new(format!("statement-{}", claim.unload.unload_id()));
    let unload = record(store, claim, &claim.unload, Event::Submitted { statement_id }).await;
    let unload = record(store, claim, &unload, Event::Finished { rows: Some(10) }).await;
    record(store, claim, &unload, Event::Finalized).await
}

/// A verified result of one file.
pub fn delivery(unload: &Unload, rows: u64, bytes: u64) -> Delivery {
    let asked = &unload.asked;
    let checksum = Checksum { algorithm: ChecksumAlgorithm::Sha256, value: "00".repeat(32) };
    let file = ReceiptFile {
        index: 0,
        name: "output000.csv.gz".to_owned(),
        bytes,
        rows: Some(rows),
        checksum,
        content_type: "application/gzip".to_owned(),
    };
    let receipt = Receipt {
        version: 1,
        request_id: asked.request_id.clone(),
        unload_id: asked.unload_id,
        owner: asked.owner.clone(),
        attempt: unload.state.attempt(),
        warehouse: asked.warehouse.clone(),
        statement_id: unload.statement_id.clone().unwrap_or_else(|| StatementId::new("none")),
        sql_sha256: "00".repeat(32),
        options: asked.options.clone(),
        schema: Vec::new(),
        files: vec![file],
        row_count: rows,
        byte_count: bytes,
        created_at: asked.created_at,
        verified_at: now(),
    };
    Delivery { receipt, file_url: format!("file:///results/{}/output000.csv.gz", asked.request_id) }
}
