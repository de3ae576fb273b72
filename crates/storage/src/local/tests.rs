use futures::TryStreamExt;
use object_store::{ObjectStoreExt, WriteMultipart};
use outflow_core::key::RESULTS;

use super::*;
use crate::world::files_below;

fn open(root: &FilePath) -> LocalFolder {
    LocalFolder::open(root, RESULTS).unwrap()
}

fn at(name: &str) -> Path {
    Path::from(format!("{RESULTS}/abc/u-1/{name}"))
}

fn on_disk(root: &FilePath) -> Vec<String> {
    files_below(root).into_iter().map(|name| name.replace("unload-results/abc/u-1/", "")).collect()
}

/// Removing what is given up takes place beside us.
async fn becomes(root: &FilePath, expected: &[&str]) {
    let waited = async {
        while on_disk(root) != expected {
            tokio::task::yield_now().await;
        }
    };
    let bound = std::time::Duration::from_secs(30);
    assert!(tokio::time::timeout(bound, waited).await.is_ok(), "{:?} stays, {expected:?} was expected", on_disk(root));
}

#[tokio::test]
async fn a_large_file_is_visible_when_it_is_complete_and_not_before() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let mut upload = folder.put_multipart(&at("output000")).await.unwrap();
    let (first, second) = (upload.put_part("first,".into()), upload.put_part("second".into()));
    // In any order, and side by side.
    second.await.unwrap();
    first.await.unwrap();
    assert!(matches!(folder.head(&at("output000")).await, Err(object_store::Error::NotFound { .. })));
    assert_eq!(folder.list(None).try_collect::<Vec<_>>().await.unwrap(), []);
    upload.complete().await.unwrap();
    assert_eq!(folder.get(&at("output000")).await.unwrap().bytes().await.unwrap(), "first,second");
    assert_eq!(on_disk(root.path()), ["output000"]);
    upload.complete().await.unwrap_err();
}

#[tokio::test]
async fn a_large_file_streams_through_the_usual_writer() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let mut writer = WriteMultipart::new(folder.put_multipart(&at("output000")).await.unwrap());
    let bytes: Vec<u8> = (0..12_000_000_u32).map(|at| (at % 253) as u8).collect();
    for piece in bytes.chunks(100_000) {
        writer.wait_for_capacity(4).await.unwrap();
        writer.write(piece);
    }
    writer.finish().await.unwrap();
    assert_eq!(folder.get(&at("output000")).await.unwrap().bytes().await.unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_aborted_or_forgotten_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let mut aborted = folder.put_multipart(&at("output000")).await.unwrap();
    aborted.put_part("half".into()).await.unwrap();
    aborted.abort().await.unwrap();
    aborted.complete().await.unwrap_err();
    let mut forgotten = folder.put_multipart(&at("output001")).await.unwrap();
    forgotten.put_part("half".into()).await.unwrap();
    drop(forgotten);
    becomes(root.path(), &[]).await;
}

#[tokio::test]
async fn a_part_that_was_not_written_is_not_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let mut upload = folder.put_multipart(&at("output000")).await.unwrap();
    drop(upload.put_part("lost".into()));
    upload.put_part("kept".into()).await.unwrap();
    let error = upload.complete().await.unwrap_err();
    assert!(error.to_string().contains("4 of 8 bytes"), "{error}");
    folder.head(&at("output000")).await.unwrap_err();
}

#[tokio::test]
async fn what_is_put_replaces_and_what_is_created_does_not() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    for text in ["one", "two"] {
        folder.put(&at("a"), text.into()).await.unwrap();
        assert_eq!(folder.get(&at("a")).await.unwrap().bytes().await.unwrap(), text);
    }
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    let error = folder.put_opts(&at("a"), "three".into(), create.clone()).await.unwrap_err();
    assert!(matches!(error, object_store::Error::AlreadyExists { .. }), "{error}");
    folder.put_opts(&at("b"), "three".into(), create).await.unwrap();
    folder.copy(&at("a"), &at("c")).await.unwrap();
    folder.rename(&at("b"), &at("d")).await.unwrap();
    assert_eq!(on_disk(root.path()), ["a", "c", "d"]);
    folder.delete(&at("a")).await.unwrap();
    let listed = folder.list_with_delimiter(None).await.unwrap();
    assert_eq!(listed.common_prefixes, [Path::from(RESULTS)], "the folder of staged files is nobody's business");
    folder.put(&Path::from(".staging/a"), "x".into()).await.unwrap_err();
}

