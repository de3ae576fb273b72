//! What S3 does not answer, and what it does not answer to the end, with little patience.

use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use outflow_core::Code;

use super::*;
use crate::testing::{Call, Fault, S3Server};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);

async fn bucket(server: &S3Server, patience: Patience) -> Bucket {
    Bucket::open_with("results", &server.options(), patience).await.unwrap()
}

#[tokio::test]
async fn a_small_call_that_is_not_answered_is_tried_again_soon() {
    let server = S3Server::start("results").await;
    let bucket = bucket(&server, Patience { quick: SHORT, quick_in_all: LONG, ..Patience::default() }).await;
    server.fail(|call| (call.number == 0).then_some(Fault::Silent));
    bucket.missing().await.unwrap();
    assert!(server.calls().len() >= 2);
}

#[tokio::test]
async fn a_small_call_that_is_never_answered_ends_with_all_its_tries() {
    let server = S3Server::start("results").await;
    let bucket = bucket(&server, Patience { quick: LONG, quick_in_all: SHORT, ..Patience::default() }).await;
    server.fail(|_| Some(Fault::Silent));
    for failure in [
        bucket.missing().await.unwrap_err(),
        bucket.check("").await.unwrap_err(),
        bucket.crc64nvme("a").await.unwrap_err(),
        bucket.delete_below("a").await.unwrap_err(),
        bucket.write("a", Bytes::from_static(b"small"), None).await.unwrap_err(),
        bucket.begin("a").await.map(drop).unwrap_err(),
        bucket.abort("a", "id").await.unwrap_err(),
    ] {
        assert_eq!((failure.code, failure.to_string().as_str()), (Code::StorageUnavailable, "S3 did not answer in time"));
    }
}

#[tokio::test]
async fn an_upload_of_which_nothing_is_taken_is_begun_anew_long_before_an_answer_is_due() {
    let server = S3Server::start("results").await;
    let bucket = bucket(&server, Patience { stall: SHORT * 3, ..Patience::default() }).await;
    // More than the connection holds by itself.
    let bytes = Bytes::from(vec![7; 24 << 20]);
    let puts = || server.calls().into_iter().filter(|call| call.method == "PUT").count();
    let stop_once = || {
        let next = server.calls().len() as u64;
        server.fail(move |call| (call.number == next).then_some(Fault::Silent));
    };
    let begun = bucket.begin("a").await.unwrap();
    let uploaded = tokio::time::timeout(LONG, async {
        stop_once();
        let part = begun.write(1, bytes.clone()).await.unwrap();
        assert!(puts() >= 2, "nothing was in its way");
        begun.complete(vec![part], bytes.len() as u64).await.unwrap();
        stop_once();
        bucket.write("b", bytes.clone(), None).await.unwrap();
        assert!(puts() >= 4, "nothing was in its way");
    });
    uploaded.await.expect("it waits for an answer");
    for key in ["a", "b"] {
        assert_eq!(bucket.head(&Path::from(key)).await.unwrap().size, bytes.len() as u64);
    }
}

#[tokio::test]
async fn an_answer_that_stalls_counts_as_broken_off_and_is_gone_on_with() {
    let server = S3Server::start("results").await;
    let bucket = bucket(&server, Patience { stall: SHORT, ..Patience::default() }).await;
    let bytes: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
    bucket.put(&Path::from("a"), bytes.clone().into()).await.unwrap();
    let is_read = |call: &Call| call.method == "GET";
    let before = server.calls().len() as u64;
    server.fail(move |call| (is_read(call) && call.number == before).then_some(Fault::Stalled));
    let read = bucket.get(&Path::from("a")).await.unwrap().bytes().await.unwrap();
    assert!(read == bytes, "it has other bytes");
    assert!(server.calls().iter().filter(|call| is_read(call)).count() >= 2);
}
