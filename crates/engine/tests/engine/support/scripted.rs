//! A warehouse in this process that really writes files and a manifest, and does wrong what a test tells it to.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use outflow_core::manifest::{Element, Entry, Manifest, Meta, Schema};
use outflow_core::schema::{Column, Table};
use outflow_core::statement::UnloadStatement;
use outflow_core::unload::Amount;
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};
use tokio::sync::watch;

/// What goes wrong, once, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The submit is answered with an error, and nothing runs.
    SubmitLostBefore,
    /// The submit is answered with an error, and the statement runs.
    SubmitLostAfter,
    /// The statement fails, and may be tried again.
    FailsForNow,
    /// The statement fails for good, with a part of its files written.
    FailsForGood,
    /// The statement never ends by itself.
    Hangs,
    /// A file is shorter than the manifest says.
    ShortFile,
    /// A file is missing.
    MissingFile,
    /// The manifest's rows are not what the statement says.
    WrongRows,
    /// There is no manifest.
    NoManifest,
    /// The statement writes nothing, as of zero rows.
    ZeroRows,
    /// The statement writes nothing but a manifest without entries.
    EmptyManifest,
    /// The statement of zero rows writes a file without a byte.
    EmptyFile,
    /// One of two slices has no rows, and its file no byte.
    EmptySlice,
    /// The manifest names nothing, and there are files; nobody says how many rows.
    ForgetfulManifest,
    /// The statement says zero rows, and there are files.
    FalseZero,
    /// Two files where one was asked for.
    TwoFiles,
    /// The submit is refused, since there is too much to do.
    SubmitThrottled,
    /// The submit is never answered, and nothing runs.
    SubmitHangs,
    /// Whoever asks how the statement stands panics.
    Panics,
}

#[derive(Debug)]
struct Running {
    fault: Option<Fault>,
    statement: UnloadStatement,
    progress: watch::Sender<Ended>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Not,
    Finished(u64),
    Failed(Code),
    Cancelled,
}

#[derive(Debug)]
pub(crate) struct Scripted {
    files: Arc<dyn ObjectStore>,
    faults: Mutex<VecDeque<Fault>>,
    by_token: Mutex<HashMap<AttemptToken, StatementId>>,
    statements: Mutex<HashMap<StatementId, Arc<Running>>>,
    /// Whether nobody can be asked just now.
    is_silent: AtomicBool,
    /// Whether statements die with this process, of which this warehouse is a part then.
    is_mortal: bool,
    /// Whether nothing was sent for certain when a submit fails.
    is_sure: bool,
    /// How many ask how a statement stands just now.
    polls: Arc<AtomicUsize>,
    /// Whether it never says what a result without rows is.
    stuck: watch::Sender<bool>,
}

impl Scripted {
    pub(crate) fn new(files: Arc<dyn ObjectStore>) -> Self {
        Self {
            files,
            faults: Mutex::default(),
            by_token: Mutex::default(),
            statements: Mutex::default(),
            is_silent: false.into(),
            is_mortal: false,
            is_sure: false,
            polls: Arc::default(),
            stuck: watch::Sender::new(false),
        }
    }

    /// One whose statements die with the process.
    pub(crate) fn mortal(files: Arc<dyn ObjectStore>) -> Self {
        Self { is_mortal: true, ..Self::new(files) }
    }

    /// One that knows of a submit that failed that nothing was sent.
    pub(crate) fn sure(files: Arc<dyn ObjectStore>) -> Self {
        Self { is_sure: true, ..Self::new(files) }
    }

