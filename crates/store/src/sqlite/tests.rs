//! The file: grouped commits, its lock, and what a bad file or disk says.

use std::path::Path;

use async_trait::async_trait;
use futures::future::join_all;
use outflow_core::Owner;
use outflow_core::store::Created;
use sqlx::{Connection as _, Row as _};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};

use super::*;
use crate::connection::values;
use crate::statement::{self, Statement};
use crate::testing::{accept, claim, finish, new_unload, request_id};
use crate::work::Session;

/// Records a message as heard, and may fail after that.
#[derive(Debug)]
struct Hear {
    name: String,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Succeed,
    Fail,
    Panic,
    BreakTheCommit,
}

#[async_trait]
impl Work for Hear {
    type Output = String;

    async fn run(&self, session: &mut Session<'_>) -> Result<String> {
        session.execute(&statement::INBOX_INSERT, values!["group", &self.name]).await?;
        match self.then {
            Then::Succeed => {}
            Then::Fail => return Err(Error::new(Code::Internal, format!("{} fails", self.name))),
            Then::Panic => panic!("{} panics", self.name),
            Then::BreakTheCommit => {
                static DEFER: Statement = Statement::new("pragma defer_foreign_keys = on");
                session.execute(&DEFER, &[]).await?;
                session.execute(&statement::RECEIPT_INSERT, values!["nobody", "{}"]).await?;
            }
        }
        Ok(self.name.clone())
    }
}

/// Accepts an unload, and may fail after that.
#[derive(Debug)]
struct Tell {
    asked: outflow_core::unload::NewUnload,
    fails: bool,
}

#[async_trait]
impl Work for Tell {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        crate::work::create::Create::new(self.asked.clone()).run(session).await?;
        if self.fails { Err(Error::new(Code::Internal, "it fails")) } else { Ok(()) }
    }
}

/// Keeps the writer busy until it is told to go on.
#[derive(Debug)]
struct Hold {
    begun: Arc<Notify>,
    go_on: Arc<Semaphore>,
}

#[async_trait]
impl Work for Hold {
    type Output = ();

    async fn run(&self, _: &mut Session<'_>) -> Result<()> {
        self.begun.notify_one();
        self.go_on.acquire().await.expect("the semaphore stays open").forget();
        Ok(())
    }
}

async fn open(folder: &TempDir) -> SqliteStore {
    try_open(&folder.path().join("outflow.db")).await.unwrap()
}

async fn try_open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path, &Options::default(), broadcast::channel(8).0).await
}

/// Puts works into one group for certain: they wait behind one that holds the writer.
async fn grouped<W: Work>(store: &SqliteStore, works: Vec<W>) -> Vec<Result<W::Output>> {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let hold = store.write(Hold { begun: Arc::clone(&begun), go_on: Arc::clone(&go_on) });
    let release = async {
        begun.notified().await;
        let queued = join_all(works.into_iter().map(|work| store.write(work)));
        let mut queued = std::pin::pin!(queued);
        // One look at each puts it into the queue.
        assert!(futures::poll!(&mut queued).is_pending());
        go_on.add_permits(1);
        queued.await
    };
    let (held, results) = tokio::join!(hold, release);
    held.unwrap();
    results
}

fn hear(name: impl Into<String>, then: Then) -> Hear {
    Hear { name: name.into(), then }
}

async fn heard(store: &SqliteStore) -> Vec<String> {
    let rows = store.ask(SqlStr::from_static("select message_id from inbox order by message_id"), &[]).await.unwrap();
    rows.iter().map(|row| row.get("message_id").unwrap()).collect()
}

#[tokio::test]
async fn a_group_without_its_failing_works_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let then = [Then::Succeed, Then::Fail, Then::Succeed, Then::Panic, Then::Succeed];
    let works = (0..50).map(|index| hear(format!("w-{index:02}"), then[index % 5])).collect();
    let results = grouped(&store, works).await;
    for (index, result) in results.iter().enumerate() {
        match then[index % 5] {
            Then::Succeed => assert_eq!(result.as_ref().unwrap(), &format!("w-{index:02}")),
            Then::Fail => assert_eq!(result.as_ref().unwrap_err().message(), format!("w-{index:02} fails")),
            _ => assert!(result.as_ref().unwrap_err().message().contains("panicked")),
        }
    }
    let good: Vec<String> =
        (0..50).filter(|index| then[index % 5] == Then::Succeed).map(|index| format!("w-{index:02}")).collect();
    assert_eq!(heard(&store).await, good, "what failed left nothing, what succeeded is there once");
}

#[tokio::test]
async fn a_commit_that_fails_fails_all_and_the_next_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let works = vec![hear("a", Then::Succeed), hear("b", Then::BreakTheCommit), hear("c", Then::Succeed)];
    let results = grouped(&store, works).await;
    assert!(results.iter().all(Result::is_err), "{results:?}");
    assert!(heard(&store).await.is_empty());
    store.write(hear("d", Then::Succeed)).await.unwrap();
    assert_eq!(heard(&store).await, ["d"]);
}

