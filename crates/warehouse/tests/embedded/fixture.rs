//! A warehouse that writes into a folder of its own, and what a test does with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use outflow_core::manifest::Manifest;
use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{AttemptToken, Error, StatementId, UnloadId};
use outflow_warehouse::embedded::{Embedded, EmbeddedConfig};
use tempfile::TempDir;

/// Longer than anything takes on a slow machine.
pub(crate) const LONG: Duration = Duration::from_secs(180);

pub(crate) struct Fixture {
    pub(crate) warehouse: Embedded,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) folder: TempDir,
    next: AtomicU32,
}

/// What an unload left.
#[derive(Debug)]
pub(crate) struct Unloaded {
    pub(crate) rows: u64,
    pub(crate) manifest: Option<Manifest>,
    /// The files that the manifest names, their keys and their bytes, in its order.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// All that lies at the destination.
    pub(crate) keys: Vec<String>,
}

impl Fixture {
    /// Over the sample tables, which are made once for all tests.
    pub(crate) fn sample() -> Self {
        Self::with(None, 0.01, None)
    }

    /// Over the tables of a folder.
    pub(crate) fn tables(folder: &Path) -> Self {
        Self::with(Some(folder.to_owned()), 0.01, None)
    }

    /// Writing to that store instead of a folder.
    pub(crate) fn writing_to(store: Arc<dyn ObjectStore>) -> Self {
        Self::with(None, 0.01, Some(store))
    }

    /// With four slices, as the cluster of AWS's examples has, and its bucket `mybucket`.
    pub(crate) fn of_aws(tables: Option<&Path>) -> Self {
        Self::with_slices(tables.map(Path::to_owned), 0.01, None, 4)
    }

    pub(crate) fn with(tables: Option<PathBuf>, sample_scale: f64, store: Option<Arc<dyn ObjectStore>>) -> Self {
        Self::with_slices(tables, sample_scale, store, EmbeddedConfig::default().slices)
    }

