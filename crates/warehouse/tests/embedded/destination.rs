//! What is at the destination before, and what is there afterwards.

use outflow_core::Code;

use super::fixture::Fixture;

fn unload(query: &str, options: &str) -> String {
    format!("UNLOAD ('{query}') TO 's3://local/out/n_' IAM_ROLE default CSV PARALLEL OFF {options}")
}

const TWO: &str = "SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) AS t ORDER BY a";

#[tokio::test]
async fn the_manifest_is_the_one_that_was_asked_for() {
    let fixture = Fixture::sample();
    assert_eq!(fixture.run(&unload(TWO, "")).await, 2);
    assert_eq!(fixture.listed().await, ["out/n_000"]);
    assert_eq!(fixture.text("out/n_000").await, "1\n2\n");
    fixture.run(&unload(TWO, "MANIFEST CLEANPATH")).await;
    let plain: serde_json::Value = serde_json::from_str(&fixture.text("out/n_manifest").await).unwrap();
    assert_eq!(plain, serde_json::json!({"entries": [{"url": "s3://local/out/n_000"}]}));
    fixture.run(&unload(TWO, "MANIFEST VERBOSE HEADER ALLOWOVERWRITE")).await;
    let verbose: serde_json::Value = serde_json::from_str(&fixture.text("out/n_manifest").await).unwrap();
    let expected = serde_json::json!({
        "entries": [{"url": "s3://local/out/n_000", "meta": {"content_length": 6, "record_count": 3}}],
        "schema": {"elements": [{"name": "a", "type": {"base": "bigint"}}]},
        "meta": {"content_length": 6, "record_count": 3},
        "author": {"name": "Outflow", "version": env!("CARGO_PKG_VERSION")},
    });
    assert_eq!(verbose, expected);
}

#[tokio::test]
async fn what_is_there_is_refused_overwritten_or_deleted() {
    let fixture = Fixture::sample();
    fixture.run(&unload(TWO, "MANIFEST EXTENSION 'txt'")).await;
    assert_eq!(fixture.listed().await, ["out/n_000.txt", "out/n_manifest"]);
    let error = fixture.refusal(&unload("SELECT 3 AS a", "")).await;
    assert!(error.code() == Code::QueryFailed && error.message().contains("not empty"), "{error}");
    assert_eq!(fixture.listed().await, ["out/n_000.txt", "out/n_manifest"]);
    fixture.run(&unload("SELECT 3 AS a", "ALLOWOVERWRITE")).await;
    assert_eq!(fixture.listed().await, ["out/n_000", "out/n_000.txt", "out/n_manifest"], "what is not overwritten stays");
    fixture.run(&unload("SELECT 4 AS a", "ALLOWOVERWRITE")).await;
    assert_eq!(fixture.text("out/n_000").await, "4\n");
    fixture.run("UNLOAD ('SELECT 9 AS a') TO 's3://local/out/other' IAM_ROLE default CSV PARALLEL OFF").await;
    fixture.run(&unload("SELECT 5 AS a", "CLEANPATH")).await;
    assert_eq!(fixture.listed().await, ["out/n_000", "out/other000"], "only what begins with the prefix is deleted");
    let error = fixture.refusal(&unload("SELECT 5 AS a", "CLEANPATH ALLOWOVERWRITE")).await;
    assert!(error.message().contains("`CLEANPATH` and `ALLOWOVERWRITE`"), "{error}");
}

#[tokio::test]
async fn a_query_that_cannot_run_deletes_nothing() {
    let fixture = Fixture::sample();
    fixture.run(&unload(TWO, "")).await;
    for query in ["SELECT a FROM nothing", "SELECT 1 AS a LIMIT 1", "SELECT TOP 1 1 AS a", "SELECT"] {
        fixture.refusal(&unload(query, "CLEANPATH")).await;
        assert_eq!(fixture.listed().await, ["out/n_000"], "{query}");
    }
}

#[tokio::test]
async fn of_partitions_only_those_that_get_files_are_cleaned() {
    let fixture = Fixture::of_aws(None);
    let by_region = |condition: &str, options: &str| {
        format!(
            "UNLOAD ($$SELECT n_regionkey, n_name FROM nation WHERE {condition}$$) TO 's3://local/out' IAM_ROLE default
             CSV PARTITION BY (N_REGIONKEY) MANIFEST {options}"
        )
    };
    let files = |keys: Vec<String>, region: u32| keys.iter().filter(|key| key.contains(&format!("={region}/"))).count();
    assert_eq!(fixture.run(&by_region("true", "")).await, 25);
    assert!(fixture.listed().await.contains(&"out/manifest".to_owned()));
    let before = (files(fixture.listed().await, 1), files(fixture.listed().await, 2));
    assert!(before.0 > 1 && before.1 > 1, "several slices wrote into each folder: {before:?}");
    assert_eq!(fixture.refusal(&by_region("n_nationkey = 1", "")).await.code(), Code::QueryFailed);
    assert_eq!(fixture.run(&by_region("n_nationkey = 1", "CLEANPATH")).await, 1);
    let after = (files(fixture.listed().await, 1), files(fixture.listed().await, 2));
    assert_eq!(after, (1, before.1), "ARGENTINA is in region 1");
    assert_eq!(fixture.run(&by_region("n_regionkey = 2", "CLEANPATH")).await, 5);
    let names: usize = {
        let mut names = 0;
        for key in fixture.listed().await.iter().filter(|key| key.contains("=2/")) {
            names += fixture.text(key).await.lines().count();
        }
        names
    };
    assert_eq!(names, 5, "no slice deleted what another had written");
}

#[tokio::test]
async fn no_rows_are_no_files_and_no_manifest() {
    let fixture = Fixture::sample();
    for options in ["MANIFEST VERBOSE HEADER", "", "GZIP MANIFEST"] {
        assert_eq!(fixture.run(&unload("SELECT 1 AS a WHERE 1 = 0", options)).await, 0);
        assert!(fixture.listed().await.is_empty());
    }
}

#[tokio::test]
async fn an_outer_limit_is_refused_and_an_inner_one_runs() {
    let fixture = Fixture::sample();
    for query in ["select * from nation limit 10", "select top 3 * from nation", "(select * from nation limit 10)"] {
        let error = fixture.refusal(&unload(query, "")).await;
        assert!(error.code() == Code::QueryInvalid && error.message().contains("LIMIT and TOP"), "{query}: {error}");
    }
    let inner = "select * from nation where n_nationkey in (select n_nationkey from nation order by n_nationkey desc limit 10)";
    assert_eq!(fixture.run(&unload(inner, "")).await, 10);
}

#[tokio::test]
async fn a_type_that_a_format_does_not_hold_is_refused_by_name() {
    let fixture = Fixture::sample();
    let query = "SELECT 1 AS a, sha256(''x'') AS b";
    for options in ["JSON", "PARQUET", "FIXEDWIDTH 'a:3,b:64'"] {
        let sql = format!("UNLOAD ('{query}') TO 's3://local/out/n_' IAM_ROLE default {options}");
        let error = fixture.refusal(&sql).await;
        assert!(error.code() == Code::QueryInvalid && error.message().contains("`b` is varbyte"), "{options}: {error}");
    }
    assert_eq!(fixture.run(&unload(query, "")).await, 1);
    let error = fixture.refusal("UNLOAD ('SELECT 1 AS a, 2 AS a') TO 's3://local/out/j' IAM_ROLE default JSON").await;
    assert_eq!(error.code(), Code::DuplicateColumn, "{error}");
}