#[tokio::test]
async fn a_work_nobody_waits_for_is_done_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    {
        let mut dropped = std::pin::pin!(store.write(hear("dropped", Then::Succeed)));
        assert!(futures::poll!(&mut dropped).is_pending());
    }
    store.write(hear("later", Then::Succeed)).await.unwrap();
    assert_eq!(heard(&store).await, ["dropped", "later"]);
}

#[tokio::test]
async fn what_was_queued_is_written_before_the_store_closes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    {
        let mut last = std::pin::pin!(store.write(hear("last words", Then::Succeed)));
        assert!(futures::poll!(&mut last).is_pending());
    }
    drop(store);
    assert_eq!(heard(&open(&folder).await).await, ["last words"]);
}

#[tokio::test]
async fn commits_are_synced() {
    let folder = tempfile::tempdir().unwrap();
    let file = File { path: folder.path().join("outflow.db"), page_limit: None };
    let mut writer = file.open_to_write().await.unwrap();
    for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("busy_timeout", "5000")] {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("pragma {pragma}"))).fetch_one(&mut writer).await.unwrap();
        let value = row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|number| number.to_string())).unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
}

#[tokio::test]
async fn a_reopened_file_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("deep/er/outflow.db").display());
    let options = Options::default();
    let store = crate::connect(&url, &options).await.unwrap();
    let accepted = accept(&*store, new_unload("kept")).await;
    let claim = claim(&*store, accepted.unload_id()).await;
    let done = finish(&*store, &claim).await;
    let receipt = store.receipt(done.unload_id()).await.unwrap();
    drop(store);
    let store = crate::connect(&url, &options).await.unwrap();
    assert_eq!(store.unload(&Owner::local(), &request_id("kept")).await.unwrap(), Some(done.clone()));
    assert_eq!(store.receipt(done.unload_id()).await.unwrap(), receipt);
    assert_eq!(store.create_unload(new_unload("kept")).await.unwrap(), Created::Known(done));
    assert_eq!(store.outbox_claim(10, Duration::ZERO).await.unwrap().len(), 1);
}

#[tokio::test]
async fn files_in_use_are_no_garbage_whatever_the_attempts_say() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
    let store = crate::connect(&url, &Options::default()).await.unwrap();
    let running = accept(&*store, new_unload("running")).await;
    let running = claim(&*store, running.unload_id()).await;
    let done = accept(&*store, new_unload("done")).await;
    finish(&*store, &claim(&*store, done.unload_id()).await).await;
    let mut beside = SqliteConnection::connect(&url).await.unwrap();
    for unload_id in [running.unload.unload_id(), done.unload_id()] {
        let insert = sqlx::query("insert into attempt (unload_id, attempt, discard_at) values ($1, 1, 0)");
        insert.bind(unload_id.to_string()).execute(&mut beside).await.unwrap();
    }
    assert_eq!(store.garbage(crate::testing::now(), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
    let store = crate::connect(&url, &Options::default()).await.unwrap();
    for name in ["newer-pending", "newer-done", "done", "pending"] {
        let unload = accept(&*store, new_unload(name)).await;
        if name.ends_with("done") {
            let mut request = crate::testing::claim_request();
            request.lease = Duration::ZERO;
            let claims = store.claim(&request).await.unwrap();
            finish(&*store, claims.iter().find(|claim| claim.unload.unload_id() == unload.unload_id()).unwrap()).await;
        }
    }
    let mut beside = SqliteConnection::connect(&url).await.unwrap();
    for newer in [
        "update unload set state = '{\"is\":\"of a newer version\"}', deadline_at = 1, created_at = 4000000000000000 where request_id like 'newer-%'",
        "update outbox set body = '{\"is\":\"new\"}' where unload_id in (select unload_id from unload where request_id = 'newer-done')",
    ] {
        assert!(sqlx::query(newer).execute(&mut beside).await.unwrap().rows_affected() > 0);
    }
    let mut request = crate::testing::claim_request();
    request.limit = 1;
    let claims = store.claim(&request).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.unload.request_id().as_str()).collect::<Vec<_>>(), ["pending"]);
    let filter = outflow_core::store::ListFilter { limit: 2, ..Default::default() };
    assert_eq!(store.list_unloads(&filter).await.unwrap().len(), 2);
    let far = outflow_core::id::from_micros(4_000_000_000_000_000);
    assert_eq!(store.overdue(far, far, 1).await.unwrap(), []);
    assert_eq!(store.expirable(far, 1).await.unwrap().len(), 1, "one that cannot be read makes room for another");
    assert_eq!(store.outbox_claim(1, Duration::ZERO).await.unwrap().len(), 1);
    let alone = store.unload(&Owner::local(), &request_id("newer-done")).await.unwrap_err();
    assert_eq!(alone.code(), Code::Internal, "who asks for it alone is told");
}

