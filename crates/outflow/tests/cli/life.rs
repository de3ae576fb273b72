//! How a service starts, refuses to start, and ends.

use std::process::Command;

use crate::mount::Mount;
use crate::support::{Place, Running, finish, on_table};

/// Long enough to be running when the service ends, short enough to be run again.
pub(crate) const LONG: &str = "SELECT count(*) AS n FROM numbers a, many b WHERE a.n + b.n < 0 AND b.n < 10000";

#[test]
fn what_was_accepted_survives_an_orderly_end() {
    let place = Place::with_tables();
    let mut first = place.serve();
    let submit = |id: &str, url: &str| place.run(&["unload", LONG, "--request-id", id, "--no-wait", "--server", url]);
    for id in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(submit(id, &first.url).code, 0);
    }
    first.signal("TERM");
    assert_eq!(first.end(), 0, "{}", first.stderr());
    drop(first);

    let second = place.serve();
    for id in ["a", "b", "c", "d", "e", "f"] {
        let ended = place.run(&["status", id, "--wait", "--server", &second.url]);
        assert!(ended.stdout.contains("DONE"), "{id}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn whoever_waits_through_a_restart_gets_the_result() {
    let place = Place::with_tables();
    let mut first = place.serve();
    let address = first.url.trim_start_matches("http://").to_owned();
    let mut waiting =
        Running::watch(place.command(&["unload", LONG, "--request-id", "a", "--out", "a.csv", "--server", &first.url]));
    waiting.until("accepted");
    first.signal("KILL");
    assert_eq!(first.end(), 137);
    waiting.until("the service is away");
    let arguments = ["serve", "--listen", &address, "--tables", "tables", "--data-dir", "data"];
    let _second = Running::start(place.command(&arguments));
    assert_eq!(waiting.end(), 0, "{}", waiting.stderr());
    assert_eq!(std::fs::read_to_string(place.path("a.csv")).unwrap(), "n\n0\n");
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let place = Place::with_tables();
    let service = place.serve();
    let second = place.run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
    assert_eq!(second.code, 4, "{}", second.stderr);
    assert!(second.stderr.contains("(store_locked)") && second.stderr.contains("--server"), "{}", second.stderr);
    let alone = place.run(&["unload", "SELECT 1 AS one", "--data-dir", "data", "--out", "-"]);
    assert!(alone.code == 4 && alone.stderr.contains("--server"), "{}", alone.stderr);
    assert_eq!(place.run(&["status", "nobody", "--server", &service.url]).code, 3, "the first is unharmed");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ended = place.run(&["serve", "--listen", &address]);
    assert_eq!(ended.code, 4);
    assert!(ended.stderr.contains(&address) && ended.stderr.contains("hint: another program has the port"), "{}", ended.stderr);
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let place = Place::new();
    std::fs::write(place.path("file"), "").unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["unload", "SELECT 1 AS one"], &["migrate"]] {
        let ended = place.run(&[command, &["--data-dir", "file/data"]].concat());
        assert_eq!(ended.code, 2, "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("cannot write into the data directory `file/data`"), "{}", ended.stderr);
        assert!(ended.stderr.contains("--data-dir DIR"), "{}", ended.stderr);
    }
    let doctor = place.run(&["doctor", "--data-dir", "file/data"]);
    assert!(doctor.code == 5 && doctor.stdout.contains("FAILED") && doctor.stdout.contains("→"), "{}", doctor.stdout);

    std::fs::create_dir(place.path("read-only")).unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["unload", "SELECT 1 AS one"], &["migrate"]] {
        let command = place.command(&[command, &["--data-dir", "read-only"]].concat());
        let Some(command) = crate::mount::within(&[Mount { folder: place.path("read-only"), options: "ro,size=64k" }], &command)
        else {
            return;
        };
        let ended = finish(command, None);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains("`read-only`: read-only file system"), "{}", ended.stderr);
        assert!(ended.stderr.contains("--data-dir DIR"), "{}", ended.stderr);
    }
}

#[test]
fn a_state_table_of_a_newer_version_is_left_alone() {
    let place = Place::with_tables();
    assert_eq!(place.run(&["migrate", "--data-dir", "data"]).code, 0);
    on_table(&place, async |connection| {
        let newer = "insert into schema_migration (version, description, success, checksum, execution_time) values (99, 'later', true, 'x', 1)";
        sqlx::query(newer).execute(connection).await.unwrap();
    });
    let before = std::fs::read(place.path("data/outflow.db")).unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["unload", "SELECT 1 AS one", "--out", "-"], &["migrate"]] {
        let ended = place.run(&[command, &["--data-dir", "data"]].concat());
        assert_eq!(ended.code, 2, "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("version 99") && ended.stderr.contains("(store_too_new)"), "{}", ended.stderr);
        assert!(ended.stderr.contains("hint: run the newer `outflow`"), "{}", ended.stderr);
    }
    assert!(std::fs::read(place.path("data/outflow.db")).unwrap() == before, "it is as it was");
}

