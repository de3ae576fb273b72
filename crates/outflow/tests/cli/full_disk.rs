//! A disk that fills up under a running service: what is refused, what fails, what waits, and that nothing is lost.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::life::LONG;
use crate::mount::{Mount, seen_by, within};
use crate::support::{Place, Running, SERVE, eventually, http};

/// A service with a folder on a small file system.
struct Service {
    running: Running,
    folder: PathBuf,
}

impl Service {
    fn start(place: &Place, folder: &str, options: &'static str, variables: &[(&str, &str)]) -> Option<Self> {
        let folder = place.path(folder);
        std::fs::create_dir(&folder).unwrap();
        let mut command = place.command(&SERVE);
        command.env("OUTFLOW_LOG", "info").env("OUTFLOW_RETRY_MAX_DELAY_SECONDS", "1").envs(variables.iter().copied());
        let running = Running::start(within(&[Mount { folder: folder.clone(), options }], &command)?);
        let folder = seen_by(running.id(), &folder);
        Some(Self { running, folder })
    }

    fn submit(&self, id: &str, sql: &str) -> (u16, Value) {
        let body = serde_json::json!({"requestId": id, "sql": sql, "compression": "none", "parallel": false}).to_string();
        let (status, body) = http("POST", &format!("{}/api/unload", self.running.url), Some(&body));
        (status, serde_json::from_str(&body).unwrap())
    }

    fn get(&self, path: &str) -> (u16, String) {
        http("GET", &format!("{}{path}", self.running.url), None)
    }

    /// The unload, once it has ended as it should.
    fn until(&self, id: &str, end: &str) -> Value {
        let mut last = Value::Null;
        eventually(&format!("{id} is {end}"), || {
            last = serde_json::from_str(&self.get(&format!("/api/unload/{id}")).1).unwrap();
            let status = last["status"].as_str().unwrap();
            assert!(status == end || !["DONE", "FAILED", "CANCELLED"].contains(&status), "{last}");
            status == end
        });
        last
    }

    /// The files of results, and those on their way there.
    fn files(&self, storage: &str) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.folder.join(storage)]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

/// Takes all the room that is left.
fn fill(path: &Path) -> File {
    let mut file = File::create(path).unwrap();
    let block = [7; 1024];
    while file.write_all(&block).is_ok() {}
    file
}

#[test]
fn a_result_that_does_not_fit_fails_and_gives_its_room_back() {
    let place = Place::with_tables();
    let variables = [("OUTFLOW_STORAGE_URL", "file:small"), ("OUTFLOW_RETRY_MAX_ATTEMPTS", "2")];
    let Some(service) = Service::start(&place, "small", "size=512k", &variables) else { return };
    assert_eq!(service.submit("big", "SELECT n FROM many").0, 202);
    let failed = service.until("big", "FAILED");
    assert_eq!((failed["error"]["code"].as_str(), failed["attempt"].as_u64()), (Some("storage_full"), Some(2)), "{failed}");
    assert_eq!(failed["error"]["retryable"], true);
    eventually("nothing of it is left", || service.files("").is_empty());
    // It takes more than the half of the room.
    assert_eq!(service.submit("small", "SELECT n FROM many WHERE n < 50000").0, 202);
    assert_eq!(service.until("small", "DONE")["rowCount"], 50_000);
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::with_tables();
    let Some(service) = Service::start(&place, "data", "size=4m", &[("OUTFLOW_RETRY_MAX_ATTEMPTS", "100")]) else { return };
    assert_eq!(service.get("/readyz").0, 200);
    assert_eq!(service.submit("running", LONG).0, 202);
    eventually("it runs", || service.get("/api/unload/status/running").1.contains("EXECUTING"));

    let filler = service.folder.join("filler");
    drop(fill(&filler));
    // The log of the store may have a little room left in what it has already.
    let mut accepted = Vec::new();
    let refused = loop {
        let id = format!("full-{}", accepted.len());
        match service.submit(&id, "SELECT id, name FROM fruit ORDER BY id") {
            (202, _) => accepted.push(id),
            (status, problem) => {
                assert_eq!((status, problem["code"].as_str()), (503, Some("store_unavailable")), "{problem}");
                break id;
            }
        }
    };
    assert_eq!(service.get(&format!("/api/unload/{refused}")).0, 404, "what was refused is not there");
    assert_eq!(service.get("/readyz").0, 503);
    assert_eq!(service.get("/healthz").0, 200);
    let still: Value = serde_json::from_str(&service.get("/api/unload/running").1).unwrap();
    assert_eq!(still["status"], "RUNNING", "{still}");

    std::fs::remove_file(&filler).unwrap();
    service.until("running", "DONE");
    for id in &accepted {
        service.until(id, "DONE");
    }
    assert_eq!(service.get("/readyz").0, 200);
    assert_eq!(service.get(&format!("/api/unload/{refused}")).0, 404);
    assert_eq!(service.submit(&refused, "SELECT id, name FROM fruit ORDER BY id").0, 202);
    assert_eq!(service.until(&refused, "DONE")["rowCount"], 3);
}

#[test]
fn a_receipt_that_does_not_fit_is_written_later() {
    let place = Place::with_tables();
    let variables = [("OUTFLOW_STORAGE_URL", "file:small"), ("OUTFLOW_RETRY_MAX_ATTEMPTS", "100")];
    let Some(mut service) = Service::start(&place, "small", "size=256k", &variables) else { return };
    // Room for two blocks: the file, and the manifest of the warehouse.
    let block = Command::new("stat").args(["-f", "-c", "%S"]).arg(&service.folder).output().unwrap();
    let block: u64 = String::from_utf8(block.stdout).unwrap().trim().parse().unwrap();
    let path = service.folder.join("filler");
    let filler = fill(&path);
    let whole = filler.metadata().unwrap().len();
    filler.set_len(whole - 2 * block).unwrap();
    assert_eq!(service.submit("a", "SELECT id, name FROM fruit ORDER BY id").0, 202);
    let told = service.running.until("receipt.json");
    assert!(told.contains("no room left"), "{told}");
    drop(filler);
    std::fs::remove_file(&path).unwrap();
    let done = service.until("a", "DONE");
    assert_eq!(done["fileCount"], 1);
    let unload_id = done["unloadId"].as_str().unwrap();
    let winner = format!("{unload_id}-{}", done["attempt"]);
    eventually("only the files of the winner are left", || {
        let files = service.files("unload-results");
        !files.is_empty() && files.iter().all(|file| file.display().to_string().contains(&winner))
    });
    let got = place.run(&["download", "a", "--out", "-", "--server", &service.running.url]);
    assert_eq!((got.code, &*got.stdout), (0, "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n"), "{}", got.stderr);
}