#[tokio::test]
async fn what_failed_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outflow.db");
    let (notices, mut told) = broadcast::channel(8);
    let store = SqliteStore::open(&path, &Options::default(), notices).await.unwrap();
    let (good, bad) = (new_unload("good"), new_unload("bad"));
    let works = vec![Tell { asked: bad.clone(), fails: true }, Tell { asked: good.clone(), fails: false }];
    let results = grouped(&store, works).await;
    assert!(results[0].is_err() && results[1].is_ok());
    assert_eq!(told.recv().await.unwrap().unload_id(), good.unload_id);
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_was_held_before_can_be_taken_over_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
    let store = crate::connect(&url, &Options::default()).await.unwrap();
    let unload = accept(&*store, new_unload("held")).await;
    let before = claim(&*store, unload.unload_id()).await;
    let ended = accept(&*store, new_unload("ended")).await;
    finish(&*store, &claim(&*store, ended.unload_id()).await).await;
    assert_eq!(store.outbox_claim(10, Duration::from_secs(3_600)).await.unwrap().len(), 1);
    drop(store);
    let store = crate::connect(&url, &Options::default()).await.unwrap();
    assert_eq!(store.outbox_claim(10, Duration::from_secs(3_600)).await.unwrap().len(), 1, "nor an announcement");
    let after = claim(&*store, unload.unload_id()).await;
    assert!(after.is_takeover && after.fence > before.fence);
    assert_eq!(after.unload, before.unload);
}

#[tokio::test]
async fn a_second_service_is_refused_and_told_who_holds_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outflow.db");
    let store = open(&folder).await;
    let error = try_open(&path).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreLocked);
    assert!(error.message().contains(&path.display().to_string()), "{error}");
    assert!(error.message().contains(&std::process::id().to_string()), "{error}");
    store.write(hear("unharmed", Then::Succeed)).await.unwrap();
    drop(store);
    try_open(&path).await.unwrap();
}

#[tokio::test]
async fn another_process_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outflow.db");
    let lock = std::fs::File::create(folder.path().join("outflow.db.lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(folder.path().join("outflow.db.lock"), "4294967295\n").unwrap();
    let began = std::time::Instant::now();
    let error = try_open(&path).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreLocked);
    assert!(error.message().contains("process 4294967295"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1), "it waited");
    assert!(!path.exists(), "it touched the database");
}

#[tokio::test]
async fn bad_files_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is not a database, whatever its name says. ".repeat(100)).unwrap();
    let cases = [
        (text.clone(), "not a SQLite database"),
        (folder.path().to_owned(), "cannot be opened"),
        (text.join("below/outflow.db"), "cannot be made"),
    ];
    for (path, what) in cases {
        let error = try_open(&path).await.unwrap_err();
        assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
        assert!(error.message().contains(what), "{error}");
        assert!(error.message().contains("text.db") || error.message().contains(&folder.path().display().to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outflow.db");
    let url = format!("sqlite:{}", path.display());
    let small = Options { sqlite_page_limit: Some(120), ..Options::default() };
    let store = crate::connect(&url, &small).await.unwrap();
    let mut accepted = Vec::new();
    let error = loop {
        let mut asked = new_unload(&format!("full-{}", accepted.len()));
        asked.sql = "x".repeat(10_000);
        match store.create_unload(asked).await {
            Ok(Created::New(unload)) => accepted.push(unload),
            Ok(other) => panic!("it is new: {other:?}"),
            Err(error) => break error,
        }
        assert!(accepted.len() < 1_000, "the limit does not hold");
    };
    assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
    assert!(error.message().contains("full"), "{error}");
    assert!(!accepted.is_empty());
    drop(store);
    let store = crate::connect(&url, &Options::default()).await.unwrap();
    for unload in &accepted {
        assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap().as_ref(), Some(unload));
    }
    assert_eq!(store.unload(&Owner::local(), &request_id(&format!("full-{}", accepted.len()))).await.unwrap(), None);
    accept(&*store, new_unload(&format!("full-{}", accepted.len()))).await;
}

#[tokio::test]
async fn a_receipt_that_cannot_be_recorded_undoes_the_whole_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outflow.db");
    let store = crate::connect(&format!("sqlite:{}", path.display()), &Options::default()).await.unwrap();
    let unload = accept(&*store, new_unload("whole")).await;
    let claim = claim(&*store, unload.unload_id()).await;
    let event = outflow_core::state::Event::Submitted { statement_id: outflow_core::StatementId::new("s") };
    let unload = crate::testing::record(&*store, &claim, &claim.unload, event).await;
    let finished = outflow_core::state::Event::Finished { rows: None };
    let unload = crate::testing::record(&*store, &claim, &unload, finished).await;
    let mut beside = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let insert = sqlx::query("insert into receipt (unload_id, document) values ($1, '{}')");
    insert.bind(unload.unload_id().to_string()).execute(&mut beside).await.unwrap();

    let result = Some(crate::testing::delivery(&unload, 1, 1));
    let change = outflow_core::unload::Change { event: outflow_core::state::Event::Finalized, at: crate::testing::now(), result };
    let error = store.transition(unload.unload_id(), unload.version, Some(claim.fence), change).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal, "{}", error.chain());
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap(), Some(unload));
    assert!(store.outbox_claim(10, Duration::ZERO).await.unwrap().is_empty(), "the entry was undone with the change");
}