#[test]
fn a_folder_of_tables_that_is_not_there_is_told() {
    let place = Place::new();
    let ended = place.run(&["serve", "--listen", "127.0.0.1:0", "--tables", "absent"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("absent"), "{}", ended.stderr);
}

#[test]
fn logs_are_for_people_or_for_programs() {
    let place = Place::with_tables();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--tables", "tables", "--log-format", "json"];
    let mut service = Running::start(place.command(&arguments));
    let unload = place.run(&["unload", "SELECT 1 AS one", "--request-id", "a", "--out", "-", "--server", &service.url]);
    assert_eq!(unload.code, 0, "{}", unload.stderr);
    service.signal("INT");
    assert_eq!(service.end(), 0);
    let stderr = service.stderr();
    let logs: Vec<serde_json::Value> = stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(logs.len() + 1, stderr.lines().count(), "one line is not a log: {stderr}");
    assert!(logs.iter().any(|log| log.to_string().contains("\"a\"")), "{stderr}");

    let mut command = place.command(&arguments);
    command.env("OUTFLOW_LOG", "warn,[");
    let wrong = finish(command, None);
    assert!(wrong.code == 2 && wrong.stderr.contains("`OUTFLOW_LOG`"), "{}", wrong.stderr);
}

#[test]
fn the_doctor_knows_a_running_service_and_a_broken_table() {
    let place = Place::with_tables();
    let arguments = ["doctor", "--data-dir", "data", "--tables", "tables"];
    // The usual port may be taken on this machine; the doctor would rightly say so.
    let doctor = |more: &[&str]| {
        let mut command = place.command(&[&arguments[..], more].concat());
        command.env("OUTFLOW_SERVER_LISTEN", "127.0.0.1:0");
        finish(command, None)
    };
    let well = doctor(&[]);
    assert!(well.code == 0 && well.stdout.contains("store") && !well.stdout.contains("FAILED"), "{}{}", well.stdout, well.stderr);
    let service = place.serve();
    let running = place.run(&["doctor", "--server", &service.url]);
    assert!(running.code == 0 && running.stdout.contains("warehouse/main"), "{}{}", running.stdout, running.stderr);
    // Where it listens, the configuration does not say: the data is held, and the rest is looked at all the same.
    let beside = doctor(&["--output", "json"]);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&beside.stdout).unwrap();
    let found: Vec<_> = findings.iter().map(|finding| (finding["name"].as_str().unwrap(), finding["ok"] == true)).collect();
    let expected = [
        ("configuration", true),
        ("data directory", true),
        ("store", false),
        ("address", true),
        ("storage", true),
        ("storage files", true),
        ("warehouse main", true),
        ("events", true),
    ];
    assert_eq!((beside.code, &found[..]), (4, &expected[..]), "{}", beside.stderr);
    drop(service);
    std::fs::write(place.path("tables/broken.parquet"), "no").unwrap();
    let broken = doctor(&[]);
    assert!(
        broken.code == 5 && broken.stdout.contains("table broken") && broken.stdout.contains("→ repair"),
        "{}",
        broken.stdout
    );
}

#[test]
fn the_demo_shows_an_unload_and_its_advice_works() {
    let place = Place::new();
    let ended = place.run(&["demo", "--exit", "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    for part in ["202 Accepted", "PENDING", "DONE: 125 rows", "sha256", "/files/0"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    assert!(place.path("outflow-data/demo/outflow.db").exists());

    // What it says to try, word for word, while it serves on.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let wanted = taken.local_addr().unwrap();
    let told = place.path("told");
    let mut command = place.command(&["demo", "--listen", &wanted.to_string()]);
    command.stdout(std::fs::File::create(&told).unwrap());
    let mut demo = Running::watch_kept(command);
    crate::support::eventually("the end of the story", || std::fs::read_to_string(&told).unwrap().contains("until Ctrl-C"));
    let text = std::fs::read_to_string(&told).unwrap();
    assert!(text.contains(&format!("Port {} is taken", wanted.port())), "{text}");
    let program = env!("CARGO_BIN_EXE_outflow");
    let is_tip = |line: &&str| line.starts_with("curl ") || line.starts_with(program);
    let tips: Vec<_> = text.lines().map(str::trim).filter(is_tip).collect();
    assert!(tips.len() >= 5 && tips.iter().any(|tip| tip.starts_with(program)), "{text}");
    for tip in tips {
        // What curl is refused is no output.
        let script = format!("curl() {{ command curl --fail \"$@\"; }}; {tip}");
        let ran = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{tip}: {ran:?}");
    }
    demo.signal("INT");
    assert_eq!(demo.end(), 0, "{}", demo.stderr());
}
