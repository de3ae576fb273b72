//! From a query to a file, in one process and through a service.

use crate::support::{ENDLESS, Place, Running};

const CSV: &str = "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n";

#[test]
fn a_query_becomes_a_file_without_any_service() {
    let place = Place::with_tables();
    let base = ["unload", "SELECT id, name FROM fruit ORDER BY id", "--tables", "tables", "--data-dir", "data"];
    let unload = |more: &[&str]| place.run(&[&base, more].concat());

    let piped = unload(&["--out", "-"]);
    assert_eq!((piped.code, piped.stdout.as_str()), (0, CSV), "{}", piped.stderr);
    assert!(piped.stderr.contains("done: 3 rows") && piped.stderr.contains("verified"), "{}", piped.stderr);

    let saved = unload(&["--out", "fruit.csv", "--save-receipt"]);
    assert_eq!((saved.code, saved.stdout.as_str()), (0, "fruit.csv\n"), "{}", saved.stderr);
    assert_eq!(std::fs::read_to_string(place.path("fruit.csv")).unwrap(), CSV);

    // Before anything runs: nothing is accepted for a file that could not be written.
    let again = unload(&["--out", "fruit.csv"]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    assert!(!again.stderr.contains("accepted"), "{}", again.stderr);

    let own = unload(&["--request-id", "my-fruit"]);
    assert_eq!((own.code, own.stdout.as_str()), (0, "my-fruit.csv.gz\n"), "{}", own.stderr);
    let many = unload(&["--multiple-files", "--out", "folder"]);
    assert_eq!(many.code, 0, "{}", many.stderr);
    assert_eq!(place.run(&["verify", "folder"]).code, 0);
    // Accepted under this name for another request already.
    let taken = unload(&["--request-id", "my-fruit", "--format", "json", "--out", "-"]);
    assert!(taken.code == 4 && taken.stderr.contains("(request_id_taken)"), "{}", taken.stderr);
}

#[test]
fn verify_finds_a_flipped_byte() {
    let place = Place::with_tables();
    for out in ["fruit.csv", "fruit.json.gz", "fruit.csv.zst", "fruit.parquet"] {
        let ended = place.run(&["unload", "SELECT id, name FROM fruit", "--tables", "tables", "--out", out, "--save-receipt"]);
        assert_eq!(ended.code, 0, "{out}: {}", ended.stderr);
        let good = place.run(&["verify", out]);
        assert!(
            good.code == 0 && good.stdout.starts_with("ok") && good.stdout.contains("3 rows"),
            "{out}: {}{}",
            good.stdout,
            good.stderr
        );

        let path = place.path(out);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let bad = place.run(&["verify", out, "--output", "json"]);
        let verdicts: serde_json::Value = serde_json::from_str(&bad.stdout).unwrap();
        assert_eq!((bad.code, verdicts[0]["ok"].as_bool()), (1, Some(false)), "{out}");
        assert!(verdicts[0]["problems"].to_string().contains("SHA-256"), "{out}: {verdicts}");

        std::fs::write(&path, &bytes[..middle]).unwrap();
        let short = place.run(&["verify", out]);
        assert!(short.code == 1 && short.stdout.contains("bytes, and the receipt says"), "{out}: {}", short.stdout);
    }
    let none = place.run(&["verify", "tables/fruit.csv"]);
    assert!(none.code == 3 && none.stderr.contains("no receipt"), "{}", none.stderr);
}

#[test]
fn what_is_wrong_with_a_query_is_told_before_it_runs_or_after() {
    let place = Place::with_tables();
    let unload = |query: &str| place.run(&["unload", query, "--tables", "tables", "--out", "-"]);
    let write = unload("DELETE FROM fruit");
    assert!(write.code == 2 && write.stderr.contains("(sql_not_read_only)"), "{}", write.stderr);
    let syntax = unload("SELECT FROM WHERE");
    assert!(syntax.code == 2 && syntax.stderr.contains("line 1, column"), "{}", syntax.stderr);
    let table = unload("SELECT * FROM fruits");
    assert_eq!(table.code, 1);
    assert!(table.stderr.contains("(unknown_table)") && table.stderr.contains("fruit"), "{}", table.stderr);
    assert!(table.stderr.contains("hint: `outflow tables`") && table.stdout.is_empty(), "{}", table.stderr);
}

#[test]
fn a_query_comes_from_everywhere_and_takes_parameters() {
    let place = Place::with_tables();
    std::fs::write(place.path("q.sql"), "\u{feff}SELECT name FROM fruit -- those\nWHERE id = :id\n").unwrap();
    let end = ["--param", "id:number=2", "--no-header", "--out", "-", "--tables", "tables"];
    let file = place.run(&[&["unload", "@q.sql"][..], &end].concat());
    assert_eq!((file.code, file.stdout.as_str()), (0, "배\n"), "{}", file.stderr);
    let piped = place.run_with_input(&[&["unload", "-"][..], &end].concat(), "SELECT name FROM fruit WHERE id = :id");
    assert_eq!((piped.code, piped.stdout.as_str()), (0, "배\n"), "{}", piped.stderr);
    let missing = place.run(&["unload", "@q.sql", "--tables", "tables"]);
    assert!(missing.code == 2 && missing.stderr.contains("(parameter_missing)"), "{}", missing.stderr);
}

#[test]
fn tables_and_explain_run_nothing() {
    let place = Place::with_tables();
    let tables = place.run(&["tables", "--tables", "tables"]);
    assert!(
        tables.code == 0 && tables.stdout.contains("fruit\n") && tables.stdout.contains("  name"),
        "{}{}",
        tables.stdout,
        tables.stderr
    );
    let explain = place.run(&["explain", "SELECT * FROM fruit LIMIT 1", "--format", "parquet", "--tables", "tables"]);
    assert!(
        explain.code == 0 && explain.stdout.starts_with("UNLOAD (") && explain.stdout.contains("PARQUET"),
        "{}",
        explain.stderr
    );
    let refused = place.run(&["explain", "DROP TABLE fruit", "--tables", "tables"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
}

#[test]
fn a_service_is_used_from_submission_to_deletion() {
    let place = Place::with_tables();
    let service = place.serve();
    let run = |arguments: &[&str]| place.run(&[arguments, &["--server", &service.url]].concat());

    let accepted = run(&["unload", "SELECT * FROM fruit ORDER BY id", "--request-id", "a", "--label", "team=x", "--no-wait"]);
    assert_eq!((accepted.code, accepted.stdout.as_str()), (0, "a\n"), "{}", accepted.stderr);
    let saved = run(&["download", "a", "--wait", "--out", "a.csv.gz"]);
    assert_eq!((saved.code, saved.stdout.as_str()), (0, "a.csv.gz\n"), "{}", saved.stderr);
    let status: serde_json::Value = serde_json::from_str(&run(&["status", "a", "--output", "json"]).stdout).unwrap();
    assert_eq!((status["status"].as_str(), status["rowCount"].as_u64()), (Some("DONE"), Some(3)));
    let receipt = run(&["receipt", "a", "--output", "json"]);
    std::fs::write(place.path("a.csv.gz.receipt.json"), &receipt.stdout).unwrap();
    assert_eq!(place.run(&["verify", "a.csv.gz"]).code, 0);

    let listed = run(&["list", "--label", "team=x", "--status", "done", "--since", "1h", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(run(&["list", "--label", "team=y"]).stdout, "");

    assert_eq!(run(&["cancel", "a"]).code, 4);
    assert_eq!(run(&["delete", "a"]).code, 0);
    assert_eq!(run(&["download", "a"]).code, 3);
    let retried = run(&["retry", "a", "--request-id", "b"]);
    assert_eq!(retried.code, 0, "{}", retried.stderr);
    assert_eq!(run(&["download", "b", "--wait", "--out", "b.csv.gz"]).code, 0);
    assert_eq!(run(&["status", "nobody"]).code, 3);
}

#[test]
fn a_running_unload_is_cancelled_by_command_and_by_ctrl_c() {
    let place = Place::with_tables();
    let service = place.serve();
    let run = |arguments: &[&str]| place.run(&[arguments, &["--server", &service.url]].concat());
    assert_eq!(run(&["unload", ENDLESS, "--request-id", "a", "--no-wait"]).code, 0);
    let early = run(&["download", "a"]);
    assert!(early.code == 4 && early.stderr.contains("(not_ready)"), "{}", early.stderr);
    let cancelled = run(&["cancel", "a"]);
    assert!(cancelled.code == 0 && cancelled.stdout.contains("CANCELLED"), "{}{}", cancelled.stdout, cancelled.stderr);
    assert_eq!(run(&["unload", ENDLESS, "--request-id", "c", "--no-wait"]).code, 0);
    assert_eq!(run(&["cancel", "c", "--no-wait"]).code, 0);
    let ended = run(&["status", "c", "--wait"]);
    assert!(ended.stdout.contains("CANCELLED"), "{}", ended.stdout);

    let command = place.command(&["unload", ENDLESS, "--request-id", "b", "--server", &service.url]);
    let mut waiting = Running::watch(command);
    waiting.until("(EXECUTING)");
    waiting.signal("INT");
    assert_eq!(waiting.end(), 130);
    assert!(waiting.stderr().contains("cancelling `b`") && waiting.stderr().contains("`b` is cancelled"), "{}", waiting.stderr());
    assert!(run(&["status", "b"]).stdout.contains("CANCELLED"));

    let mut alone = Running::watch(place.command(&["unload", ENDLESS, "--tables", "tables", "--data-dir", "own"]));
    alone.until("(EXECUTING)");
    alone.signal("INT");
    assert_eq!(alone.end(), 130);
    assert!(alone.stderr().contains("is cancelled"), "{}", alone.stderr());
}

#[test]
fn an_unload_that_somebody_else_cancels_fails_for_those_who_wait() {
    let place = Place::with_tables();
    let service = place.serve();
    let mut waiting = Running::watch(place.command(&["unload", ENDLESS, "--request-id", "a", "--server", &service.url]));
    waiting.until("(EXECUTING)");
    assert_eq!(place.run(&["cancel", "a", "--server", &service.url]).code, 0);
    assert_eq!(waiting.end(), 1);
    assert!(waiting.stderr().contains("was cancelled"), "{}", waiting.stderr());
}
