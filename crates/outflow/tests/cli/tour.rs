//! The tour of the README, run in its order and word for word, but for the address and the folder of the program.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Place, Running, eventually, finish, http};

/// A fenced block of the README.
#[derive(Debug)]
struct Block {
    language: String,
    text: String,
}

/// The blocks between two headings.
fn blocks(from: &str, to: &str) -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let begin = readme.find(from).unwrap_or_else(|| panic!("the README has no `{from}`"));
    let section = &readme[begin..];
    let section = &section[..section.find(to).unwrap_or_else(|| panic!("`{to}` does not follow `{from}`"))];
    let inside = section.split("```").skip(1).step_by(2);
    let block = |text: &str| text.split_once('\n').map(|(language, text)| Block { language: language.into(), text: text.into() });
    inside.filter_map(block).collect()
}

struct Tour {
    place: Place,
    demo: Running,
}

impl Tour {
    fn start() -> Self {
        let place = Place::new();
        let told = place.path("told");
        let mut command = place.command(&["demo", "--listen", "127.0.0.1:0"]);
        command.stdout(std::fs::File::create(&told).unwrap());
        let mut demo = Running::watch_kept(command);
        let text = || std::fs::read_to_string(&told).unwrap();
        eventually("the end of the story", || text().contains("until Ctrl-C"));
        let serving = text().lines().find_map(|line| line.strip_prefix("Serving at ")?.split(' ').next().map(str::to_owned));
        demo.url = serving.unwrap();
        Self { place, demo }
    }

    /// A block as a script for this service.
    fn script(&self, block: &str) -> Command {
        script(&self.place, &block.replace("127.0.0.1:8080", self.demo.url.trim_start_matches("http://")))
    }

    fn get(&self, path: &str) -> Value {
        serde_json::from_str(&http("GET", &format!("{}{path}", self.demo.url), None).1).unwrap()
    }
}

/// A block as a script, which ends at the first command that fails.
fn script(place: &Place, block: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_outflow")).parent().unwrap().display().to_string();
    let text = block.replace("$PWD/target/debug", &program);
    // What is refused is no output: but where the README shows a refusal.
    let is_refusal = text.contains("DELETE FROM");
    let curl = if is_refusal { "" } else { "curl() { command curl --fail --silent --show-error \"$@\"; };" };
    let mut command = Command::new("sh");
    command.args(["-ec", &format!("{curl}\n{text}")]).current_dir(place.root());
    command.env_remove("OUTFLOW_SERVER").env_remove("OUTFLOW_CONFIG");
    command
}

/// What the README shows, but for what no two runs have in common.
fn comparable(text: &str) -> Value {
    let mut answer: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    answer.as_object_mut().unwrap().remove("version");
    answer
}

#[test]
fn the_five_minutes_with_curl_go_as_they_are_told() {
    let mut tour = Tour::start();
    let blocks = blocks("## Five minutes with curl", "## The same at the command line");
    assert!(blocks.len() >= 10, "{blocks:?}");
    let mut last = String::new();
    let mut watching = None;
    let mut compared = 0;
    for block in &blocks {
        match block.language.as_str() {
            "sh" if block.text.contains("/events") => {
                // Whoever watches goes on in another terminal.
                watching = Some(Running::watch(tour.script(&block.text)));
                eventually("it runs, and rows count up", || tour.get("/api/unload/status/tour-2")["rowCount"].as_u64() > Some(0));
            }
            "sh" => {
                let ended = finish(tour.script(&block.text), None);
                assert!(ended.code == 0 && !ended.stdout.is_empty(), "{}\n{}{}", block.text, ended.stdout, ended.stderr);
                last = ended.stdout;
            }
            "json" => {
                assert_eq!(comparable(&last), comparable(&block.text), "{}", block.text);
                compared += 1;
            }
            other => panic!("a block of `{other}` in the tour"),
        }
    }
    assert_eq!(compared, 2);
    let mut watching = watching.expect("the tour watches something");
    assert_eq!(watching.end(), 0, "the events end with the unload: {}", watching.stderr());
    assert_eq!(tour.get("/api/unload/tour-1")["status"], "DONE");
    assert_eq!(tour.get("/api/unload/tour-2")["status"], "CANCELLED");
    let unpacked = finish(tour.script("gunzip -c tour-1.csv.gz"), None);
    let expected = "n_name,r_name\nCHINA,ASIA\nINDIA,ASIA\nINDONESIA,ASIA\nJAPAN,ASIA\nVIETNAM,ASIA\n";
    assert_eq!(unpacked.stdout, expected);
    tour.demo.signal("INT");
    assert_eq!(tour.demo.end(), 0, "{}", tour.demo.stderr());
}

#[test]
fn the_same_goes_at_the_command_line() {
    let tour = Tour::start();
    let blocks = blocks("## The same at the command line", "## The same from Redshift into S3");
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    let ended = finish(tour.script(&blocks[0].text), None);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    for part in ["nation.csv\n", "ok", "\"r_name\":\"AFRICA\"", "tour-4", "CANCELLED", "UNLOAD ("] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    assert_eq!(std::fs::read_to_string(tour.place.path("nation.csv")).unwrap().lines().count(), 26);
    assert_eq!(tour.get("/api/unload/tour-3")["status"], "DONE");
    assert_eq!(tour.get("/api/unload/tour-4")["status"], "CANCELLED");
}

#[test]
fn an_emulator_stands_for_redshift_as_it_is_told() {
    let place = Place::new();
    let blocks = blocks("## The same from Redshift into S3", "## How it is put together");
    let [config, emulate, unload] = blocks.as_slice() else { panic!("{blocks:?}") };
    let told = place.path("told");
    let free = "outflow emulate redshift --pg 127.0.0.1:0 --data-api 127.0.0.1:0";
    assert!(emulate.text.contains("outflow emulate redshift"), "{emulate:?}");
    // What runs is the program itself, which is stopped by its own process id.
    let mut command = script(&place, &emulate.text.replace("outflow emulate redshift", &format!("exec {free}")));
    command.stdout(std::fs::File::create(&told).unwrap());
    let _emulator = Running::watch_kept(command);
    let address = || {
        let text = std::fs::read_to_string(&told).unwrap();
        text.lines().find_map(|line| line.strip_prefix("data-api ").map(str::to_owned))
    };
    eventually("the address of the Data API", || address().is_some());

    assert!(unload.text.contains("http://127.0.0.1:8439"), "{unload:?}");
    let mut command = script(&place, &unload.text.replace("http://127.0.0.1:8439", &address().unwrap()));
    command.env("OUTFLOW_SERVER_LISTEN", "127.0.0.1:0");
    let ended = finish(command, None);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("one row was unloaded, read and deleted"), "{}", ended.stdout);
    assert_eq!(std::fs::read_to_string(place.path("from-redshift.csv")).unwrap().lines().count(), 26);

    std::fs::write(place.path("outflow.toml"), &config.text).unwrap();
    let ended = place.run(&["config", "show", "--config", "outflow.toml"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
}