#[tokio::test]
async fn a_published_file_has_all_beside_it_on_disk() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    folder.put(&at("output000"), "1".into()).await.unwrap();
    folder.put(&Path::from(format!("{RESULTS}/abc/u-2/output000")), "2".into()).await.unwrap();
    let attempt = |name: &str| folder.directory(&Path::from(format!("{RESULTS}/abc/{name}")));
    assert!(folder.ledger.is_unsettled(&attempt("u-1")));
    folder.publish(&at("receipt.json"), |mut file: &File| file.write_all(b"{}")).await.unwrap();
    assert!(!folder.ledger.is_unsettled(&attempt("u-1")));
    assert!(folder.ledger.is_unsettled(&attempt("u-2")), "another attempt's files are not its concern");
    folder.settle(&Path::from(format!("{RESULTS}/abc/u-2"))).await.unwrap();
    assert!(!folder.ledger.is_unsettled(&attempt("u-2")));
    folder.settle(&Path::from(format!("{RESULTS}/abc/u-3"))).await.unwrap();
}

#[tokio::test]
async fn a_file_is_not_published_when_something_beside_it_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    folder.publish(&at("first"), |mut file: &File| file.write_all(b"1")).await.unwrap();
    let attempt = folder.directory(&Path::from(format!("{RESULTS}/abc/u-1")));
    folder.ledger.lose(&attempt);
    let error = folder.publish(&at("receipt.json"), |mut file: &File| file.write_all(b"{}")).await.unwrap_err();
    assert!(error.to_string().contains("could not be brought on disk"), "{error}");
    becomes(root.path(), &["first"]).await;
    let removed = folder.clone();
    tokio::task::spawn_blocking(move || removed.remove(&Path::from(format!("{RESULTS}/abc/u-1")))).await.unwrap().unwrap();
    folder.publish(&at("receipt.json"), |mut file: &File| file.write_all(b"{}")).await.unwrap();
}

#[tokio::test]
async fn a_write_that_fails_leaves_the_former_file() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    folder.publish(&at("a"), |mut file: &File| file.write_all(b"former")).await.unwrap();
    let full = |mut file: &File| file.write_all(b"new").and(Err::<(), _>(io::ErrorKind::StorageFull.into()));
    assert_eq!(folder.publish(&at("a"), full).await.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(folder.get(&at("a")).await.unwrap().bytes().await.unwrap(), "former");
    becomes(root.path(), &["a"]).await;
}

#[tokio::test]
async fn a_writer_whose_attempt_was_deleted_cannot_bring_it_back() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let mut upload = folder.put_multipart(&at("output000")).await.unwrap();
    upload.put_part("late".into()).await.unwrap();
    let removing = folder.clone();
    tokio::task::spawn_blocking(move || removing.remove(&Path::from(format!("{RESULTS}/abc/u-1")))).await.unwrap().unwrap();
    upload.complete().await.unwrap_err();
    becomes(root.path(), &[]).await;
}

#[tokio::test]
async fn what_cannot_be_listed_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    folder.put(&at("output000"), "1".into()).await.unwrap();
    // A file where a folder should be.
    let error = folder.list(Some(&at("output000"))).try_collect::<Vec<_>>().await.unwrap_err();
    assert!(!matches!(error, object_store::Error::NotFound { .. }), "{error}");
}

#[test]
fn what_was_removed_is_gone_from_the_disk_too() {
    let root = tempfile::tempdir().unwrap();
    let folder = open(root.path());
    let attempts = [Path::from(format!("{RESULTS}/abc/u-1")), Path::from(format!("{RESULTS}/abc/u-2"))];
    for attempt in &attempts {
        fs::create_dir_all(folder.directory(attempt)).unwrap();
    }
    let synced = |attempt: &Path| {
        durable::SYNCED.take();
        folder.remove(attempt).unwrap();
        durable::SYNCED.take()
    };
    let (unload, results) = (folder.results.join("abc"), folder.results.clone());
    assert_eq!(synced(&attempts[0]), [unload]);
    for why in ["the unload's folder went too", "a former try may have died before it came to that"] {
        assert_eq!(synced(&attempts[1]), std::slice::from_ref(&results), "{why}");
    }
}

#[cfg(unix)]
#[test]
fn folders_that_are_made_are_private_and_others_are_left_as_they_are() {
    use std::os::unix::fs::PermissionsExt;

    let root = tempfile::tempdir().unwrap();
    let given = root.path().join("given");
    fs::create_dir(&given).unwrap();
    fs::set_permissions(&given, fs::Permissions::from_mode(0o755)).unwrap();
    open(&given.join("made/files"));
    let mode = |name: &str| fs::metadata(given.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("made"), mode("made/files")], [0o755, 0o700, 0o700]);
}
