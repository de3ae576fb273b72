//! `emulate`: what it tells, what it serves, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use outflow_storage::testing::{ACCESS_KEY, S3Server, SECRET_KEY};
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::support::{Place, eventually};

/// Calls the Data API.
async fn call(url: &str, operation: &str, body: &str) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).header("x-amz-target", format!("RedshiftData.{operation}")).body(body.to_owned());
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

#[test]
fn both_protocols_are_told_of_on_standard_output_and_serve_one_engine() {
    let place = Place::with_tables();
    std::fs::create_dir_all(place.path("buckets/lake")).unwrap();
    let arguments = "emulate redshift --pg 127.0.0.1:0 --data-api 127.0.0.1:0 --tables tables --files buckets";
    let mut child =
        place.command(&arguments.split(' ').collect::<Vec<_>>()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let data_api = lines.next().unwrap().strip_prefix("data-api ").unwrap().to_owned();
    let pg = lines.next().unwrap().strip_prefix("pg ").unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sql = "UNLOAD ('SELECT id FROM fruit') TO 's3://lake/a/output' IAM_ROLE default FORMAT CSV PARALLEL OFF";
        let body = serde_json::json!({ "WorkgroupName": "wg", "Database": "dev", "Sql": sql, "WaitTimeSeconds": 30 });
        let accepted = call(&data_api, "ExecuteStatement", &body.to_string()).await;
        assert_eq!(accepted["Status"], "FINISHED", "{accepted}");
        let mut connection = PgConnection::connect(&format!("{pg}?sslmode=disable")).await.unwrap();
        let rows: i64 =
            sqlx::query_scalar("SELECT unloaded_rows FROM sys_unload_history").fetch_one(&mut connection).await.unwrap();
        assert_eq!(rows, 3);
    });
    assert_eq!(std::fs::read_to_string(place.path("buckets/lake/a/output000")).unwrap(), "1\n2\n3\n");
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let mut ended = None;
    eventually("the end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn unload_writes_to_an_s3_endpoint_with_the_credentials_of_the_process() {
    let place = Place::with_tables();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(S3Server::start("lake"));
    let arguments = "emulate redshift --pg 127.0.0.1:0 --data-api 127.0.0.1:0 --tables tables --s3-endpoint";
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    arguments.push(server.endpoint());
    let mut command = place.command(&arguments);
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "eu-west-1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let data_api = line.strip_prefix("data-api ").unwrap();
    let sql = "UNLOAD ('SELECT id FROM fruit') TO 's3://lake/a/output' IAM_ROLE default FORMAT CSV PARALLEL OFF";
    let body = serde_json::json!({ "WorkgroupName": "wg", "Database": "dev", "Sql": sql, "WaitTimeSeconds": 30 });
    let accepted = runtime.block_on(call(data_api, "ExecuteStatement", &body.to_string()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(accepted["Status"], "FINISHED", "{accepted}");
    assert_eq!(std::fs::read_to_string(server.files("lake").join("a/output000")).unwrap(), "1\n2\n3\n");
    assert!(server.calls().iter().all(|call| call.region == "eu-west-1"));
    assert!(!place.path("outflow-data/buckets").exists());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_listens() {
    let place = Place::with_tables();
    for (arguments, words) in [
        ("emulate redshift --fault quick", "there is no fault `quick`"),
        ("emulate redshift --s3-endpoint 127.0.0.1:9000", "write an address such as `http://127.0.0.1:9000`"),
        ("emulate redshift --s3-endpoint http://127.0.0.1:9 --files buckets", "cannot be used with"),
        ("emulate redshift --tls-cert cert.pem", "--tls-key"),
        ("emulate redshift --password-file nowhere", "cannot read the password from `nowhere`"),
        ("emulate redshift --tables nowhere", "the folder of tables `nowhere` is not there"),
        ("emulate redshift --pg 0.0.0.0:0 --data-api 127.0.0.1:0", "not on `0.0.0.0:0`"),
        ("emulate redshift --pg 0.0.0.0:0 --data-api 127.0.0.1:0", "`--pg 127.0.0.1:5439`"),
        ("emulate redshift --pg 127.0.0.1:0 --data-api [::]:0", "`--data-api 127.0.0.1:8439`"),
    ] {
        let ended = place.run(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains(words), "{arguments}: {}", ended.stderr);
    }
}
