use object_store::memory::InMemory;
use outflow_core::options::Compression;
use outflow_core::statement::UnloadStatement;

use super::*;

fn unload(format: Format, compression: Compression, parallel: bool, extension: Option<&str>) -> Unload {
    let statement = UnloadStatement {
        format,
        compression,
        parallel,
        extension: extension.map(str::to_owned),
        ..UnloadStatement::plain("SELECT 1", "s3://local/a/b/output")
    };
    Unload { statement, manifest: ManifestKind::Verbose, existing: Existing::Refused }
}

fn plain() -> Unload {
    unload(Format::Text, Compression::None, false, None)
}

fn partitioned(existing: Existing) -> Unload {
    let mut unload = plain();
    unload.statement.partition_by = vec!["c".to_owned()];
    Unload { existing, ..unload }
}

fn buckets() -> HashMap<String, Arc<dyn ObjectStore>> {
    HashMap::from([("local".to_owned(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>)])
}

async fn put(destination: &Destination, keys: &[&str]) {
    for key in keys {
        destination.store().put(&Path::parse(key).unwrap(), PutPayload::from_static(b"x")).await.unwrap();
    }
}

async fn is_there(destination: &Destination, key: &str) -> bool {
    destination.store().head(&Path::parse(key).unwrap()).await.is_ok()
}

#[test]
fn files_are_named_as_unload_names_them() {
    let cases = [
        (plain(), "a/b/output000", "a/b/output002"),
        (unload(Format::Csv, Compression::Gzip, false, None), "a/b/output000.gz", "a/b/output002.gz"),
        (unload(Format::Csv, Compression::Gzip, false, Some("csv.gz")), "a/b/output000.csv.gz", "a/b/output002.csv.gz"),
        (unload(Format::Csv, Compression::Gzip, false, Some("txt")), "a/b/output000.txt", "a/b/output002.txt"),
        (unload(Format::Text, Compression::Bzip2, true, None), "a/b/output0000_part_00.bz2", "a/b/output0001_part_02.bz2"),
        (unload(Format::Json, Compression::Zstd, true, None), "a/b/output0000_part_00.zst", "a/b/output0001_part_02.zst"),
        (
            unload(Format::Parquet, Compression::None, true, None),
            "a/b/output0000_part_00.parquet",
            "a/b/output0001_part_02.parquet",
        ),
        (unload(Format::Parquet, Compression::None, false, None), "a/b/output000.parquet", "a/b/output002.parquet"),
    ];
    for (unload, first, later) in cases {
        let destination = Destination::new(&unload, &buckets()).unwrap();
        assert_eq!(destination.key("", 0, 0).unwrap().as_ref(), first);
        assert_eq!(destination.key("", 1, 2).unwrap().as_ref(), later);
    }
}

#[test]
fn a_partitioned_destination_is_a_folder() {
    for place in ["s3://local/a/b/output", "s3://local/a/b/output/"] {
        let mut unload = partitioned(Existing::Refused);
        unload.statement.destination = place.to_owned();
        let destination = Destination::new(&unload, &buckets()).unwrap();
        assert_eq!(destination.key("c=a%2Fb/", 0, 1).unwrap().as_ref(), "a/b/output/c=a%2Fb/001");
        let error = destination.key(&format!("c={}/", "x".repeat(250)).repeat(4), 0, 0).unwrap_err();
        assert!(error.code() == Code::QueryFailed && error.message().len() < 300, "{error}");
        assert!(error.message().contains("S3 takes 1024"), "{error}");
    }
}

#[tokio::test]
async fn what_is_there_is_refused_but_not_what_only_looks_alike() {
    let destination = Destination::new(&plain(), &buckets()).unwrap();
    put(&destination, &["a/b/other", "a/boutput", "a/b2/output000"]).await;
    destination.prepare().await.unwrap();
    put(&destination, &["a/b/output7"]).await;
    assert_eq!(destination.prepare().await.unwrap_err().code(), Code::QueryFailed);
    let folder = Destination::new(&partitioned(Existing::Refused), &buckets()).unwrap();
    put(&folder, &["a/b/output7"]).await;
    folder.prepare().await.unwrap();
    put(&folder, &["a/b/output/x"]).await;
    assert_eq!(folder.prepare().await.unwrap_err().code(), Code::QueryFailed);
}

#[tokio::test]
async fn what_is_there_is_overwritten_or_deleted_when_that_is_said() {
    for (existing, stays) in [(Existing::Overwritten, true), (Existing::Deleted, false)] {
        let destination = Destination::new(&Unload { existing, ..plain() }, &buckets()).unwrap();
        put(&destination, &["a/b/output7", "a/b/output/deep", "a/b/other"]).await;
        destination.prepare().await.unwrap();
        assert_eq!(is_there(&destination, "a/b/output7").await, stays);
        assert_eq!(is_there(&destination, "a/b/output/deep").await, stays);
        assert!(is_there(&destination, "a/b/other").await);
    }
}

#[tokio::test]
async fn of_partitions_only_those_that_get_files_are_emptied_and_once() {
    let destination = Destination::new(&partitioned(Existing::Deleted), &buckets()).unwrap();
    put(&destination, &["a/b/output/c=1/old", "a/b/output/c=12/old", "a/b/output/manifest"]).await;
    destination.prepare().await.unwrap();
    assert!(is_there(&destination, "a/b/output/c=1/old").await);
    destination.prepare_folder("c=1/").await.unwrap();
    assert!(!is_there(&destination, "a/b/output/c=1/old").await);
    put(&destination, &["a/b/output/c=1/000"]).await;
    destination.prepare_folder("c=1/").await.unwrap();
    for key in ["a/b/output/c=1/000", "a/b/output/c=12/old", "a/b/output/manifest"] {
        assert!(is_there(&destination, key).await, "{key}");
    }
}

#[tokio::test]
async fn more_files_than_a_manifest_can_tell_of_are_refused() {
    let destination = Destination::new(&partitioned(Existing::Refused), &buckets()).unwrap();
    for _ in 0..MOST_FILES {
        destination.prepare_folder("c=1/").await.unwrap();
    }
    let error = destination.prepare_folder("c=2/").await.unwrap_err();
    assert!(error.code() == Code::QueryFailed && error.message().contains("more than 50000 files"), "{error}");
    let destination = Destination::new(&plain(), &buckets()).unwrap();
    for _ in 0..=MOST_FILES {
        destination.prepare_folder("").await.unwrap();
    }
}

#[test]
fn a_folder_is_named_when_its_name_is_too_long() {
    let destination = Destination::new(&partitioned(Existing::Refused), &buckets()).unwrap();
    destination.key(&format!("a=1/c={}/", "x".repeat(253)), 0, 0).unwrap();
    let error = destination.key(&format!("a=1/c={}/", "x".repeat(254)), 0, 0).unwrap_err();
    assert!(error.code() == Code::QueryFailed && !error.kind().is_retryable(), "{error}");
    assert!(error.message().contains("the partition `c=xxx") && error.message().contains("256 bytes"), "{error}");
}

#[test]
fn a_destination_elsewhere_is_refused() {
    let mut elsewhere = plain();
    elsewhere.statement.destination = "s3://other/key".to_owned();
    assert_eq!(Destination::new(&elsewhere, &buckets()).unwrap_err().code(), Code::ConfigInvalid);
    elsewhere.statement.destination = "/tmp/key".to_owned();
    assert_eq!(Destination::new(&elsewhere, &buckets()).unwrap_err().code(), Code::QueryInvalid);
    let mut whole = Unload { existing: Existing::Deleted, ..plain() };
    whole.statement.destination = "s3://local/".to_owned();
    assert!(Destination::new(&whole, &buckets()).unwrap_err().message().contains("whole bucket"));
}
