//! `doctor --conformance` against the emulator: every probe as expected, and told when the cluster is otherwise.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use outflow_core::statement::StatementSettings;
use outflow_storage::testing::{ACCESS_KEY, SECRET_KEY};
use outflow_warehouse::belief::{BELIEVED, Beliefs, Found, Names, TokenReused, Verdict};
use outflow_warehouse::redshift_data::conformance::Kit;
use outflow_warehouse::redshift_data::{Credentials, RedshiftData, RedshiftDataConfig, SharedCredentialsProvider};
use serde_json::Value;

use crate::redshift::Cloud;

/// `outflow emulate redshift`, ended with this value.
struct Emulating(std::process::Child);

impl Drop for Emulating {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_emulator_is_as_redshift_is_believed_to_be() {
    let cloud = Cloud::new(BELIEVED, "");
    let arguments = ["emulate", "redshift", "--pg", "127.0.0.1:0", "--data-api", "127.0.0.1:0", "--tables", ".", "--s3-endpoint"];
    let mut command = cloud.place.command(&arguments);
    command.arg(cloud.server.endpoint()).env("AWS_REGION", "eu-west-1");
    command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
    let mut emulating = Emulating(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let line = BufReader::new(emulating.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    cloud.point_at(line.strip_prefix("data-api ").unwrap());
    let ended = cloud.run(&["doctor", "--conformance", "--output", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
    let probes = report["probes"].as_array().unwrap();
    let others: Vec<_> = probes.iter().filter(|probe| probe["verdict"] != "expected").collect();
    assert!(others.is_empty() && ended.code == 0, "{others:#?}");
    assert!(probes.len() >= 40, "{}", probes.len());
    assert_eq!(report["expected"], probes.len());
    assert_eq!(cloud.objects(), Vec::<String>::new());
    assert_eq!(cloud.server.uploads(), 0);
}

#[test]
fn a_redshift_that_is_otherwise_is_told_with_what_it_means() {
    let beliefs = Beliefs {
        result_rows_count_unloaded: true,
        token_reused: TokenReused::First,
        takes_wait_time: false,
        lists_by_prefix: false,
        refuses_cancel_of_ended: false,
        ..BELIEVED
    };
    let cloud = Cloud::new(beliefs, "");
    let ended = cloud.run(&["doctor", "--conformance"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let differs: BTreeSet<_> =
        ended.stdout.lines().filter_map(|line| line.strip_prefix("DIFFERS  ")?.split(' ').next()).collect();
    let expected = ["cancel-too-late", "list-by-prefix", "result-rows", "token-with-another-text", "wait-time"];
    assert_eq!(differs, BTreeSet::from(expected), "{}", ended.stdout);
    for part in ["  expected          -1\n  found             3\n", "safe all the same", "5 otherwise, 0 not probed"] {
        assert!(ended.stdout.contains(part), "no `{part}` in {}", ended.stdout);
    }
    assert_eq!(cloud.objects(), Vec::<String>::new());
}

/// What each probe finds when everything is expected otherwise.
#[test]
fn every_probe_tells_when_its_belief_is_not_so() {
    const WRONG: &str = "something else";
    let names = Names {
        serial: WRONG,
        parallel: WRONG,
        extension: WRONG,
        bare_extension: WRONG,
        parquet_serial: WRONG,
        parquet_parallel: WRONG,
        partition: WRONG,
    };
    let beliefs = Beliefs {
        backslash_escapes: false,
        takes_dollar_quotes: false,
        refuses_outer_limit: false,
        binds_inside_unload: true,
        of_no_rows: WRONG,
        of_no_rows_with_header: WRONG,
        names,
        manifest_is_last: false,
        manifest_keys: WRONG,
        manifest_types: WRONG,
        header_is_a_record: false,
        csv_null_and_empty: WRONG,
        text_null_and_empty: WRONG,
        csv_booleans: WRONG,
        csv_bytes: WRONG,
        csv_times: WRONG,
        keeps_crc64nvme: false,
        refuses_existing: false,
        result_rows_count_unloaded: true,
        token_reused: TokenReused::First,
        lists_by_prefix: false,
        takes_wait_time: false,
        refuses_cancel_of_ended: false,
        unknown_statement: WRONG,
        no_result: WRONG,
        cancelled_status: WRONG,
        cancel_leaves: WRONG,
        history_counts_rows: false,
        column_types: WRONG,
        // These two are looked at below.
        token_window: BELIEVED.token_window,
        listed_within: BELIEVED.listed_within,
        // What is left is of the wire.
        ..BELIEVED
    };
    let cloud = Cloud::new(BELIEVED, "");
    let found = probed(&cloud, &beliefs);
    let others: BTreeSet<_> = found.iter().filter(|one| one.verdict != Verdict::Differs).map(|one| one.name).collect();
    assert_eq!(others, BTreeSet::from(["list-soon", "token-again", "token-window"]), "{found:#?}");

    // A window that is over at once, and a list that would have to be there before it is asked for.
    let beliefs = Beliefs { token_window: Duration::ZERO, listed_within: Duration::ZERO, ..BELIEVED };
    let forgetful = Cloud::new(beliefs, "");
    let found = probed(&forgetful, &BELIEVED);
    let differs: BTreeSet<_> = found.iter().filter(|one| one.verdict == Verdict::Differs).map(|one| one.name).collect();
    assert_eq!(differs, BTreeSet::from(["token-again", "token-window", "token-with-another-text"]), "{found:#?}");
}

fn probed(cloud: &Cloud, beliefs: &Beliefs) -> Vec<Found> {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    let redshift = RedshiftData::new(RedshiftDataConfig {
        workgroup: Some("wg".to_owned()),
        database: "dev".to_owned(),
        region: Some("eu-west-1".to_owned()),
        endpoint: Some(cloud.endpoint.clone()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..RedshiftDataConfig::default()
    });
    let redshift = Arc::new(redshift.unwrap());
    let settings = StatementSettings::default();
    cloud.runtime.block_on(async {
        let kit = Kit::new(&redshift, &cloud.storage, &settings, beliefs, Duration::from_secs(300));
        let found = kit.run(|_| {}).await;
        kit.clean_up().await.unwrap();
        found
    })
}

#[test]
fn a_kit_that_is_stopped_leaves_nothing_behind() {
    let cloud = Cloud::new(BELIEVED, "");
    let mut command = cloud.place.command(&["doctor", "--conformance"]);
    command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
    let mut running = crate::support::Running::watch(command);
    running.until("names-serial");
    running.signal("INT");
    assert_eq!(running.end(), 130, "{}", running.stderr());
    assert_eq!(cloud.objects(), Vec::<String>::new(), "{}", running.stderr());
}

#[test]
fn there_must_be_a_redshift_to_probe() {
    let place = crate::support::Place::new();
    let ended = place.run(&["doctor", "--conformance"]);
    assert!(ended.code == 2 && ended.stderr.contains("nothing to probe"), "{}", ended.stderr);
    let ended = place.run(&["doctor", "--warehouse", "main"]);
    assert!(ended.code == 2 && ended.stderr.contains("--conformance"), "{}", ended.stderr);
}
