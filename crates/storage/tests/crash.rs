//! A process that is killed while it writes, for real: the next start finds nothing half-written, and a living one is left alone.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use object_store::ObjectStoreExt;
use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{RequestId, UnloadId};
use outflow_storage::{LinkKeys, S3Options, Storage, StorageOptions};

const FOLDER: &str = "OUTFLOW_TEST_FOLDER";
const READY: &str = "half of it is written";

async fn open(folder: &str) -> Storage {
    let public_url = PublicUrl::parse("http://127.0.0.1:8080").unwrap();
    Storage::open(
        &format!("file:{folder}"),
        StorageOptions { public_url, link_keys: LinkKeys::random(), s3: S3Options::default() },
    )
    .await
    .unwrap()
}

fn place() -> AttemptPlace {
    let unload_id = UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap();
    AttemptPlace { request_id: RequestId::parse("abc123").unwrap(), unload_id, attempt: 1 }
}

fn staged(folder: &str) -> usize {
    std::fs::read_dir(format!("{folder}/.staging")).unwrap().count()
}

#[tokio::test]
#[ignore = "runs in the process that the other test kills"]
#[expect(clippy::print_stdout, reason = "this is how it tells the other process that it is half-way")]
async fn writes_half_of_a_file_and_waits() {
    let storage = open(&std::env::var(FOLDER).unwrap()).await;
    storage.put(&StorageKey::File(place(), "output000".to_owned()), "whole".into()).await.unwrap();
    let path = StorageKey::File(place(), "output001".to_owned()).path();
    let mut upload = storage.object_store().put_multipart(&path.into()).await.unwrap();
    upload.put_part("half".into()).await.unwrap();
    println!("{READY}");
    std::future::pending::<()>().await;
}

fn writer(folder: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_half_of_a_file_and_waits", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains(READY)), "the writer ended before it was half-way");
    child
}

#[tokio::test]
async fn a_killed_writer_leaves_nothing_and_a_living_one_is_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().to_str().unwrap();
    let mut child = writer(folder);
    let beside = open(folder).await;
    assert_eq!(staged(folder), 1, "what a living process writes is not swept");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(beside.list(&place()).await.unwrap(), [("output000".to_owned(), 5)]);
    let after = open(folder).await;
    assert_eq!(staged(folder), 0, "what a dead one left is");
    assert_eq!(after.read(&StorageKey::File(place(), "output000".to_owned()), 10).await.unwrap(), "whole");
    after.delete_attempt(&place()).await.unwrap();
    assert_eq!(after.list(&place()).await.unwrap(), []);
}
