//! A full disk, for real: a file system of 256 KiB in a mount namespace of its own.
//!
//! Needs Linux and the right to make one (root, or unprivileged user namespaces); where that is missing it says that it was skipped, and
//! in CI it fails.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Output};

use object_store::{ObjectStoreExt, PutPayload};
use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{Code, RequestId, UnloadId};
use outflow_storage::{JoinPart, LinkKeys, S3Options, Storage, StorageOptions, code_of};

const FOLDER: &str = "OUTFLOW_TEST_FOLDER";

/// Runs `command` where `folder` is a file system of its own.
fn in_a_small_one(folder: &str, command: &str) -> Output {
    let script = format!("mount -t tmpfs -o size=256k none \"{folder}\" && {command}");
    let run = |rights: &[&str]| Command::new("unshare").args(rights).args(["sh", "-c", &script]).env(FOLDER, folder).output();
    // Root needs no namespace of users, which some machines do not allow; others need nothing else.
    match run(&["--mount"]) {
        Ok(output) if output.status.success() || !output.stdout.is_empty() => output,
        _ => run(&["--user", "--map-root-user", "--mount"]).unwrap(),
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().to_str().unwrap();
    if !in_a_small_one(folder, "true").status.success() {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "in CI there must be a way to make a small file system");
        eprintln!("SKIPPED: no small file system can be made here");
        return;
    }
    let itself = std::env::current_exe().unwrap();
    let child = in_a_small_one(folder, &format!("exec \"{}\" --exact inside --ignored --nocapture", itself.display()));
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
}

#[tokio::test]
#[ignore = "runs inside the small file system that the other test makes"]
async fn inside() {
    let folder = std::env::var(FOLDER).unwrap();
    let options = StorageOptions {
        public_url: PublicUrl::parse("http://127.0.0.1:8080").unwrap(),
        link_keys: LinkKeys::random(),
        s3: S3Options::default(),
    };
    let storage = Storage::open(&format!("file:{folder}"), options).await.unwrap();
    let unload_id = UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap();
    let place = AttemptPlace { request_id: RequestId::parse("abc123").unwrap(), unload_id, attempt: 1 };
    let file = |name: &str| StorageKey::File(place.clone(), name.to_owned());
    let part = vec![1; 100 * 1024];
    storage.put(&file("output000"), part.clone().into()).await.unwrap();

    let error = storage.put(&file("output001"), vec![2; 300 * 1024].into()).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageFull, "{}", error.chain());
    let parts = [JoinPart::File(file("output000")), JoinPart::File(file("output000"))];
    let error = storage.join(&parts, &file("joined")).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageFull, "{}", error.chain());

    let path = file("output002").path().into();
    let mut upload = storage.object_store().put_multipart(&path).await.unwrap();
    upload.put_part(PutPayload::from(vec![3; 100 * 1024])).await.unwrap();
    let error = upload.put_part(PutPayload::from(vec![3; 100 * 1024])).await.unwrap_err();
    assert_eq!(code_of(&error), Code::StorageFull, "{error}");
    upload.complete().await.unwrap_err();
    drop(upload);

    assert_eq!(storage.list(&place).await.unwrap(), [("output000".to_owned(), 100 * 1024)]);
    // What failed gives its room back, and the next one fits.
    let fits = async {
        while let Err(error) = storage.put(&file("output003"), part.clone().into()).await {
            assert_eq!(error.code(), Code::StorageFull);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), fits).await.expect("there is room again");
    assert_eq!(storage.read(&file("output000"), 1 << 20).await.unwrap(), part);
}
