use outflow_core::receipt::{Checksum, ChecksumAlgorithm};
use rstest::rstest;

use super::*;
use crate::LinkTarget;
use crate::world::{Kind, file, files_below, options, place, storage, world};

fn receipt_file(index: u32) -> ReceiptFile {
    let checksum = Checksum { algorithm: ChecksumAlgorithm::Sha256, value: String::new() };
    ReceiptFile { index, name: format!("output{index:03}"), bytes: 1, rows: None, checksum, content_type: String::new() }
}

#[tokio::test]
async fn keys_are_addressed_as_in_a_bucket() {
    let (_folder, storage) = storage().await;
    let uri = storage.uri(&StorageKey::Output(place(1)));
    assert_eq!(uri, "s3://local/unload-results/abc123/01990000-0000-7000-8000-000000000001-1/output");
    assert_eq!(storage.file_name(&place(1), &format!("{uri}000.csv.gz")).unwrap(), "output000.csv.gz");
    let partition = "s3://local/unload-results/abc123/01990000-0000-7000-8000-000000000001-1/m=1/000.parquet";
    assert_eq!(storage.file_name(&place(1), partition).unwrap(), "m=1/000.parquet");
}

#[tokio::test]
async fn a_manifest_cannot_name_what_is_not_the_attempts() {
    let (_folder, storage) = storage().await;
    let folder = "s3://local/unload-results/abc123/01990000-0000-7000-8000-000000000001-1";
    for uri in [
        "s3://local/unload-results/abc123/01990000-0000-7000-8000-000000000001-11/output000".to_owned(),
        "s3://local/unload-results/abc123/01990000-0000-7000-8000-000000000002-1/output000".to_owned(),
        "s3://other/unload-results/abc123/01990000-0000-7000-8000-000000000001-1/output000".to_owned(),
        format!("{folder}/../../x"),
        format!("{folder}/.."),
        format!("{folder}//output000"),
        format!("{folder}/a/../b"),
        format!("{folder}/a\\b"),
        format!("{folder}/a\0b"),
        format!("{folder}/"),
        folder.to_owned(),
        String::new(),
    ] {
        assert_eq!(storage.file_name(&place(1), &uri).unwrap_err().code(), Code::VerificationFailed, "{uri:?}");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let (folder, storage) = storage().await;
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let before = files_below(folder.path());
    for name in ["../../../secret", "a/../../../../secret", "/secret", "..", ".", "", "a//b"] {
        assert_eq!(
            storage.put(&file(name), Bytes::from_static(b"x")).await.unwrap_err().code(),
            Code::VerificationFailed,
            "{name:?}"
        );
        assert_eq!(storage.read(&file(name), 10).await.unwrap_err().code(), Code::VerificationFailed, "{name:?}");
        assert_eq!(storage.head(&file(name)).await.unwrap_err().code(), Code::VerificationFailed, "{name:?}");
        assert_eq!(storage.delete(&file(name)).await.unwrap_err().code(), Code::VerificationFailed, "{name:?}");
    }
    // What looks encoded is a name like any other.
    storage.put(&file("%2e%2e%2fx"), Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(storage.list(&place(1)).await.unwrap(), [("%2e%2e%2fx".to_owned(), 1)]);
    assert_eq!(files_below(folder.path()).len(), before.len() + 1);
}

#[tokio::test]
async fn folders_of_partitions_are_files_like_any_other() {
    let (folder, storage) = storage().await;
    let names = [
        "output/a=1%2F2%3D%25/b=월/0000_part_00.csv",
        "output/a=1%2F2%3D%25/b=__HIVE_DEFAULT_PARTITION__/0000_part_00.csv",
        "output/a=x y+z&#/b=.../0000_part_00.csv",
        "output/manifest",
    ];
    for name in names {
        assert_eq!(
            storage.file_name(&place(1), &format!("{}{name}", storage.uri(&StorageKey::Attempt(place(1))))).unwrap(),
            name
        );
        storage.put(&file(name), Bytes::from(name)).await.unwrap();
    }
    let listed: Vec<_> = storage.list(&place(1)).await.unwrap().into_iter().map(|(name, _)| name).collect();
    let mut expected = names.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for name in names {
        assert_eq!(storage.read(&file(name), 100).await.unwrap(), name.as_bytes());
        let target = LinkTarget { key: file(name), download_name: String::new(), content_type: String::new() };
        let now = outflow_core::Timestamp::default();
        let link = storage.sign(&target, std::time::Duration::from_secs(1), now).await.unwrap();
        let token = link.url.split('/').nth(4).unwrap();
        assert_eq!(storage.verify(token, now).unwrap().key, file(name));
    }
    storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(files_below(folder.path()), [] as [&str; 0]);
}

#[tokio::test]
async fn the_plain_address_is_that_of_the_file_or_of_the_receipt() {
    let (_folder, storage) = storage().await;
    assert_eq!(storage.file_url(&place(1), &[receipt_file(0)]), "http://127.0.0.1:8080/api/unload/abc123/files/0");
    let several = [receipt_file(0), receipt_file(1)];
    assert_eq!(storage.file_url(&place(1), &several), "http://127.0.0.1:8080/api/unload/abc123/receipt");
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn an_attempt_goes_with_all_that_is_its_own_and_nothing_else(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    for attempt in [1, 2, 11] {
        for name in ["output000", "p=1/output000", "receipt.json"] {
            storage.put(&StorageKey::File(place(attempt), name.to_owned()), Bytes::from_static(b"x")).await.unwrap();
        }
    }
    for _ in 0..2 {
        storage.delete_attempt(&place(1)).await.unwrap();
    }
    assert_eq!(storage.list(&place(1)).await.unwrap(), []);
    for attempt in [2, 11] {
        assert_eq!(storage.list(&place(attempt)).await.unwrap().len(), 3);
        storage.delete_attempt(&place(attempt)).await.unwrap();
    }
}

#[tokio::test]
async fn the_empty_folder_of_the_unload_goes_with_its_last_attempt() {
    let (folder, storage) = storage().await;
    storage.put(&StorageKey::Receipt(place(1)), Bytes::from_static(b"x")).await.unwrap();
    storage.delete_attempt(&place(1)).await.unwrap();
    assert!(!folder.path().join("unload-results/abc123").exists());
    assert!(folder.path().join("unload-results").exists());
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn deleting_one_attempt_never_disturbs_the_making_of_another(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let rounds = if matches!(kind, Kind::Folder) { 50 } else { 5 };
    for round in 0..rounds {
        let (old, new) = (place(2 * round + 1), place(2 * round + 2));
        storage.put(&StorageKey::Receipt(old.clone()), Bytes::from_static(b"old")).await.unwrap();
        let made = async {
            storage.put(&StorageKey::File(new.clone(), "output000".to_owned()), Bytes::from_static(b"1")).await.unwrap();
            storage.put(&StorageKey::Receipt(new.clone()), Bytes::from_static(b"new")).await.unwrap();
        };
        let ((), deleted) = tokio::join!(made, storage.delete_attempt(&old));
        deleted.unwrap();
        assert_eq!(storage.list(&new).await.unwrap().len(), 2);
        storage.delete_attempt(&new).await.unwrap();
    }
}

#[tokio::test]
async fn the_folder_is_made_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let locator = format!("file:{}", folder.path().join("not yet #1/파일").display());
    let storage = Storage::open(&locator, options()).await.unwrap();
    storage.put(&file("output000"), Bytes::from_static(b"x")).await.unwrap();
    storage.check().await.unwrap();
    let again = Storage::open(&locator.replace("file:", "file://"), options()).await.unwrap();
    assert_eq!(again.read(&file("output000"), 10).await.unwrap(), "x");
    assert_eq!((again.bucket(), storage.bucket()), ("local", "local"));
}

#[tokio::test]
async fn a_relative_folder_is_made_at_the_first_start() {
    // The working folder is the crate's own; a temporary folder in it stands for its first component.
    let name = format!("not-yet-{:016x}", rand::random::<u64>());
    let storage = Storage::open(&format!("file:{name}/files"), options()).await;
    let put = match &storage {
        Ok(storage) => storage.put(&file("output000"), Bytes::from_static(b"x")).await,
        Err(_) => Ok(()),
    };
    let removed = std::fs::remove_dir_all(&name);
    storage.unwrap();
    put.unwrap();
    removed.unwrap();
}

#[tokio::test]
async fn other_locators_are_refused_in_words() {
    for (locator, part) in [
        ("s3:", "no bucket"),
        ("s3:///prefix", "no bucket"),
        ("s3://bucket/a//b", "a prefix that is none"),
        ("gs://bucket", "unknown scheme"),
        ("outflow-data", "no scheme"),
        ("file:", "no folder"),
        ("file://", "no folder"),
    ] {
        let error = Storage::open(locator, options()).await.unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid, "{locator}");
        assert!(error.message().contains(part) && error.message().contains("file:PATH"), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_had_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = Storage::open(&format!("file:{}", folder.path().join("file/below").display()), options()).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageUnavailable, "{error}");
    assert!(error.message().contains("file/below"), "{error}");
    // Nobody, not even root, makes a folder there.
    let error = Storage::open("file:/sys/outflow", options()).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
    assert!(error.message().contains("give the service's user the right"), "{error}");
}
