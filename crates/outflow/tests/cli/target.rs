//! Where results go, and what may lie there already.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Ended, Place, Running};

const CSV: &str = "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n";
const BASE: [&str; 6] = ["unload", "SELECT id, name FROM fruit ORDER BY id", "--tables", "tables", "--data-dir", "data"];

fn unload(place: &Place, more: &[&str]) -> Ended {
    place.run(&[&BASE, more].concat())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Refused because something is in the way, and before anything was accepted.
fn assert_refused(ended: &Ended, what: &str) {
    assert!(ended.code == 4 && ended.stderr.contains(&format!("`{what}` is there already")), "{}", ended.stderr);
    assert!(!ended.stderr.contains("accepted"), "{}", ended.stderr);
}

#[test]
fn a_pipe_takes_the_result_and_stays_one() {
    let place = Place::with_tables();
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("pipe", place.path("link")).unwrap();
    for (out, force) in [("pipe", false), ("link", false), ("pipe", true)] {
        let named = pipe.clone();
        let reader = std::thread::spawn(move || std::fs::read_to_string(named).unwrap());
        let more = if force { &["--force"][..] } else { &[] };
        let ended = unload(&place, &[&["--out", out][..], more].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("to `{out}`, verified")), "{}", ended.stderr);
        assert_eq!(reader.join().unwrap(), CSV, "as to standard output: plain");
        assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(std::fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    }
    for more in ["--save-receipt", "--multiple-files"] {
        let ended = unload(&place, &["--out", "pipe", more]);
        assert!(ended.code == 2 && ended.stderr.contains("`--out pipe`"), "{}", ended.stderr);
    }
}

#[test]
fn through_a_link_it_is_the_file_that_is_replaced() {
    let place = Place::with_tables();
    std::fs::create_dir(place.path("far")).unwrap();
    std::fs::write(place.path("far/real.csv"), "mine").unwrap();
    for (link, to) in [("link.csv", "far/real.csv"), ("nowhere.csv", "far/absent.csv")] {
        std::os::unix::fs::symlink(to, place.path(link)).unwrap();
        assert_refused(&unload(&place, &["--out", link]), link);
    }
    assert_eq!(read(&place.path("far/real.csv")), "mine");
    let ended = unload(&place, &["--out", "link.csv", "--force"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "link.csv\n"), "{}", ended.stderr);
    assert!(std::fs::symlink_metadata(place.path("link.csv")).unwrap().is_symlink());
    assert_eq!(read(&place.path("far/real.csv")), CSV);
    assert_eq!(std::fs::read_dir(place.path("far")).unwrap().count(), 1);
}

#[test]
fn a_folder_takes_one_unload_after_the_other() {
    let place = Place::with_tables();
    std::fs::create_dir(place.path("out")).unwrap();
    for id in ["a", "b"] {
        let ended = unload(&place, &["--request-id", id, "--out", "out"]);
        assert_eq!((ended.code, ended.stdout), (0, format!("out/{id}.csv.gz\n")), "{}", ended.stderr);
        assert_eq!(place.run(&["verify", &format!("out/{id}.csv.gz")]).code, 0);
    }
    assert_refused(&unload(&place, &["--request-id", "b", "--out", "out"]), "out/b.csv.gz");
    std::fs::write(place.path("out/c.csv.gz.receipt.json"), "{}").unwrap();
    assert_refused(&unload(&place, &["--request-id", "c", "--out", "out"]), "out/c.csv.gz.receipt.json");
    assert!(!place.path("out/c.csv.gz").exists());
    let unnamed = unload(&place, &["--out", "out"]);
    assert_eq!(unnamed.code, 0, "{}", unnamed.stderr);
}

#[test]
fn a_folder_keeps_the_receipt_of_the_unload_that_lies_in_it() {
    let place = Place::with_tables();
    let receipt = place.path("out/receipt.json");
    let many = |more: &[&str]| unload(&place, &[&["--multiple-files", "--out", "out"], more].concat());
    assert_eq!(many(&["--request-id", "a"]).code, 0);
    assert_eq!(place.run(&["verify", "out"]).code, 0);
    let first = read(&receipt);
    assert_refused(&many(&["--request-id", "b"]), "out/receipt.json");
    assert_refused(&many(&[]), "out/receipt.json");
    assert_eq!(read(&receipt), first);

    // Nor does it lose it to one that was accepted long ago; to the same one it does.
    let service = place.serve();
    let run = |arguments: &[&str]| place.run(&[arguments, &["--server", &service.url]].concat());
    let sql = "SELECT id FROM fruit";
    assert_eq!(run(&["unload", sql, "--multiple-files", "--request-id", "c", "--out", "other"]).code, 0);
    let refused = run(&["download", "c", "--out", "out"]);
    assert!(refused.code == 4 && refused.stderr.contains("`out/receipt.json` is there already"), "{}", refused.stderr);
    assert_eq!(read(&receipt), first);
    let same = run(&["download", "a", "--out", "out", "--force"]);
    assert_eq!(same.code, 0, "{}", same.stderr);
    assert_eq!(run(&["download", "c", "--out", "out", "--force"]).code, 0);
    assert_ne!(read(&receipt), first);
}

#[test]
fn what_can_be_known_before_is_told_before() {
    let place = Place::with_tables();
    std::fs::write(place.path("z.csv.receipt.json"), "{}").unwrap();
    assert_refused(&unload(&place, &["--out", "z.csv", "--save-receipt"]), "z.csv.receipt.json");
    assert!(!place.path("z.csv").exists());
    std::fs::write(place.path("a.json.zst"), "mine").unwrap();
    let own = ["--request-id", "a", "--format", "json", "--compression", "zstd"];
    assert_refused(&unload(&place, &own), "a.json.zst");
    assert_eq!(unload(&place, &[&own[..], &["--force"]].concat()).code, 0);
}

#[test]
fn a_result_that_found_no_place_is_not_lost() {
    let place = Place::with_tables();
    let service = place.serve();
    let long = crate::life::LONG;
    for server in [&["--server", &service.url][..], &["--tables", "tables", "--data-dir", "own"]] {
        let mut waiting =
            Running::watch(place.command(&[&["unload", long, "--request-id", "a", "--out", "n.csv"], server].concat()));
        waiting.until("accepted");
        std::fs::write(place.path("n.csv"), "mine").unwrap();
        assert_eq!(waiting.end(), 4);
        let told = waiting.stderr();
        assert!(told.contains("`n.csv` is there already") && told.contains("`outflow download a --out FILE`"), "{told}");
        assert_eq!(told.contains("`outflow serve`, and then"), server.len() > 2, "{told}");
        assert_eq!(read(&place.path("n.csv")), "mine");
        std::fs::remove_file(place.path("n.csv")).unwrap();
    }
    assert_eq!(place.run(&["download", "a", "--out", "n.csv", "--server", &service.url]).code, 0);
    assert_eq!(read(&place.path("n.csv")), "n\n0\n");
}
