//! What the doctor and the conformance kit find of a Redshift that is reached over its wire protocol.

use std::collections::BTreeMap;
use std::time::Duration;

use outflow_emulator::Fault;
use outflow_storage::testing::{ACCESS_KEY, SECRET_KEY};
use outflow_warehouse::belief::{BELIEVED, Beliefs};
use serde_json::Value;

use crate::redshift::Cloud;
use crate::support::Running;

/// Statements run for longer than any test, and are idle.
const LONG: [Fault; 1] = [Fault::Slow(Duration::from_secs(600))];

/// How a run with `--output json` ended, and what it printed.
fn json(cloud: &Cloud, arguments: &[&str]) -> (i32, Value) {
    let ended = cloud.run(&[arguments, &["--output", "json"]].concat());
    let printed = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
    (ended.code, printed)
}

/// The finding about the record of queries.
fn of_record(cloud: &Cloud) -> (i32, Value) {
    let (code, findings) = json(cloud, &["doctor"]);
    let found = findings.as_array().unwrap().iter().find(|finding| finding["name"] == "warehouse main record").cloned();
    (code, found.unwrap_or_else(|| panic!("nothing of the record in {findings:#?}")))
}

#[test]
fn the_doctors_unload_is_found_by_its_tag_from_another_connection() {
    let (code, found) = of_record(&Cloud::over_wire(BELIEVED, &[]));
    assert_eq!((code, &found["state"]), (0, &"ok".into()), "{found}");
    let without = Beliefs { record_keeps_tag: false, ..BELIEVED };
    let (code, found) = of_record(&Cloud::over_wire(without, &[]));
    assert_eq!((code, &found["state"]), (5, &"failed".into()), "{found}");
    assert!(found["what"].as_str().unwrap().contains("run a second time"), "{found}");
    assert!(found["remedy"].as_str().unwrap().contains("--conformance"), "{found}");
}

/// What each probe found, and how the run ended.
fn probed(cloud: &Cloud) -> (i32, BTreeMap<String, (String, String)>) {
    let (code, report) = json(cloud, &["doctor", "--conformance"]);
    let text = |probe: &Value, key: &str| probe[key].as_str().unwrap().to_owned();
    let probes = report["probes"].as_array().unwrap().iter();
    (code, probes.map(|probe| (text(probe, "name"), (text(probe, "verdict"), text(probe, "found")))).collect())
}

#[test]
fn over_the_wire_the_emulator_is_as_redshift_is_believed_to_be() {
    let cloud = Cloud::over_wire(BELIEVED, &LONG);
    let (code, found) = probed(&cloud);
    assert!(code == 0 && found.len() == 6 && found.values().all(|(verdict, _)| verdict == "expected"), "{found:#?}");
    assert_eq!(cloud.objects(), Vec::<String>::new());
}

#[test]
fn a_record_that_is_otherwise_is_told() {
    let otherwise = Beliefs { record_keeps_tag: false, session_is_backend: false, cancelled_in_record: "failed", ..BELIEVED };
    let cloud = Cloud::over_wire(otherwise, &LONG);
    let (code, found) = probed(&cloud);
    assert_eq!(code, 1, "{found:#?}");
    for (name, words) in [("tag-in-record", "nowhere"), ("cancel-by-session", "it goes on"), ("cancelled-in-record", "failed: ")]
    {
        let (verdict, said) = &found[name];
        assert!(verdict == "differs" && said.starts_with(words), "{name}: {found:#?}");
    }
    assert_eq!(found.values().filter(|(verdict, _)| verdict == "expected").count(), 3, "{found:#?}");
    assert_eq!(cloud.objects(), Vec::<String>::new());
}

#[test]
fn a_kit_that_is_stopped_stops_its_statements() {
    let cloud = Cloud::over_wire(BELIEVED, &LONG);
    let mut command = cloud.place.command(&["doctor", "--conformance"]);
    command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
    let mut running = Running::watch(command);
    running.until("tag-in-record");
    running.signal("INT");
    assert_eq!(running.end(), 130, "{}", running.stderr());
    // It looks into the record whether they have ended.
    assert!(!running.stderr().contains("warning"), "{}", running.stderr());
}
