//! Redshift unloads into S3, and what goes wrong there: the service as it is, an emulated Redshift, and a bucket that refuses, forgets or
//! does not answer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use outflow_core::address::PublicUrl;
use outflow_emulator::{Emulator, EmulatorConfig, Fault as RedshiftFault};
use outflow_storage::testing::{ACCESS_KEY, Call, Fault, OTHER_ACCESS_KEY, S3Server, SECRET_KEY};
use outflow_storage::{LinkKeys, Storage, StorageOptions};
use outflow_warehouse::embedded::EmbeddedConfig;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::support::{Place, Running, eventually, http};

/// A bucket, an emulated Redshift that unloads into it, and where a service for both runs.
struct Lake {
    place: Place,
    bucket: S3Server,
    redshift: String,
    // Bucket and Redshift live in it.
    _runtime: Runtime,
}

impl Lake {
    fn new(faults: &[RedshiftFault]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let place = Place::with_tables();
        let tables = Some(place.path("tables"));
        let (bucket, redshift) = runtime.block_on(async {
            let bucket = S3Server::start("results").await;
            let (public_url, link_keys) = (PublicUrl::parse("http://127.0.0.1:1").unwrap(), LinkKeys::new([7; 32]));
            let options = StorageOptions { public_url, link_keys, s3: bucket.options_of(OTHER_ACCESS_KEY) };
            let storage = Storage::open("s3://results", options).await.unwrap();
            let buckets = HashMap::from([("results".to_owned(), storage.object_store())]);
            let engine = EmbeddedConfig { tables, ..EmbeddedConfig::default() };
            let config = EmulatorConfig { faults: faults.to_vec(), ..EmulatorConfig::new(engine, Arc::new(buckets)) };
            let emulator = Emulator::new(config);
            let (emulator, listener) = (Arc::new(emulator.unwrap()), TcpListener::bind("127.0.0.1:0").await.unwrap());
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { emulator.serve_data_api(listener, CancellationToken::new()).await });
            (bucket, format!("http://{address}"))
        });
        Self { place, bucket, redshift, _runtime: runtime }
    }

    fn serve(&self) -> Running {
        let config = format!(
            "[storage]\nurl = \"s3://results\"\n[warehouse.main]\nurl = \"redshift-data://wg/dev\"\nendpoint = \"{}\"\n\
             [orchestrator]\nsweepSeconds = 1\n",
            self.redshift
        );
        std::fs::write(self.place.path("outflow.toml"), config).unwrap();
        let mut command: Command = self.place.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY), ("AWS_REGION", "eu-west-1")]);
        command.env("AWS_ENDPOINT_URL_S3", self.bucket.endpoint());
        Running::start(command)
    }

    /// The objects of an unload by their keys below its own folder, which begin with its attempt.
    fn objects(&self, id: &str) -> Vec<String> {
        let root = self.bucket.files("results").join("unload-results").join(id);
        let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }
}

fn submit(service: &Running, id: &str, sql: &str) {
    let asked = json!({ "requestId": id, "sql": sql, "compression": "none", "parallel": true });
    let (status, body) = http("POST", &format!("{}/api/unload", service.url), Some(&asked.to_string()));
    assert_eq!(status, 202, "{body}");
}

fn unload(service: &Running, id: &str) -> Value {
    serde_json::from_str(&http("GET", &format!("{}/api/unload/{id}", service.url), None).1).unwrap()
}

fn ended(service: &Running, id: &str) -> Value {
    eventually("the end", || !matches!(unload(service, id)["status"].as_str(), Some("PENDING" | "RUNNING")));
    unload(service, id)
}

/// All rows of `many`, in parts that are joined.
const MANY: &str = "SELECT n, repeat('x', 60) AS filler FROM many";

fn assert_delivered(service: &Running, id: &str, attempt: u32) {
    let done = ended(service, id);
    assert_eq!(
        (&done["status"], &done["attempt"], &done["rowCount"]),
        (&"DONE".into(), &attempt.into(), &200_000.into()),
        "{done}"
    );
    assert!(done["s3FileUrl"].as_str().unwrap().ends_with("/joined.csv"), "{done}");
    let (status, text) = http("GET", &format!("{}/api/unload/{id}/files/0", service.url), None);
    assert_eq!(status, 200);
    let mut lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.remove(0), "n,filler");
    lines.sort_unstable();
    let mut expected: Vec<_> = (0..200_000).map(|n| format!("{n},{}", "x".repeat(60))).collect();
    expected.sort_unstable();
    assert!(lines == expected, "it has other rows");
}

/// The service lists an attempt's folder; Redshift does so under another name, before it writes.
fn is_list_of_the_service(call: &Call) -> bool {
    call.method == "GET" && call.query.contains("list-type") && call.access_key.as_deref() == Some(ACCESS_KEY)
}

fn is_part_of_the_join(call: &Call) -> bool {
    call.method == "PUT" && call.path.ends_with("/joined.csv") && call.query.contains("partNumber")
}

#[test]
fn a_bucket_that_refuses_one_call_in_five_loses_nothing() {
    let lake = Lake::new(&[]);
    // Not of links: who clicks them asks S3 once.
    let is_refused = |call: &Call| call.access_key.is_some() && call.number % 5 == 4;
    lake.bucket.fail(move |call| is_refused(call).then_some(Fault::Busy));
    let service = lake.serve();
    submit(&service, "many", MANY);
    assert_delivered(&service, "many", 1);
    eventually("the deletion of the parts", || lake.objects("many").iter().all(|name| !name.contains("_part_")));
    assert_eq!(lake.bucket.uploads(), 0);
    assert_eq!(http("DELETE", &format!("{}/api/unload/many", service.url), None).0 / 100, 2);
    eventually("the deletion of the files", || lake.objects("many").is_empty());
    assert!(lake.bucket.calls().iter().filter(|call| is_refused(call)).count() > 3);
}

