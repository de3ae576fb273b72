//! From a query to a file, in one process and through a service.

use sqlx::Row;

use crate::support::{ENDLESS, Place, Running, finish, on_table};

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
    assert!(!place.path("outflow-data").exists(), "whoever only looks leaves nothing behind");
}

#[test]
fn tables_and_explain_meet_nobodys_unloads() {
    let place = Place::with_tables();
    let mut service = place.serve();
    assert_eq!(place.run(&["unload", ENDLESS, "--request-id", "a", "--no-wait", "--server", &service.url]).code, 0);
    let on_data = ["--tables", "tables", "--data-dir", "data"];
    let look = || {
        let tables = place.run(&[&["tables"][..], &on_data].concat());
        assert!(tables.code == 0 && tables.stdout.contains("fruit\n"), "{}", tables.stderr);
        let explain = place.run(&[&["explain", "SELECT * FROM fruit"][..], &on_data].concat());
        assert_eq!(explain.code, 0, "{}", explain.stderr);
    };
    // While a service holds the data, and after it died with an unload that is to be carried on.
    look();
    service.signal("KILL");
    assert_eq!(service.end(), 137);
    let row = || {
        on_table(&place, async |connection| {
            let query = sqlx::query("select status, attempt, version from unload").fetch_one(connection).await.unwrap();
            (query.get::<String, _>(0), query.get::<i64, _>(1), query.get::<i64, _>(2))
        })
    };
    let left = row();
    look();
    assert_eq!(row(), left);
}

#[test]
fn flags_for_a_service_of_its_own_do_not_go_with_another() {
    let place = Place::with_tables();
    std::fs::write(place.path("o.toml"), "").unwrap();
    let server = ["--server", "http://me:s3cr3t@127.0.0.1:1"];
    for command in [&["unload", "SELECT 1 AS one"][..], &["tables"], &["explain", "SELECT 1 AS one"], &["doctor"]] {
        for flag in [["--tables", "tables"], ["--data-dir", "data"], ["--config", "o.toml"]] {
            let ended = place.run(&[command, &flag, &server].concat());
            assert_eq!(ended.code, 2, "{command:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(&format!("error: `{}` does not go with", flag[0])), "{}", ended.stderr);
            assert!(!ended.stderr.contains("s3cr3t"), "{}", ended.stderr);
        }
    }
    // By the variables too; the file that one names is for other commands.
    let by_variable = |command: &[&str]| {
        let mut command = place.command(command);
        command.env("OUTFLOW_SERVER", server[1]).env("OUTFLOW_CONFIG", "o.toml");
        finish(command, None)
    };
    let refused = by_variable(&["tables", "--tables", "tables"]);
    assert!(refused.code == 2 && refused.stderr.contains("OUTFLOW_SERVER"), "{}", refused.stderr);
    let away = by_variable(&["tables"]);
    assert!(away.code == 5 && !away.stderr.contains("s3cr3t"), "{}", away.stderr);
    let mut shown = place.command(&["config", "show"]);
    shown.env("OUTFLOW_CONFIG", "absent.toml");
    let absent = finish(shown, None);
    assert!(absent.code == 2 && absent.stderr.contains("absent.toml"), "{}", absent.stderr);
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

    assert_eq!(run(&["status", "a", "--wait"]).code, 0);
    assert_eq!(run(&["cancel", "a"]).code, 4);
    assert_eq!(run(&["delete", "a"]).code, 0);
    let expired = run(&["status", "a", "--wait"]);
    assert!(expired.code == 3 && expired.stdout.contains("EXPIRED"), "{}{}", expired.stdout, expired.stderr);
    assert_eq!(run(&["status", "a"]).code, 0, "without `--wait` it is only told");
    assert_eq!(run(&["download", "a"]).code, 3);
    let retried = run(&["retry", "a", "--request-id", "b"]);
    assert_eq!(retried.code, 0, "{}", retried.stderr);
    assert_eq!(run(&["download", "b", "--wait", "--out", "b.csv.gz"]).code, 0);
    assert_eq!(run(&["status", "nobody"]).code, 3);

    assert_eq!(run(&["unload", "SELECT * FROM nuts", "--request-id", "f", "--no-wait"]).code, 0);
    let failed = run(&["status", "f", "--wait", "--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&failed.stdout).unwrap();
    assert_eq!((failed.code, told["status"].as_str()), (1, Some("FAILED")), "{}", failed.stderr);
    assert!(failed.stderr.contains("(unknown_table)"), "{}", failed.stderr);
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
    assert!(ended.code == 1 && ended.stdout.contains("CANCELLED"), "{}", ended.stdout);

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
