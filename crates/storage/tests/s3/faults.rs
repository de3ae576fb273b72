//! What S3 refuses, and what it does now and then.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use outflow_core::Code;
use outflow_storage::testing::{Fault, S3Server};
use outflow_storage::{Encryption, JoinPart, S3Options, Storage};

use crate::support::{MIB, World, file, noise, options, place, until};

#[tokio::test]
async fn a_bucket_that_answers_503_to_one_call_in_ten_is_one_to_work_with() {
    let world = World::new().await;
    world.server.fail(|call| (call.number % 10 == 9).then_some(Fault::Busy));
    let parts: Vec<_> = (0..8).map(|seed| noise(seed, 6 * MIB)).collect();
    let mut pieces = Vec::new();
    for (index, bytes) in parts.iter().enumerate() {
        let key = file(&format!("output{index:03}"));
        world.storage.put(&key, bytes.clone().into()).await.unwrap();
        pieces.push(JoinPart::File(key));
    }
    world.storage.join(&pieces, &file("joined.csv")).await.unwrap();
    assert!(world.storage.read(&file("joined.csv"), u64::MAX).await.unwrap() == parts.concat(), "it has other bytes");
    assert_eq!(world.storage.list(&place(1)).await.unwrap().len(), 9);
    world.storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(world.storage.list(&place(1)).await.unwrap(), []);
}

#[tokio::test]
async fn forbidden_is_neither_missing_nor_empty() {
    let world = World::new().await;
    world.put(&[("output000", noise(1, 10))]).await;
    assert_eq!(world.storage.head(&file("output001")).await.unwrap(), None);
    assert_eq!(world.storage.read(&file("output001"), 10).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.storage.list(&place(2)).await.unwrap(), []);

    world.server.fail(|_| Some(Fault::Denied));
    let denied = [
        world.storage.list(&place(1)).await.map(drop).unwrap_err(),
        world.storage.head(&file("output000")).await.map(drop).unwrap_err(),
        world.storage.read(&file("output000"), 10).await.map(drop).unwrap_err(),
        world.storage.put(&file("output000"), Bytes::new()).await.unwrap_err(),
        world.storage.delete_attempt(&place(1)).await.unwrap_err(),
        world.storage.check().await.unwrap_err(),
    ];
    for error in denied {
        assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
        assert!(error.message().contains("allow `s3:") || error.message().contains("HTTP 403"), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_said_with_the_remedy() {
    let server = S3Server::start("results").await;
    let error = Storage::open("s3://other", options(server.options())).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid, "{}", error.chain());
    assert!(error.message().contains("there is no bucket `other`") && error.message().contains("storage.url"), "{error}");

    // A bucket that goes away while the service runs must not make its files look deleted.
    let world = World::new().await;
    std::fs::remove_dir_all(world.server.files("results")).unwrap();
    for error in [
        world.storage.head(&file("output000")).await.map(drop).unwrap_err(),
        world.storage.list(&place(1)).await.map(drop).unwrap_err(),
        world.storage.check().await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::ConfigInvalid, "{}", error.chain());
    }
}

#[tokio::test]
async fn a_bucket_in_another_region_is_said_with_its_region() {
    let server = S3Server::start("results").await;
    server.fail(|_| Some(Fault::Elsewhere));
    let error = Storage::open("s3://results", options(server.options())).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid, "{}", error.chain());
    assert!(error.message().contains("set `storage.region` to `eu-west-3`"), "{error}");

    // One that is made anew elsewhere while the service runs.
    let world = World::new().await;
    world.server.fail(|_| Some(Fault::Elsewhere));
    for error in [
        world.storage.head(&file("output000")).await.map(drop).unwrap_err(),
        world.storage.list(&place(1)).await.map(drop).unwrap_err(),
        world.storage.put(&file("output000"), Bytes::new()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::ConfigInvalid, "{}", error.chain());
        assert!(error.message().contains("set `storage.region` to `eu-west-3`"), "{error}");
    }
}