    pub(crate) fn with_slices(
        tables: Option<PathBuf>,
        sample_scale: f64,
        store: Option<Arc<dyn ObjectStore>>,
        slices: usize,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = || Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap()) as Arc<dyn ObjectStore>;
        let store = store.unwrap_or_else(local);
        let warehouse = Embedded::new(EmbeddedConfig {
            tables,
            sample_scale,
            sample_dir: sample_dir(),
            buckets: ["local", "mybucket"].map(|bucket| (bucket.to_owned(), Arc::clone(&store))).into(),
            slices,
            ..EmbeddedConfig::default()
        });
        Self { warehouse: warehouse.unwrap(), store, folder, next: AtomicU32::new(0) }
    }

    /// A statement with a destination of its own: CSV with a header, not compressed, one file.
    pub(crate) fn statement(&self, query: &str) -> UnloadStatement {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        UnloadStatement {
            format: Format::Csv,
            header: true,
            parallel: false,
            ..UnloadStatement::plain(query, format!("s3://local/unload-results/test/{number}/output"))
        }
    }

    /// The same in another format.
    pub(crate) fn statement_as(&self, query: &str, format: Format, compression: Compression, parallel: bool) -> UnloadStatement {
        UnloadStatement { format, compression, parallel, header: format == Format::Csv, ..self.statement(query) }
    }

    pub(crate) async fn start(&self, statement: &UnloadStatement) -> StatementId {
        self.warehouse.start(statement, &AttemptToken::new(UnloadId::generate(), 1)).await.unwrap()
    }

    pub(crate) async fn start_text(&self, sql: &str) -> StatementId {
        self.warehouse.start_text(sql.to_owned(), &AttemptToken::new(UnloadId::generate(), 1)).await.unwrap()
    }

    /// Runs a statement's text, which must succeed; gives its rows.
    pub(crate) async fn run(&self, sql: &str) -> u64 {
        match self.ended(&self.start_text(sql).await).await {
            Progress::Finished { rows } => rows.unwrap(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Runs a statement's text, which must fail.
    pub(crate) async fn refusal(&self, sql: &str) -> Error {
        match self.ended(&self.start_text(sql).await).await {
            Progress::Failed(error) => error,
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// All keys in the store.
    pub(crate) async fn listed(&self) -> Vec<String> {
        let objects: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut keys: Vec<String> = objects.into_iter().map(|object| object.location.to_string()).collect();
        keys.sort();
        keys
    }

    /// An object as text.
    pub(crate) async fn text(&self, key: &str) -> String {
        String::from_utf8(self.read(key).await).unwrap()
    }

    /// Waits until a statement has ended.
    pub(crate) async fn ended(&self, statement_id: &StatementId) -> Progress {
        let begun = Instant::now();
        loop {
            let progress = self.warehouse.poll(statement_id, Duration::from_secs(30)).await.unwrap();
            if progress.is_over() {
                return progress;
            }
            assert!(begun.elapsed() < LONG, "the statement never ended");
        }
    }

    /// Runs a statement that must succeed.
    pub(crate) async fn unload(&self, statement: &UnloadStatement) -> Unloaded {
        let statement_id = self.start(statement).await;
        match self.ended(&statement_id).await {
            Progress::Finished { rows } => self.collect(statement, rows.unwrap()).await,
            other => panic!("{}: {other:?}", statement.query),
        }
    }

    /// Runs a statement that must succeed, and removes what it left; gives the bytes of its files.
    pub(crate) async fn unload_and_forget(&self, statement: &UnloadStatement) -> u64 {
        let statement_id = self.start(statement).await;
        let progress = self.ended(&statement_id).await;
        assert!(matches!(progress, Progress::Finished { .. }), "{}: {progress:?}", statement.query);
        let mut bytes = 0;
        for key in self.keys(statement).await {
            bytes += self.store.head(&key.as_str().into()).await.unwrap().size;
            self.store.delete(&key.as_str().into()).await.unwrap();
        }
        bytes
    }

    /// Runs a query that must succeed, as CSV, and gives the text of its one file.
    pub(crate) async fn csv(&self, query: &str) -> String {
        let unloaded = self.unload(&self.statement(query)).await;
        assert_eq!(unloaded.files.len(), 1);
        String::from_utf8(unloaded.files.into_iter().next().unwrap().1).unwrap()
    }

    /// Runs a statement that must fail.
    pub(crate) async fn failure(&self, statement: &UnloadStatement) -> Error {
        let statement_id = self.start(statement).await;
        match self.ended(&statement_id).await {
            Progress::Failed(error) => error,
            other => panic!("{}: {other:?}", statement.query),
        }
    }

    /// Runs a query that must fail.
    pub(crate) async fn error(&self, query: &str) -> Error {
        self.failure(&self.statement(query)).await
    }

    /// The keys at a statement's destination.
    pub(crate) async fn keys(&self, statement: &UnloadStatement) -> Vec<String> {
        let prefix = statement.destination.strip_prefix("s3://local/").unwrap();
        let folder = prefix.rsplit_once('/').unwrap().0;
        let objects: Vec<_> = self.store.list(Some(&folder.into())).try_collect().await.unwrap();
        let mut keys: Vec<String> = objects.into_iter().map(|object| object.location.to_string()).collect();
        keys.sort();
        keys
    }

    async fn collect(&self, statement: &UnloadStatement, rows: u64) -> Unloaded {
        let prefix = statement.destination.strip_prefix("s3://local/").unwrap();
        let keys = self.keys(statement).await;
        let slash = if statement.partition_by.is_empty() { "" } else { "/" };
        let manifest_key = format!("{prefix}{slash}manifest");
        if !keys.contains(&manifest_key) {
            return Unloaded { rows, manifest: None, files: Vec::new(), keys };
        }
        let manifest = Manifest::parse(&self.read(&manifest_key).await).unwrap();
        let mut files = Vec::new();
        for entry in &manifest.entries {
            let key = entry.url.strip_prefix("s3://local/").unwrap().to_owned();
            assert!(key.starts_with(prefix), "{key}");
            let bytes = self.read(&key).await;
            assert_eq!(bytes.len() as u64, entry.meta.unwrap().content_length, "{key}");
            files.push((key, bytes));
        }
        let sum = |value: fn(&outflow_core::manifest::Meta) -> u64| {
            manifest.entries.iter().map(|entry| value(&entry.meta.unwrap())).sum::<u64>()
        };
        let meta = manifest.meta.unwrap();
        assert_eq!((meta.content_length, meta.record_count), (sum(|meta| meta.content_length), sum(|meta| meta.record_count)));
        let headers = if statement.header { files.len() as u64 } else { 0 };
        assert_eq!(meta.record_count, rows + headers);
        assert_eq!(keys.len(), files.len() + 1, "something lies beside the files: {keys:?}");
        Unloaded { rows, manifest: Some(manifest), files, keys }
    }

    pub(crate) async fn read(&self, key: &str) -> Vec<u8> {
        self.store.get(&object_store::path::Path::parse(key).unwrap()).await.unwrap().bytes().await.unwrap().to_vec()
    }
}

/// Where the sample tables of all tests are.
pub(crate) fn sample_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sample")
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LONG, "never: {what}");
        tokio::task::yield_now().await;
    }
}