    /// How many ask how a statement stands just now.
    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Ordering::SeqCst)
    }

    /// Whether it never says what a result without rows is.
    pub(crate) fn get_stuck(&self, is_stuck: bool) {
        self.stuck.send_replace(is_stuck);
    }

    /// The next statements go wrong like this.
    pub(crate) fn script(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Whether it answers when it is asked about statements.
    pub(crate) fn silence(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// How many statements were ever started.
    pub(crate) fn started(&self) -> usize {
        self.statements.lock().unwrap().len()
    }

    /// How many run now.
    pub(crate) fn live(&self) -> usize {
        self.statements.lock().unwrap().values().filter(|running| *running.progress.borrow() == Ended::Not).count()
    }

    /// Lets every hanging statement finish with its files.
    pub(crate) async fn finish_all(&self) {
        let running: Vec<_> = self.statements.lock().unwrap().values().cloned().collect();
        for running in running {
            if *running.progress.borrow() == Ended::Not {
                self.write(&running.statement, None).await;
                running.progress.send_replace(Ended::Finished(3));
            }
        }
    }

    fn silent(&self) -> Result<()> {
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(Error::new(Code::WarehouseUnavailable, "the warehouse does not answer"));
        }
        Ok(())
    }

    async fn put(&self, uri: &str, bytes: Vec<u8>) {
        let path = Path::parse(uri.strip_prefix("s3://local/").unwrap()).unwrap();
        self.files.put(&path, bytes.into()).await.unwrap();
    }

    /// Three rows, in one file or in two or in two partitions, and the manifest.
    async fn write(&self, statement: &UnloadStatement, fault: Option<Fault>) {
        let suffix = statement.extension.as_ref().map(|extension| format!(".{extension}")).unwrap_or_default();
        let is_partitioned = !statement.partition_by.is_empty();
        let is_split = statement.parallel || fault == Some(Fault::TwoFiles);
        let parts: &[(&str, &str, u64)] = match (is_partitioned, is_split) {
            _ if fault == Some(Fault::EmptyManifest) => &[],
            _ if fault == Some(Fault::EmptyFile) => &[("000", "", 0)],
            _ if fault == Some(Fault::EmptySlice) => &[("0000_part_00", "", 0), ("0001_part_00", "1\n2\n3\n", 3)],
            (true, _) => &PARTITIONS,
            (false, true) => &[("0000_part_00", "1\n2\n", 2), ("0001_part_00", "3\n", 1)],
            (false, false) => &[("000", "1\n2\n3\n", 3)],
        };
        // UNLOAD takes it for a folder then.
        let prefix = if is_partitioned { format!("{}/", statement.destination) } else { statement.destination.clone() };
        let mut entries = Vec::new();
        for (name, rows, count) in parts {
            let has_header = statement.header && *count > 0;
            let text = if has_header { format!("n\n{rows}") } else { (*rows).to_owned() };
            let url = format!("{prefix}{name}{suffix}");
            let record_count = count + u64::from(has_header);
            let bytes = match text.as_str() {
                "" => Vec::new(),
                text => outflow_storage::compress(text.as_bytes(), statement.compression).unwrap(),
            };
            let content_length = bytes.len() as u64 + u64::from(fault == Some(Fault::ShortFile));
            if fault != Some(Fault::MissingFile) {
                self.put(&url, bytes).await;
            }
            if fault == Some(Fault::ForgetfulManifest) {
                continue;
            }
            entries.push(Entry { url, meta: Some(Meta { content_length, record_count }) });
        }
        if matches!(fault, Some(Fault::NoManifest | Fault::FailsForGood)) {
            return;
        }
        let names = statement.partition_by.iter().map(String::as_str).chain(["n"]);
        let elements = names.map(|name| Element { name: name.to_owned(), data_type: serde_json::json!({ "base": "bigint" }) });
        let schema = Some(Schema { elements: elements.collect() });
        let manifest = Manifest { entries, schema, meta: None, author: None };
        self.put(&format!("{prefix}manifest"), serde_json::to_vec(&manifest).unwrap()).await;
    }
}

/// What lies in which folder: a value that has a slash in it, and NULL.
pub(crate) const PARTITIONS: [(&str, &str, u64); 2] =
    [("day=1%2F2/0000_part_00", "1\n2\n", 2), ("day=__HIVE_DEFAULT_PARTITION__/0001_part_00", "3\n", 1)];