#[tokio::test]
async fn credentials_that_have_expired_are_said() {
    let world = World::new().await;
    world.server.fail(|_| Some(Fault::Expired));
    // Whoever renews them lets what waits go on: nothing is lost for it. The answer to a `HEAD` has no word of it.
    for error in [
        world.storage.list(&place(1)).await.map(drop).unwrap_err(),
        world.storage.head(&file("output000")).await.map(drop).unwrap_err(),
        world.storage.kept_checksum(&file("output000")).await.map(drop).unwrap_err(),
        world.storage.read(&file("output000"), 10).await.map(drop).unwrap_err(),
        world.storage.join(&[JoinPart::File(file("output000"))], &file("joined.csv")).await.map(drop).unwrap_err(),
    ] {
        assert_eq!((error.code(), error.kind().is_retryable()), (Code::StorageUnavailable, true), "{}", error.chain());
        assert!(error.message().contains("have expired") && error.message().contains("renew them"), "{error}");
    }
    // When nothing runs yet, it is told at once.
    let error = Storage::open("s3://results", options(world.server.options())).await.unwrap_err();
    assert!(error.message().contains("have expired"), "{error}");
}

#[tokio::test]
async fn why_s3_lets_nobody_look_is_said() {
    let world = World::new().await;
    for (status, name, code, said) in [
        (403, "RequestTimeTooSkewed", Code::StorageUnavailable, "the clock"),
        (403, "InvalidAccessKeyId", Code::StorageDenied, "check the access key"),
        (404, "NoSuchBucket", Code::ConfigInvalid, "there is no bucket"),
    ] {
        world.server.fail(move |call| Some(Fault::Refused(if call.method == "HEAD" { 403 } else { status }, name, "no")));
        let error = world.storage.head(&file("output000")).await.unwrap_err();
        assert_eq!(error.code(), code, "{}", error.chain());
        assert!(error.message().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_a_rule_moved_into_an_archive_is_not_a_matter_of_rights() {
    let world = World::new().await;
    world
        .server
        .fail(|call| (call.method == "GET").then_some(Fault::Refused(403, "InvalidObjectState", "not valid for GLACIER")));
    let error = world.storage.read(&file("output000"), 10).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
    assert!(error.message().contains("archive") && !error.message().contains("allow"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_is_missing_to_one_who_may_not_ask_for_the_bucket() {
    let world = World::new().await;
    // As under a policy that allows `s3:ListBucket` for some prefixes alone.
    world.server.fail(|call| {
        let is_of_bucket = call.method == "HEAD" && call.path.trim_matches('/') == "results";
        is_of_bucket.then_some(Fault::Denied)
    });
    assert_eq!(world.storage.head(&file("output000")).await.unwrap(), None);
    assert_eq!(world.server.calls().last().map(|call| call.path.trim_matches('/').to_owned()).as_deref(), Some("results"));
}

#[tokio::test]
async fn one_who_may_not_list_is_told_that_this_is_missing_too() {
    let world = World::new().await;
    // What S3 says of a file that is not there to those who may not list.
    world.server.fail(|call| (call.method == "HEAD" || call.method == "GET").then_some(Fault::Denied));
    for error in
        [world.storage.head(&file("output000")).await.unwrap_err(), world.storage.read(&file("output000"), 10).await.unwrap_err()]
    {
        assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
        assert!(error.message().contains("`s3:GetObject`") && error.message().contains("`s3:ListBucket`"), "{error}");
    }
}

#[tokio::test]
async fn a_look_that_died_leaves_nothing_for_ever() {
    let world = World::new().await;
    let key = Path::from("deep/er/unload-results/check");
    // As when the process dies in the middle: nobody aborts it.
    std::mem::forget(world.storage.object_store().put_multipart(&key).await.unwrap());
    assert_eq!(world.server.uploads(), 1);
    Storage::open("s3://results/deep/er", options(world.server.options())).await.unwrap();
    assert_eq!(world.server.uploads(), 0);
}

#[tokio::test]
async fn what_s3_would_refuse_again_is_not_tried_again() {
    let world = World::new().await;
    let cases = [
        (400, "EntityTooLarge", Code::SingleFileTooLarge),
        (400, "InvalidBucketName", Code::ConfigInvalid),
        (400, "InvalidArgument", Code::StorageDenied),
        (405, "MethodNotAllowed", Code::StorageDenied),
        (400, "KMS.DisabledException", Code::StorageDenied),
        (400, "RequestTimeout", Code::StorageUnavailable),
        (400, "KMS.ThrottlingException", Code::StorageUnavailable),
        (408, "Other", Code::StorageUnavailable),
        (409, "OperationAborted", Code::StorageUnavailable),
        (429, "TooManyRequests", Code::StorageUnavailable),
        (500, "InternalError", Code::StorageUnavailable),
    ];
    // Side by side, each under its own name: what passes is tried several times.
    world.server.fail(move |call| {
        let (status, name, _) = cases.into_iter().find(|(_, name, _)| call.path.ends_with(name))?;
        Some(Fault::Refused(status, name, "no"))
    });
    let put = cases.map(|(_, name, _)| {
        let storage = world.storage.clone();
        async move { storage.put(&file(name), Bytes::new()).await.unwrap_err() }
    });
    for ((_, name, expected), error) in cases.into_iter().zip(futures::future::join_all(put).await) {
        assert_eq!(
            (error.code(), error.kind().is_retryable()),
            (expected, expected == Code::StorageUnavailable),
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn the_right_that_s3_names_is_the_one_that_is_asked_for() {
    let world = World::new().await;
    let named = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:c \
                 because no identity-based policy allows the kms:GenerateDataKey action";
    for (message, expected) in [
        (named, "allow `kms:GenerateDataKey` on the key that encrypts in the bucket `results`"),
        ("Access Denied", "allow `s3:PutObject` on the bucket `results`"),
        ("not authorized to perform: `rm` on it", "allow `s3:PutObject` on the bucket `results`"),
    ] {
        world.server.fail(move |_| Some(Fault::Refused(403, "AccessDenied", message)));
        let error = world.storage.put(&file("output000"), Bytes::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
        assert!(error.message().contains(expected), "{error}");
    }
}

#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nobody has any")))
    }
}

/// Has some, and cannot give them now.
#[derive(Debug)]
struct Unwell;

impl ProvideCredentials for Unwell {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::provider_error("it is being restarted")))
    }
}

#[tokio::test]
async fn one_who_cannot_give_credentials_now_may_later() {
    let server = S3Server::start("results").await;
    let s3 = S3Options { credentials: Some(SharedCredentialsProvider::new(Unwell)), ..server.options() };
    let error = Storage::open("s3://results", options(s3)).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageUnavailable, "{}", error.chain());
    assert!(error.message().contains("cannot be had now") && error.message().contains("being restarted"), "{error}");
}

#[tokio::test]
async fn that_there_are_no_credentials_is_said_with_the_remedy() {
    let server = S3Server::start("results").await;
    let s3 = S3Options { credentials: Some(SharedCredentialsProvider::new(Nobody)), ..server.options() };
    let error = Storage::open("s3://results", options(s3)).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageDenied, "{}", error.chain());
    assert!(
        error.message().contains("no AWS credentials were found") && error.message().contains("AWS_ACCESS_KEY_ID"),
        "{error}"
    );
}

#[tokio::test]
async fn every_write_asks_for_the_encryption_that_is_configured() {
    let kms = |key_id: Option<&str>| Encryption::Kms { key_id: key_id.map(str::to_owned) };
    for (encryption, expected) in
        [(Encryption::S3, "AES256"), (kms(None), "aws:kms"), (kms(Some("alias/results")), "aws:kms alias/results")]
    {
        let server = S3Server::start("results").await;
        let s3 = S3Options { encryption: Some(encryption), ..server.options() };
        let storage = Storage::open("s3://results", options(s3)).await.unwrap();
        let mut pieces = Vec::new();
        for name in ["output000", "output001"] {
            storage.put(&file(name), noise(1, 5 * MIB).into()).await.unwrap();
            pieces.push(JoinPart::File(file(name)));
        }
        storage.join(&pieces, &file("joined.csv")).await.unwrap();
        let asked: Vec<_> = server.calls().into_iter().filter_map(|call| call.encryption).collect();
        // The proof at the start, two files, and the join.
        assert_eq!(asked, [expected; 4]);
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_yet_is_opened_all_the_same() {
    let server = S3Server::start("results").await;
    server.fail(|_| Some(Fault::Cut));
    let storage = Storage::open("s3://results", options(server.options())).await.unwrap();
    assert_eq!(storage.check().await.unwrap_err().code(), Code::StorageUnavailable);
    server.mend();
    storage.check().await.unwrap();
    assert_eq!(server.uploads(), 0, "looking leaves nothing");
}

#[tokio::test]
async fn reading_goes_on_where_the_connection_was_cut() {
    let world = World::new().await;
    let bytes = noise(1, 32 * MIB);
    world.put(&[("output000", bytes.clone())]).await;
    let stat = world.storage.stat(&file("output000")).await.unwrap().unwrap();
    let mut pieces = world.storage.open_range(&file("output000"), &stat, 0..stat.size).await.unwrap();
    let mut read = pieces.try_next().await.unwrap().unwrap().to_vec();
    world.server.cut_all();
    while let Some(piece) = pieces.try_next().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    assert!(read == bytes, "it has other bytes");
}

#[tokio::test]
async fn reading_goes_on_however_often_the_connection_is_cut_as_long_as_something_comes() {
    let world = World::new().await;
    let bytes = noise(1, 96 * MIB);
    world.put(&[("output000", bytes.clone())]).await;
    let stat = world.storage.stat(&file("output000")).await.unwrap().unwrap();
    let answers = || world.server.calls().iter().filter(|call| call.method == "GET").count();
    let mut pieces = world.storage.open_range(&file("output000"), &stat, 0..stat.size).await.unwrap();
    let (mut read, mut cut) = (Vec::new(), 0);
    while let Some(piece) = pieces.try_next().await.unwrap() {
        read.extend_from_slice(&piece);
        // Once an answer.
        if cut < answers() {
            cut = answers();
            world.server.cut_all();
        }
    }
    assert!(read == bytes, "it has other bytes");
    assert!(answers() > 7, "{} answers", answers());
}

#[tokio::test]
async fn an_upload_that_is_dropped_is_aborted() {
    let world = World::new().await;
    let store = world.storage.object_store();
    let mut upload = store.put_multipart(&Path::from("a")).await.unwrap();
    upload.put_part(noise(1, 100).into()).await.unwrap();
    assert_eq!(world.server.uploads(), 1);
    drop(upload);
    until(|| world.server.uploads() == 0).await;
}

#[tokio::test]
async fn an_upload_with_a_part_that_failed_is_never_completed() {
    let world = World::new().await;
    let store = world.storage.object_store();
    let mut upload = store.put_multipart(&Path::from("a")).await.unwrap();
    upload.put_part(noise(1, 5 * MIB).into()).await.unwrap();
    world.server.fail(|call| call.query.contains("partNumber").then_some(Fault::Cut));
    upload.put_part(noise(2, 100).into()).await.unwrap_err();
    world.server.mend();
    upload.complete().await.unwrap_err();
    // Whoever gives it up all the same has nothing to warn of.
    upload.abort().await.unwrap();
    until(|| world.server.uploads() == 0).await;
}

#[tokio::test]
async fn only_one_of_two_makes_a_new_object() {
    let world = World::new().await;
    let store = world.storage.object_store();
    let create = || object_store::PutOptions::from(object_store::PutMode::Create);
    store.put_opts(&Path::from("a"), "1".into(), create()).await.unwrap();
    let error = store.put_opts(&Path::from("a"), "2".into(), create()).await.unwrap_err();
    assert!(matches!(error, object_store::Error::AlreadyExists { .. }), "{error}");
}
