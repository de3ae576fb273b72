//! What a service tells of itself: its metrics, which add up, and its logs, which say what they are about.

use serde_json::Value;

use crate::support::{ENDLESS, Place, Running, SERVE, eventually, http};

fn submit(place: &Place, service: &Running, id: &str, sql: &str) -> Value {
    let options = ["--compression", "none", "--no-wait", "--output", "json", "--server", &service.url];
    let ended = place.run(&[&["unload", sql, "--request-id", id][..], &options].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The unload, once it has ended.
fn ended(place: &Place, service: &Running, id: &str) -> Value {
    let told = place.run(&["status", id, "--wait", "--output", "json", "--server", &service.url]);
    serde_json::from_str(&told.stdout).unwrap()
}

/// The sum of a metric over everything that has those labels; nothing if there is no such line.
fn measured(service: &Running, name: &str, labels: &[&str]) -> Option<f64> {
    let (status, text) = http("GET", &format!("{}/metrics", service.url), None);
    assert_eq!(status, 200);
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let values = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    values.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).reduce(|sum, value| sum + value)
}

#[test]
fn the_numbers_add_up() {
    let place = Place::with_tables();
    let mut command = place.command(&SERVE);
    command.env("OUTFLOW_WAREHOUSE_MAIN_MAX_RUNNING", "1");
    let service = Running::start(command);
    let is = |name: &str, labels: &[&str], value: f64| measured(&service, name, labels) == Some(value);

    let mut bytes = 0;
    for (id, sql) in [("a", "SELECT id, name FROM fruit"), ("b", "SELECT n FROM numbers"), ("c", "SELECT n FROM nuts")] {
        submit(&place, &service, id, sql);
        bytes += ended(&place, &service, id)["byteCount"].as_u64().unwrap_or_default();
    }
    let ended_as = |status: &str, count: f64| {
        is("outflow_unloads_ended_total", &[&format!("status=\"{status}\""), "warehouse=\"main\""], count)
    };
    // Whoever waits may hear of the end before it is counted.
    eventually("the ends are counted", || ended_as("DONE", 2.0) && ended_as("FAILED", 1.0));
    assert!(is("outflow_unload_seconds_count", &[], 3.0));
    assert!(is("outflow_delivered_rows_total", &["warehouse=\"main\""], 2_003.0));
    assert!(bytes > 0 && is("outflow_delivered_bytes_total", &["warehouse=\"main\""], bytes as f64), "{bytes}");
    assert!(is("outflow_attempts_failed_total", &["code=\"unknown_table\""], 1.0));
    assert!(is("outflow_unloads_accepted_total", &[], 3.0));
    assert!(measured(&service, "outflow_store_commit_seconds_count", &["store=\"sqlite\""]).unwrap() > 3.0);

    submit(&place, &service, "running", ENDLESS);
    submit(&place, &service, "queued", "SELECT id FROM fruit");
    eventually("one waits for the other", || is("outflow_queue_depth", &["warehouse=\"main\""], 1.0));
    assert!(is("outflow_unloads", &["status=\"RUNNING\""], 1.0) && is("outflow_unloads", &["status=\"PENDING\""], 1.0));
    let cancelled = place.run(&["cancel", "running", "--server", &service.url]);
    assert_eq!(cancelled.code, 0, "{}{}", cancelled.stdout, cancelled.stderr);
    assert_eq!(ended(&place, &service, "queued")["status"], "DONE");
    eventually("the ends are counted", || ended_as("DONE", 3.0) && ended_as("CANCELLED", 1.0));
    assert!(is("outflow_queue_depth", &["warehouse=\"main\""], 0.0));
    assert!(is("outflow_delivered_rows_total", &[], 2_006.0));
    eventually("everything is announced", || {
        is("outflow_outbox_entries", &[], 0.0)
            && is("outflow_outbox_age_seconds", &[], 0.0)
            && is("outflow_events_published_total", &[], 5.0)
    });
}

/// What a line says, wherever it says it.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line[name].as_str().or_else(|| line["span"][name].as_str())
}

#[test]
fn every_line_about_an_unload_says_which() {
    let place = Place::with_tables();
    let mut command = place.command(&[&SERVE[..], &["--log-format", "json"]].concat());
    command.env("OUTFLOW_LOG", "debug");
    let mut service = Running::start(command);
    let mut ids = Vec::new();
    for (id, sql) in [
        ("log-done", "SELECT id FROM fruit"),
        ("log-failed", "SELECT id FROM nuts"),
        ("log-cancelled", ENDLESS),
        ("log-deleted", "SELECT name FROM fruit"),
    ] {
        ids.push((id, submit(&place, &service, id, sql)["unloadId"].as_str().unwrap().to_owned()));
        let run = |command: &str| assert_eq!(place.run(&[command, id, "--server", &service.url]).code, 0);
        match id {
            "log-cancelled" => {
                eventually("it runs", || http("GET", &format!("{}/api/unload/{id}", service.url), None).1.contains("EXECUTING"));
                run("cancel");
            }
            "log-deleted" => {
                ended(&place, &service, id);
                run("delete");
            }
            _ => drop(ended(&place, &service, id)),
        }
    }
    service.signal("TERM");
    assert_eq!(service.end(), 0);
    let text = service.stderr();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let ours = lines.iter().filter(|line| line["target"].as_str().is_some_and(|target| target.starts_with("outflow")));
    let (mut told, mut unnamed) = (0, Vec::new());
    for line in ours {
        let shown = line.to_string();
        let about = ids.iter().find(|(id, unload_id)| shown.contains(id) || shown.contains(unload_id.as_str()));
        match about {
            Some((id, unload_id)) => {
                let is_named = field(line, "request_id") == Some(*id) && field(line, "unload_id") == Some(unload_id.as_str());
                if is_named { told += 1 } else { unnamed.push(shown) }
            }
            None if shown.contains("outflow_engine") || shown.contains("outflow_warehouse") => unnamed.push(shown),
            None => {}
        }
    }
    assert!(told >= 12, "{told} lines: {text}");
    assert!(unnamed.is_empty(), "{unnamed:#?}");
}