#[async_trait]
impl Warehouse for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            outlives_worker: !self.is_mortal,
            cancel_anywhere: !self.is_mortal,
            failed_start_sent_nothing: self.is_sure,
        }
    }

    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        if let Some(known) = self.by_token.lock().unwrap().get(token) {
            return Ok(known.clone());
        }
        let fault = self.faults.lock().unwrap().pop_front();
        if fault == Some(Fault::SubmitLostBefore) {
            return Err(Error::new(Code::WarehouseUnavailable, "the answer was lost"));
        }
        if fault == Some(Fault::SubmitThrottled) {
            return Err(Error::new(Code::WarehouseThrottled, "too much to do"));
        }
        if fault == Some(Fault::SubmitHangs) {
            return std::future::pending().await;
        }
        let ended = match fault {
            Some(Fault::Hangs | Fault::Panics) => Ended::Not,
            Some(Fault::FailsForNow) => Ended::Failed(Code::WarehouseUnavailable),
            Some(Fault::ZeroRows) => Ended::Finished(0),
            Some(Fault::FailsForGood) => Ended::Failed(Code::QueryFailed),
            Some(Fault::FalseZero | Fault::EmptyManifest | Fault::EmptyFile) => Ended::Finished(0),
            Some(Fault::WrongRows) => Ended::Finished(4),
            _ => Ended::Finished(3),
        };
        if !matches!(fault, Some(Fault::Hangs | Fault::Panics | Fault::ZeroRows | Fault::FailsForNow)) {
            self.write(statement, fault).await;
        }
        let statement_id = StatementId::new(format!("s-{}-{}", token.unload_id, token.attempt));
        let running = Running { fault, statement: statement.clone(), progress: watch::Sender::new(ended) };
        self.statements.lock().unwrap().insert(statement_id.clone(), Arc::new(running));
        self.by_token.lock().unwrap().insert(token.clone(), statement_id.clone());
        if fault == Some(Fault::SubmitLostAfter) {
            return Err(Error::new(Code::WarehouseUnavailable, "the answer was lost"));
        }
        Ok(statement_id)
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        self.silent()?;
        Ok(self.by_token.lock().unwrap().get(token).cloned())
    }

    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        self.silent()?;
        let running = self.statements.lock().unwrap().get(statement_id).cloned();
        let running = running.ok_or_else(|| Error::new(Code::StatementLost, "no such statement"))?;
        let mut progress = running.progress.subscribe();
        let is_live = *progress.borrow() == Ended::Not;
        assert!(running.fault != Some(Fault::Panics) || !is_live, "as scripted");
        let _poll = Counted::new(&self.polls);
        let waited = tokio::time::timeout(wait, progress.wait_for(|ended| *ended != Ended::Not)).await;
        let ended = waited.map_or(Ended::Not, |ended| *ended.unwrap());
        Ok(match ended {
            Ended::Not => Progress::Running(Amount::default()),
            Ended::Finished(_) if running.fault == Some(Fault::ForgetfulManifest) => Progress::Finished { rows: None },
            Ended::Finished(rows) => Progress::Finished { rows: Some(rows) },
            Ended::Failed(code) => Progress::Failed(Error::new(code, format!("as scripted: {:?}", running.fault))),
            Ended::Cancelled => Progress::Cancelled,
        })
    }

    async fn cancel(&self, statement_id: &StatementId) -> Result<()> {
        self.silent()?;
        if let Some(running) = self.statements.lock().unwrap().get(statement_id) {
            running.progress.send_if_modified(|ended| {
                let is_live = *ended == Ended::Not;
                if is_live {
                    *ended = Ended::Cancelled;
                }
                is_live
            });
        }
        Ok(())
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        let mut stuck = self.stuck.subscribe();
        stuck.wait_for(|is_stuck| !is_stuck).await.unwrap();
        let schema = vec![Column { name: "n".to_owned(), data_type: "bigint".to_owned() }];
        Ok(EmptyResult { bytes: if statement.header { b"n\n".to_vec() } else { Vec::new() }, schema })
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(Vec::new())
    }

    async fn check(&self) -> Result<()> {
        self.silent()
    }
}

/// Counted for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
