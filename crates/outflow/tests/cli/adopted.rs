//! A service on Redshift that is killed while its statement runs: the statement goes on, and the next service adopts it. By the Data API and
//! over the wire protocol.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{Place, Running, eventually, http, on_table};

/// The emulator, in a process of its own, as AWS is; ended with this value.
struct Emulator {
    child: Child,
    url: String,
    pg: String,
}

/// How a service reaches it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    DataApi,
    Wire,
}

impl Emulator {
    fn start(place: &Place, faults: &[&str]) -> Self {
        Self::start_at(place, "127.0.0.1:0", faults)
    }

    /// One whose wire protocol listens at that address.
    fn start_at(place: &Place, pg: &str, faults: &[&str]) -> Self {
        let mut arguments: Vec<&str> =
            "emulate redshift --data-api 127.0.0.1:0 --tables tables --files buckets --pg".split(' ').collect();
        arguments.push(pg);
        faults.iter().for_each(|fault| arguments.extend(["--fault", fault]));
        let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut address = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
        Self { url: address("data-api "), pg: address("pg "), child }
    }

    /// Every UNLOAD that was ever sent, and how it stands.
    fn recorded(&self) -> Vec<(String, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sql = "SELECT status, query_text FROM sys_query_history WHERE query_type = 'UNLOAD'";
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&format!("{}?sslmode=disable", self.pg)).await.unwrap();
            sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
        })
    }

    /// Every statement that Outflow submitted to the Data API for an unload.
    fn submitted(&self) -> Vec<Value> {
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
fn service(place: &Place, emulator: &Emulator, way: Way, failpoint: Option<&str>) -> Command {
    let warehouse = match way {
        Way::DataApi => format!("url = \"redshift-data://wg/dev\"\nendpoint = \"{}\"\n", emulator.url),
        Way::Wire => format!("url = \"{}\"\n", emulator.pg.replace("postgres://", "redshift://")),
    };
    let config = format!("[storage]\nurl = \"file:buckets/local\"\n[warehouse.main]\n{warehouse}");
    std::fs::write(place.path("outflow.toml"), config).unwrap();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
    command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "eu-west-1");
    if let Some(failpoint) = failpoint {
        command.env("FAILPOINTS", failpoint);
    }
    command
}

fn submit(service: &Running) {
    submit_as(service, "r");
}

fn submit_as(service: &Running, request_id: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = json!({ "requestId": request_id, "sql": "SELECT id, name FROM fruit ORDER BY id", "compression": "none" });
    let (status, body) = http("POST", &format!("{}/api/unload", service.url), Some(&asked.to_string()));
    assert_eq!(status, 202, "{body}");
}

fn unload(service: &Running) -> Value {
    unload_of(service, "r")
}

fn unload_of(service: &Running, request_id: &str) -> Value {
    serde_json::from_str(&http("GET", &format!("{}/api/unload/{request_id}", service.url), None).1).unwrap()
}

fn assert_delivered_once(service: &Running, emulator: &Emulator, way: Way) {
    eventually("the end", || matches!(unload(service)["status"].as_str(), Some("DONE" | "FAILED")));
    let ended = unload(service);
    assert_eq!((&ended["status"], &ended["attempt"], &ended["rowCount"]), (&"DONE".into(), &1.into(), &3.into()), "{ended}");
    let recorded = emulator.recorded();
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    let id = &ended["unloadId"];
    match way {
        Way::DataApi => {
            let submitted = emulator.submitted();
            assert_eq!((submitted.len(), &submitted[0]["Id"]), (1, &ended["statementId"]), "{submitted:?}");
        }
        Way::Wire => {
            assert!(recorded[0].1.starts_with(&format!("/* outflow {} 1 */ UNLOAD", id.as_str().unwrap())), "{recorded:?}");
            assert_eq!(ended["statementId"], format!("{}-1", id.as_str().unwrap()));
        }
    }
}

fn a_statement_goes_on_when_its_service_is_killed(way: Way) {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=3"]);
    let mut first = Running::start(service(&place, &emulator, way, None));
    submit(&first);
    eventually("the statement", || unload(&first)["phase"] == "EXECUTING" && emulator.recorded().len() == 1);
    first.signal("KILL");
    first.end();
    let second = Running::start(service(&place, &emulator, way, None));
    assert_delivered_once(&second, &emulator, way);
}

#[test]
fn a_statement_of_the_data_api_goes_on_when_its_service_is_killed_and_is_not_submitted_twice() {
    a_statement_goes_on_when_its_service_is_killed(Way::DataApi);
}

#[test]
fn a_statement_on_the_wire_goes_on_when_its_service_is_killed_and_is_not_sent_twice() {
    a_statement_goes_on_when_its_service_is_killed(Way::Wire);
}

