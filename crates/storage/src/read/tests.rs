use std::io::ErrorKind;

use object_store::ObjectStoreExt;
use rstest::rstest;

use super::*;
use crate::world::{Kind, failing, file, place, storage, world};

async fn collected(mut pieces: BoxStream<'static, Result<Bytes>>) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        assert!(piece.len() <= PIECE, "a piece has {} bytes", piece.len());
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn what_was_put_is_read_back_whole_and_in_part(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).take(1_234_567).collect();
    storage.put(&file("output000"), bytes.clone().into()).await.unwrap();
    let stat = storage.stat(&file("output000")).await.unwrap().unwrap();
    assert_eq!((stat.size, storage.head(&file("output000")).await.unwrap()), (1_234_567, Some(1_234_567)));
    assert!(stat.etag.starts_with('"') && stat.etag.ends_with('"') && stat.etag.len() > 2, "{}", stat.etag);
    assert_eq!(storage.read(&file("output000"), 1_234_567).await.unwrap(), bytes);
    for range in [0..1_234_567_usize, 0..1, 262_143..262_145, 1_234_566..1_234_567, 5..5] {
        let pieces = storage.open_range(&file("output000"), &stat, range.start as u64..range.end as u64).await.unwrap();
        assert_eq!(collected(pieces).await.unwrap(), &bytes[range]);
    }
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn an_empty_file_is_a_file(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    storage.put(&file("output000"), Bytes::new()).await.unwrap();
    let stat = storage.stat(&file("output000")).await.unwrap().unwrap();
    assert_eq!(collected(storage.open_range(&file("output000"), &stat, 0..0).await.unwrap()).await.unwrap(), b"");
    assert_eq!(storage.list(&place(1)).await.unwrap(), [("output000".to_owned(), 0)]);
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn a_file_is_read_up_to_a_limit(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    storage.put(&file("output000"), Bytes::from_static(b"12345")).await.unwrap();
    assert_eq!(storage.read(&file("output000"), 5).await.unwrap(), "12345");
    assert_eq!(storage.read(&file("output000"), 4).await.unwrap_err().code(), Code::VerificationFailed);
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn another_file_of_that_name_is_another_file(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    storage.put(&file("output000"), Bytes::from_static(b"first")).await.unwrap();
    let stat = storage.stat(&file("output000")).await.unwrap().unwrap();
    while storage.stat(&file("output000")).await.unwrap().unwrap().last_modified == stat.last_modified {
        storage.put(&file("output000"), Bytes::from_static(b"other")).await.unwrap();
    }
    assert_ne!(storage.stat(&file("output000")).await.unwrap().unwrap().etag, stat.etag);
    let error = storage.open_range(&file("output000"), &stat, 0..5).await.map(drop).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn missing_denied_and_unwell_are_three_things() {
    let (_folder, storage) = storage().await;
    assert_eq!(storage.head(&file("output000")).await.unwrap(), None);
    assert_eq!(storage.read(&file("output000"), 10).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(storage.checksum(&file("output000")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(storage.list(&place(1)).await.unwrap(), []);
    for (kind, code) in [(ErrorKind::PermissionDenied, Code::StorageDenied), (ErrorKind::TimedOut, Code::StorageUnavailable)] {
        let failing = failing(&storage, kind);
        assert_eq!(failing.head(&file("output000")).await.unwrap_err().code(), code);
        assert_eq!(failing.read(&file("output000"), 10).await.unwrap_err().code(), code);
        assert_eq!(failing.checksum(&file("output000")).await.unwrap_err().code(), code);
        assert_eq!(failing.list(&place(1)).await.unwrap_err().code(), code);
        assert_eq!(failing.delete(&file("output000")).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn a_storage_that_is_gone_is_not_an_empty_one() {
    let (folder, storage) = storage().await;
    std::fs::remove_dir_all(folder.path().join("unload-results")).unwrap();
    assert_eq!(storage.list(&place(1)).await.unwrap_err().code(), Code::StorageUnavailable);
    assert_eq!(storage.delete_attempt(&place(1)).await.unwrap_err().code(), Code::StorageUnavailable);
    assert_eq!(storage.check().await.unwrap_err().code(), Code::StorageUnavailable);
    assert_eq!(storage.put(&file("output000"), Bytes::new()).await.unwrap_err().code(), Code::StorageUnavailable);
}

#[cfg(unix)]
#[tokio::test]
async fn a_download_outlives_the_deletion_of_its_file() {
    let (_folder, storage) = storage().await;
    let bytes = vec![9; 3 * PIECE];
    storage.put(&file("output000"), bytes.clone().into()).await.unwrap();
    let stat = storage.stat(&file("output000")).await.unwrap().unwrap();
    let pieces = storage.open_range(&file("output000"), &stat, 0..stat.size).await.unwrap();
    storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(collected(pieces).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_download_that_breaks_off_is_an_error() {
    let (folder, storage) = storage().await;
    storage.put(&file("output000"), vec![9; 3 * PIECE].into()).await.unwrap();
    let stat = storage.stat(&file("output000")).await.unwrap().unwrap();
    let pieces = storage.open_range(&file("output000"), &stat, 0..stat.size).await.unwrap();
    let path = folder.path().join(file("output000").path());
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(10).unwrap();
    let error = collected(pieces).await.unwrap_err();
    assert_eq!((error.code(), error.message().contains("too early")), (Code::StorageUnavailable, true));
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn deleting_a_file_is_idempotent_and_spares_the_others(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    for name in ["output000", "output001", "p=1/output000"] {
        storage.put(&file(name), Bytes::from_static(b"x")).await.unwrap();
    }
    for _ in 0..2 {
        storage.delete(&file("output000")).await.unwrap();
    }
    assert_eq!(storage.list(&place(1)).await.unwrap(), [("output001".to_owned(), 1), ("p=1/output000".to_owned(), 1)]);
}

#[tokio::test]
async fn what_was_written_through_the_store_is_not_read_again_unless_its_size_changed() {
    let (folder, storage) = storage().await;
    let key = file("output000");
    let path = object_store::path::Path::parse(key.path()).unwrap();
    storage.object_store().put(&path, "abc".into()).await.unwrap();
    let on_disk = folder.path().join(key.path());
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    std::fs::write(&on_disk, "xyz").unwrap();
    assert_eq!(storage.checksum(&key).await.unwrap().value, abc, "it is the sum of what was written");
    std::fs::write(&on_disk, "").unwrap();
    assert_ne!(storage.checksum(&key).await.unwrap().value, abc, "a file of another size is read");
    storage.put(&key, "abc".into()).await.unwrap();
    assert_eq!(storage.checksum(&key).await.unwrap().value, abc);
}

#[rstest]
#[case::folder(Kind::Folder)]
#[case::s3(Kind::S3)]
#[tokio::test]
async fn a_checksum_is_that_of_the_bytes(#[case] kind: Kind) {
    let world = world(kind).await;
    let storage = &world.storage;
    storage.put(&file("output000"), Bytes::from_static(b"abc")).await.unwrap();
    let checksum = storage.checksum(&file("output000")).await.unwrap();
    assert_eq!(checksum.value, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    storage.put(&file("output001"), vec![b'a'; 1_000_000].into()).await.unwrap();
    let checksum = storage.checksum(&file("output001")).await.unwrap();
    assert_eq!(checksum.value, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
