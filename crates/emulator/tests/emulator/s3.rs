//! UNLOAD to what speaks S3 instead of to folders.

use std::sync::Arc;

use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::types::StatusString;
use outflow_emulator::S3Buckets;
use outflow_storage::testing::{Fault, S3Server};

use crate::support::{Place, run};

async fn place() -> (S3Server, Place) {
    let server = S3Server::start("lake").await;
    let buckets = Arc::new(S3Buckets::new(server.options()));
    let place = Place::made(|config| config.buckets = buckets).await;
    (server, place)
}

/// An UNLOAD to that place, with options behind it.
fn unload(to: &str, options: &str) -> String {
    format!("UNLOAD ('SELECT id, name FROM fruit ORDER BY id') TO 's3://{to}' IAM_ROLE default FORMAT CSV PARALLEL OFF {options}")
}

fn error(described: &DescribeStatementOutput) -> &str {
    assert_eq!(described.status(), Some(&StatusString::Failed), "{described:?}");
    described.error().unwrap()
}

#[tokio::test]
async fn both_protocols_write_into_the_bucket() {
    let (server, place) = place().await;
    let described = run(&place.sdk(), &unload("lake/a/output", "MANIFEST VERBOSE")).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
    place.connect().await.batch_execute(&unload("lake/b/output", "GZIP")).await.unwrap();
    let file = |key: &str| std::fs::read(server.files("lake").join(key));
    assert_eq!(file("a/output000").unwrap(), "1,apple\n2,배\n3,\"a \"\"b\"\"\"\n".as_bytes());
    let manifest: serde_json::Value = serde_json::from_slice(&file("a/outputmanifest").unwrap()).unwrap();
    assert_eq!(manifest["entries"][0]["url"], "s3://lake/a/output000");
    assert_eq!(file("b/output000.gz").unwrap()[..2], [0x1f, 0x8b]);
    // A second time there is something there.
    let described = run(&place.sdk(), &unload("lake/a/output", "")).await;
    assert!(error(&described).contains("destination on S3 is not empty"), "{described:?}");
    let described = run(&place.sdk(), &unload("lake/a/output", "ALLOWOVERWRITE")).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
}

#[tokio::test]
async fn what_s3_refuses_is_told_in_redshifts_words() {
    let (server, place) = place().await;
    let sdk = place.sdk();
    for options in ["", "ALLOWOVERWRITE"] {
        let described = run(&sdk, &unload("swamp/a/output", options)).await;
        let said = error(&described);
        assert!(
            said.starts_with("ERROR: S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket"),
            "{said}"
        );
    }
    for method in ["GET", "PUT"] {
        server.fail(move |call| (call.method == method).then_some(Fault::Refused(403, "AccessDenied", "Access Denied")));
        let described = run(&sdk, &unload("lake/a/output", "")).await;
        let said = error(&described);
        assert!(said.starts_with("ERROR: S3ServiceException:Access Denied,Status 403,Error AccessDenied"), "{method}: {said}");
    }
    server.mend();
    let described = run(&sdk, &unload("lake/a/output", "")).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
}

#[tokio::test]
async fn a_bucket_in_another_region_needs_region() {
    let (server, place) = place().await;
    server.fail(|call| (call.region != "eu-west-3").then_some(Fault::Elsewhere));
    let sdk = place.sdk();
    for options in ["", "REGION 'eu-west-1'"] {
        let described = run(&sdk, &unload("lake/a/output", options)).await;
        assert_eq!(
            error(&described),
            "ERROR: S3ServiceException:The S3 bucket addressed by the query is in a different region from this cluster.,Status 301,Error \
             PermanentRedirect"
        );
    }
    let described = run(&sdk, &unload("lake/a/output", "REGION AS 'eu-west-3'")).await;
    assert_eq!(described.status(), Some(&StatusString::Finished), "{described:?}");
}

#[tokio::test]
async fn a_key_that_the_statement_names_encrypts_its_files() {
    let (server, place) = place().await;
    let sdk = place.sdk();
    run(&sdk, &unload("lake/a/output", "ENCRYPTED KMS_KEY_ID 'alias/results'")).await;
    run(&sdk, &unload("lake/b/output", "")).await;
    let written = |folder: &str| {
        let calls = server.calls().into_iter();
        let mut asked = calls.filter(|call| call.method != "GET" && call.path.starts_with(folder)).map(|call| call.encryption);
        asked.next().unwrap()
    };
    assert_eq!(written("/lake/a/").as_deref(), Some("aws:kms alias/results"));
    assert_eq!(written("/lake/b/"), None);
}
