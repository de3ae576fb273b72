//! What needs no service.

use std::io::Read;
use std::process::Stdio;

use crate::support::{Place, finish};

#[test]
fn help_goes_to_standard_output_and_mistakes_to_standard_error() {
    let place = Place::new();
    let help = place.run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes:") && help.stdout.contains("unload"), "{}", help.stdout);
    assert!(place.run(&["--version"]).stdout.starts_with("outflow "));

    for (arguments, part) in [
        (&["unlod"][..], "'unload'"),
        (&["status"], "<ID>"),
        (&["unload", "SELECT 1", "--fromat", "csv"], "'--format'"),
        (&["unload", "SELECT 1", "--param", "x"], "name=value"),
        (&["list", "--status", "finished"], "PENDING"),
        (&["serve", "--listen", "localhost"], "127.0.0.1:8080"),
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(ended.stdout.is_empty() && ended.stderr.contains(part), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = place.run(&["completions", shell]);
        assert_eq!(ended.code, 0, "{shell}");
        assert!(ended.stdout.contains("unload") && ended.stdout.contains("request-id"), "{shell}");
    }
    assert_eq!(place.run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let mut child = place.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    let place = Place::new();
    std::fs::write(place.path("outflow.toml"), "[server]\n\nlisten = \"127.0.0.1:1\"\nlisen = 1\n").unwrap();
    for command in [&["serve"][..], &["config", "show"], &["unload", "SELECT 1"], &["doctor"], &["migrate"]] {
        let ended = place.run(command);
        assert_eq!(ended.code, 2, "{command:?}: {}", ended.stderr);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert_eq!(lines[0], "error: unknown key `server.lisen` in `outflow.toml`, line 4", "{command:?}");
        assert_eq!(lines[1], "hint: did you mean `server.listen`?");
    }
    let missing = place.run(&["serve", "--config", "absent.toml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("absent.toml"), "{}", missing.stderr);
}

#[test]
fn the_configuration_is_shown_with_where_it_came_from() {
    let place = Place::new();
    std::fs::write(place.path("outflow.toml"), "[warehouse.main]\nslices = 5\n").unwrap();
    let mut command = place.command(&["config", "show", "--listen", "127.0.0.1:9"]);
    command.env("OUTFLOW_STORE_URL", "postgres://me:s3cr3t@db/outflow").env("OUTFLOW_RETRY_MAX_ATTEMPTS", "7");
    let ended = finish(command, None);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let line =
        |key: &str| ended.stdout.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}: {}", ended.stdout));
    assert!(line("slices").contains("5") && line("slices").contains("outflow.toml, line 2"));
    assert!(line("listen =").contains("--listen") && line("maxAttempts").contains("OUTFLOW_RETRY_MAX_ATTEMPTS"));
    assert!(ended.stdout.contains("me:***@db") && !ended.stdout.contains("s3cr3t"), "{}", ended.stdout);
}

#[test]
fn a_password_that_does_not_belong_there_is_not_repeated() {
    let place = Place::new();
    for (variable, value) in [
        ("OUTFLOW_SERVER_PUBLIC_URL", "http://me:s3cr3t@host"),
        ("OUTFLOW_STORE_URL", "postgres://me:s3cr3t@"),
        ("OUTFLOW_EVENTS_URL", "kafka://me:s3cr3t@host"),
    ] {
        let mut command = place.command(&["config", "show"]);
        command.env(variable, value);
        let ended = finish(command, None);
        assert_eq!(ended.code, 2, "{variable}: {}", ended.stdout);
        assert!(ended.stderr.contains(variable) && !ended.stderr.contains("s3cr3t"), "{}", ended.stderr);
    }
    for server in ["http://me:s3cr3t@127.0.0.1:1", "htp://me:s3cr3t@host", "me:s3cr3t@host"] {
        let ended = place.run(&["status", "x", "--server", server]);
        assert!(ended.code != 0 && ended.stderr.contains("***@") && !ended.stderr.contains("s3cr3t"), "{}", ended.stderr);
    }
}

#[test]
fn a_service_beyond_loopback_is_refused_before_anything_is_made() {
    let place = Place::new();
    let ended = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("no authentication") && ended.stderr.contains("hint: listen on `127.0.0.1"),
        "{}",
        ended.stderr
    );
    assert_eq!(std::fs::read_dir(place.root()).unwrap().count(), 0);
}

#[test]
fn the_api_is_described() {
    let ended = Place::new().run(&["openapi"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert!(document["paths"]["/api/unload"]["post"].is_object());
}

#[test]
fn a_query_that_is_not_text_is_refused_before_anything_runs() {
    let place = Place::new();
    std::fs::write(place.path("bad.sql"), b"SELECT 1,\n'\xff'").unwrap();
    let ended = place.run(&["unload", "@bad.sql"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("not UTF-8 (line 2)"), "{}", ended.stderr);
    let ended = place.run(&["unload", "@absent.sql"]);
    assert!(ended.code == 2 && ended.stderr.contains("absent.sql"), "{}", ended.stderr);
}
