//! A service on Redshift's Data API that is killed while its statement runs: the statement goes on, and the next service adopts it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Place, Running, eventually, http};

/// The emulator, in a process of its own, as AWS is; ended with this value.
struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    fn start(place: &Place, faults: &[&str]) -> Self {
        let mut arguments: Vec<&str> =
            "emulate redshift --pg 127.0.0.1:0 --data-api 127.0.0.1:0 --tables tables --files buckets".split(' ').collect();
        faults.iter().for_each(|fault| arguments.extend(["--fault", fault]));
        let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { child, url: line.strip_prefix("data-api ").unwrap().to_owned() }
    }

    /// Every statement that Outflow submitted for an unload.
    fn unloads(&self) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listed: Value = runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.post(&self.url).header("x-amz-target", "RedshiftData.ListStatements");
            let answer = request.body(json!({ "Status": "ALL" }).to_string()).send().await.unwrap();
            serde_json::from_str(&answer.text().await.unwrap()).unwrap()
        });
        let statements = listed["Statements"].as_array().unwrap().iter();
        statements
            .filter(|statement| statement["QueryString"].as_str().unwrap_or_default().starts_with("UNLOAD"))
            .cloned()
            .collect()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service whose storage is the emulator's bucket `local`.
fn service(place: &Place, emulator: &Emulator, failpoint: Option<&str>) -> Command {
    let config = format!(
        "[storage]\nurl = \"file:buckets/local\"\n[warehouse.main]\nurl = \"redshift-data://wg/dev\"\nendpoint = \"{}\"\n",
        emulator.url
    );
    std::fs::write(place.path("outflow.toml"), config).unwrap();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
    command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "eu-west-1");
    if let Some(failpoint) = failpoint {
        command.env("FAILPOINTS", format!("{failpoint}=return"));
    }
    command
}

fn submit(service: &Running) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = json!({ "requestId": "r", "sql": "SELECT id, name FROM fruit ORDER BY id", "compression": "none" });
    let (status, body) = http("POST", &format!("{}/api/unload", service.url), Some(&asked.to_string()));
    assert_eq!(status, 202, "{body}");
}

fn unload(service: &Running) -> Value {
    serde_json::from_str(&http("GET", &format!("{}/api/unload/r", service.url), None).1).unwrap()
}

fn assert_delivered_once(service: &Running, emulator: &Emulator) {
    eventually("the end", || matches!(unload(service)["status"].as_str(), Some("DONE" | "FAILED")));
    let ended = unload(service);
    assert_eq!((&ended["status"], &ended["attempt"], &ended["rowCount"]), (&"DONE".into(), &1.into(), &3.into()), "{ended}");
    let submitted = emulator.unloads();
    assert_eq!(submitted.len(), 1, "{submitted:?}");
    assert_eq!(submitted[0]["Id"], ended["statementId"]);
}

#[test]
fn a_statement_goes_on_when_its_service_is_killed_and_is_not_submitted_twice() {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=3"]);
    let mut first = Running::start(service(&place, &emulator, None));
    submit(&first);
    eventually("the statement", || unload(&first)["phase"] == "EXECUTING");
    first.signal("KILL");
    first.end();
    let second = Running::start(service(&place, &emulator, None));
    assert_delivered_once(&second, &emulator);
}

#[test]
fn a_statement_whose_name_was_not_recorded_is_found_by_its_token() {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=3"]);
    let mut first = Running::start(service(&place, &emulator, Some(outflow_engine::Boundary::Started.name())));
    submit(&first);
    first.end();
    assert_eq!(emulator.unloads().len(), 1);
    let second = Running::start(service(&place, &emulator, None));
    assert_delivered_once(&second, &emulator);
}
