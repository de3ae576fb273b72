//! Deletion: for good.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use outflow_core::Code;
use outflow_core::key::StorageKey;
use outflow_storage::JoinPart;
use outflow_storage::testing::{Call, Fault};

use crate::support::{MIB, World, file, noise, place, until};

#[tokio::test]
async fn versions_and_delete_markers_go_too() {
    let world = World::new().await;
    world.server.keep_versions();
    for _ in 0..2 {
        world.put(&[("output000", noise(1, 10)), ("p=1/output000", noise(2, 10))]).await;
    }
    world.storage.delete(&file("output000")).await.unwrap();
    let other = StorageKey::File(place(2), "output000".to_owned());
    world.storage.put(&other, "other".into()).await.unwrap();
    assert_eq!(world.server.versions(), 6);
    for _ in 0..2 {
        world.storage.delete_attempt(&place(1)).await.unwrap();
        assert_eq!(world.server.versions(), 1, "that of the other attempt stays");
    }
    assert_eq!(world.storage.list(&place(1)).await.unwrap(), []);
    assert_eq!(world.storage.read(&other, 10).await.unwrap(), "other");
}

#[tokio::test]
async fn more_objects_than_a_page_holds_are_listed_and_deleted() {
    let world = World::new().await;
    let folder = world.server.files("results").join("deep/er").join(StorageKey::Attempt(place(1)).path());
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..2_345 {
        std::fs::write(folder.join(format!("output{number:04}")), "x").unwrap();
    }
    let listed = world.storage.list(&place(1)).await.unwrap();
    assert_eq!((listed.len(), listed.first().map(|(name, _)| name.as_str())), (2_345, Some("output0000")));
    world.storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(world.storage.list(&place(1)).await.unwrap(), []);
}

#[tokio::test]
async fn versions_and_uploads_of_more_than_a_page_go_too() {
    let world = World::new().await;
    world.server.keep_versions();
    let store = world.storage.object_store();
    // The same name again and again, so that a page ends in the middle of its versions.
    for number in 0..30 {
        world.storage.put(&file("output000"), noise(number, 10).into()).await.unwrap();
        world.storage.put(&file(&format!("output{number:03}")), noise(number, 10).into()).await.unwrap();
        let key = Path::parse(format!("deep/er/{}", file(&format!("output{:03}", number % 7)).path())).unwrap();
        // As when the process dies in the middle.
        std::mem::forget(store.put_multipart(&key).await.unwrap());
    }
    world.storage.delete(&file("output001")).await.unwrap();
    assert_eq!((world.server.versions(), world.server.uploads()), (61, 30));
    world.storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!((world.server.versions(), world.server.uploads()), (0, 0));
    assert_eq!(world.storage.list(&place(1)).await.unwrap(), []);
}

#[tokio::test]
async fn an_upload_that_is_on_its_way_is_aborted_with_its_attempt() {
    let world = World::new().await;
    let key = Path::parse(format!("deep/er/{}", file("output000").path())).unwrap();
    let store = world.storage.object_store();
    let mut upload = store.put_multipart(&key).await.unwrap();
    upload.put_part(noise(1, 100).into()).await.unwrap();
    assert_eq!(world.server.uploads(), 1);
    world.storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(world.server.uploads(), 0);
    upload.complete().await.unwrap_err();
    assert_eq!(world.storage.list(&place(1)).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_being_made_when_it_is_given_up_is_deleted_too() {
    for size in [6 * MIB, MIB] {
        let world = World::new().await;
        let keys = world.put(&[("output000", noise(1, size)), ("output001", noise(2, size))]).await;
        let pieces: Vec<_> = keys.into_iter().map(JoinPart::File).collect();
        // The last step of a join: of large parts the completion of the upload, of small ones the writing.
        let is_last = |call: &Call| {
            let is_completion = call.method == "POST" && call.query.contains("uploadId");
            is_completion || (call.method == "PUT" && call.path.ends_with("joined.csv") && call.query.contains("x-id=PutObject"))
        };
        world.server.fail(move |call| is_last(call).then_some(Fault::Held));
        let target = file("joined.csv");
        tokio::select! {
            joined = world.storage.join(&pieces, &target) => panic!("{joined:?}"),
            () = until(|| world.server.calls().iter().any(is_last)) => {}
        }
        let before = world.server.calls().len();
        let place = place(1);
        let mut deletion = std::pin::pin!(world.storage.delete_attempt(&place));
        for _ in 0..1_000 {
            assert!(futures::poll!(deletion.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(world.server.calls().len(), before, "it waits for what S3 was told before");
        world.server.release();
        deletion.await.unwrap();
        assert_eq!((world.storage.list(&place).await.unwrap(), world.server.uploads()), (Vec::new(), 0));
    }
}

#[tokio::test]
async fn a_list_that_goes_on_nowhere_is_an_error_and_no_list() {
    for (setting, document) in
        [("list-type", "ListBucketResult"), ("uploads", "ListMultipartUploadsResult"), ("versions", "ListVersionsResult")]
    {
        let world = World::new().await;
        world.server.says(setting, format!("<{document}><IsTruncated>true</IsTruncated></{document}>"));
        let error = match setting {
            "list-type" => world.storage.list(&place(1)).await.map(drop).unwrap_err(),
            _ => world.storage.delete_attempt(&place(1)).await.unwrap_err(),
        };
        assert_eq!(error.code(), Code::StorageUnavailable, "{}", error.chain());
        assert!(error.message().contains("does not say how to ask for the rest"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_to_delete_is_one() {
    let world = World::new().await;
    world.put(&[("output000", noise(1, 10))]).await;
    world.server.fail(|call| (call.method == "POST" && call.query.contains("delete")).then_some(Fault::Denied));
    let error = world.storage.delete_attempt(&place(1)).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageDenied);
    assert!(error.message().contains("s3:DeleteObject"), "{error}");
}