#[test]
fn an_unload_that_fails_half_way_leaves_no_parts_and_is_repeated_elsewhere() {
    let lake = Lake::new(&[RedshiftFault::FailHalfWay(2)]);
    let service = lake.serve();
    submit(&service, "many", MANY);
    assert_delivered(&service, "many", 2);
    eventually("the deletion of the first attempt", || lake.objects("many").iter().all(|name| !name.contains("-1/")));
    assert!(lake.objects("many").iter().any(|name| name.contains("-2/joined.csv")));
}

#[test]
fn what_is_not_in_the_bucket_as_the_manifest_says_is_no_result() {
    let lake = Lake::new(&[]);
    let service = lake.serve();
    let root = lake.bucket.files("results").join("unload-results");
    // Something changes a part after UNLOAD has written it and before the service looks.
    let spoil = move |change: fn(PathBuf)| {
        let root = root.clone();
        move |call: &Call| {
            let attempts = std::fs::read_dir(&root).into_iter().flatten().flatten();
            let folders = attempts.flat_map(|unload| std::fs::read_dir(unload.path()).into_iter().flatten().flatten());
            let parts = folders.map(|folder| folder.path().join("output0000_part_00.csv"));
            parts.filter(|part| is_list_of_the_service(call) && part.exists()).for_each(change);
            None
        }
    };
    for (id, change, expected) in [
        ("gone", (|part| std::fs::remove_file(part).unwrap()) as fn(PathBuf), "which is not in storage"),
        ("short", |part| std::fs::write(part, "short").unwrap(), "has 5 bytes, and the manifest says"),
    ] {
        lake.bucket.fail(spoil(change));
        submit(&service, id, MANY);
        let failed = ended(&service, id);
        lake.bucket.mend();
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&"FAILED".into(), &"verification_failed".into()), "{failed}");
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.contains("output0000_part_00") && message.contains(expected), "{message}");
        assert_eq!(failed["error"]["retryable"], false, "{failed}");
        eventually("the deletion of the files", || lake.objects(id).is_empty());
    }
}

#[test]
fn a_refusal_is_never_taken_for_no_rows() {
    let lake = Lake::new(&[]);
    let service = lake.serve();
    for (id, fault, code, words) in [
        ("denied", Fault::Denied, "storage_denied", "`s3:ListBucket`"),
        ("elsewhere", Fault::Elsewhere, "config_invalid", "set `storage.region` to `eu-west-3`"),
        ("gone", Fault::Refused(404, "NoSuchBucket", "no"), "config_invalid", "there is no bucket `results`"),
    ] {
        lake.bucket.fail(move |call| is_list_of_the_service(call).then_some(fault));
        submit(&service, id, "SELECT n FROM many WHERE n < 0");
        let failed = ended(&service, id);
        lake.bucket.mend();
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&"FAILED".into(), &code.into()), "{failed}");
        assert!(failed["error"]["message"].as_str().unwrap().contains(words), "{failed}");
    }
    submit(&service, "empty", "SELECT n FROM many WHERE n < 0");
    let empty = ended(&service, "empty");
    assert_eq!((&empty["status"], &empty["rowCount"]), (&"DONE".into(), &0.into()), "{empty}");
}

#[test]
fn what_waits_for_new_credentials_goes_on_with_them() {
    let lake = Lake::new(&[]);
    let mut service = lake.serve();
    lake.bucket.fail(|call| is_list_of_the_service(call).then_some(Fault::Expired));
    submit(&service, "many", MANY);
    let told = service.until("the AWS credentials have expired");
    assert!(told.contains("cannot finalize yet"), "{told}");
    assert_eq!(unload(&service, "many")["phase"], "FINALIZING");
    lake.bucket.mend();
    assert_delivered(&service, "many", 1);
}

#[test]
fn nothing_of_a_join_is_kept_for_ever_when_its_service_is_killed() {
    let lake = Lake::new(&[]);
    for id in ["again", "given-up"] {
        // Nothing that is joined comes to its end.
        lake.bucket.fail(|call| is_part_of_the_join(call).then_some(Fault::Silent));
        let mut first = lake.serve();
        submit(&first, id, MANY);
        eventually("the join", || {
            lake.bucket.calls().iter().any(|call| call.path.contains(&format!("/{id}/")) && is_part_of_the_join(call))
        });
        first.signal("KILL");
        first.end();
        assert_eq!(lake.bucket.uploads(), 1);
        if id == "again" {
            lake.bucket.mend();
            let second = lake.serve();
            assert_delivered(&second, id, 1);
        } else {
            let second = lake.serve();
            eventually("the next try", || unload(&second, id)["phase"] == "FINALIZING");
            assert_eq!(http("POST", &format!("{}/api/unload/{id}/cancel", second.url), None).0, 202);
            assert_eq!(ended(&second, id)["status"], "CANCELLED");
            eventually("the deletion of the files", || lake.objects(id).is_empty());
        }
        eventually("the end of the uploads", || lake.bucket.uploads() == 0);
    }
}