#[test]
fn a_statement_whose_name_was_not_recorded_is_found_by_its_token() {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=3"]);
    let failpoint = format!("{}=return", outflow_engine::Boundary::Started.name());
    let mut first = Running::start(service(&place, &emulator, Way::DataApi, Some(&failpoint)));
    submit(&first);
    first.end();
    assert_eq!(emulator.submitted().len(), 1);
    let second = Running::start(service(&place, &emulator, Way::DataApi, None));
    assert_delivered_once(&second, &emulator, Way::DataApi);
}

#[test]
fn a_statement_whose_name_was_not_recorded_is_found_by_its_tag() {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=10"]);
    let mut first = Running::start(service(&place, &emulator, Way::Wire, None));
    submit(&first);
    eventually("the statement", || unload(&first)["phase"] == "EXECUTING" && emulator.recorded().len() == 1);
    first.signal("KILL");
    first.end();
    // As if it had died before it wrote that down.
    on_table(&place, async |connection| {
        let before =
            "update unload set phase = 'SUBMITTING', statement_id = null, state = '{\"is\":\"submitting\",\"attempt\":1}'";
        assert_eq!(sqlx::query(before).execute(connection).await.unwrap().rows_affected(), 1);
    });
    let second = Running::start(service(&place, &emulator, Way::Wire, None));
    assert_delivered_once(&second, &emulator, Way::Wire);
}

#[test]
fn an_unload_waits_for_a_warehouse_that_is_out_of_reach() {
    let place = Place::with_tables();
    std::fs::create_dir_all(place.path("buckets/local")).unwrap();
    let gone = Emulator::start(&place, &[]);
    let service = Running::start(service(&place, &gone, Way::Wire, None));
    let pg = gone.pg.split(['@', '/']).find(|part| part.starts_with("127.")).unwrap().to_owned();
    drop(gone);
    submit(&service);
    // With the rests of attempts it would have failed by now.
    eventually("it is tried again", || service.stderr().matches("the statement is started later").count() >= 4);
    let emulator = Emulator::start_at(&place, &pg, &[]);
    assert_delivered_once(&service, &emulator, Way::Wire);
}

#[test]
fn a_cancel_reaches_a_statement_that_a_dead_service_sent() {
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["slow=600"]);
    let mut first = Running::start(service(&place, &emulator, Way::Wire, None));
    submit(&first);
    eventually("the statement", || unload(&first)["phase"] == "EXECUTING" && emulator.recorded().len() == 1);
    first.signal("KILL");
    first.end();
    let second = Running::start(service(&place, &emulator, Way::Wire, None));
    let (status, body) = http("POST", &format!("{}/api/unload/r/cancel", second.url), None);
    assert_eq!(status, 202, "{body}");
    eventually("the end", || unload(&second)["status"] == "CANCELLED");
    assert_eq!(emulator.recorded()[0].0.trim(), "canceled");
}

#[test]
fn what_is_lost_on_its_way_or_fails_half_way_is_delivered_once_all_the_same() {
    const UNLOADS: usize = 6;
    let place = Place::with_tables();
    let emulator = Emulator::start(&place, &["lost-request=3", "lost-answer=3", "fail-half-way=4"]);
    let running = Running::start(service(&place, &emulator, Way::DataApi, None));
    let names: Vec<String> = (0..UNLOADS).map(|number| format!("r{number}")).collect();
    names.iter().for_each(|name| submit_as(&running, name));
    let ended = || names.iter().map(|name| unload_of(&running, name)).collect::<Vec<_>>();
    eventually("the ends", || ended().iter().all(|unload| matches!(unload["status"].as_str(), Some("DONE" | "FAILED"))));
    let mut attempts = 0;
    for unload in ended() {
        assert_eq!((&unload["status"], &unload["rowCount"]), (&"DONE".into(), &3.into()), "{unload}");
        attempts += usize::try_from(unload["attempt"].as_u64().unwrap()).unwrap();
    }
    let recorded = emulator.recorded();
    let succeeded = recorded.iter().filter(|(status, _)| status.trim() == "success").count();
    // A submit that was lost is no attempt, and one whose answer was lost runs once.
    assert_eq!((succeeded, recorded.len(), emulator.submitted().len()), (UNLOADS, attempts, attempts), "{recorded:?}");
    assert!(attempts > UNLOADS, "some failed half-way");
    let results = place.path("buckets/local/unload-results");
    let folders = || std::fs::read_dir(&results).unwrap().flat_map(|of| std::fs::read_dir(of.unwrap().path()).unwrap()).count();
    eventually("what failed attempts left is deleted", || folders() == UNLOADS);
}
