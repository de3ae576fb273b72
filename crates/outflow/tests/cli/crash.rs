//! Crashes of the real process: it dies at each boundary between two steps, and again while it recovers; what is left is carried on to
//! the right end, once.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use outflow_engine::Boundary;
use serde_json::Value;
use sqlx::Row;

use crate::support::{ENDLESS, Ended, Place, Running, eventually, http, on_table};

/// The exit code of a process that aborted itself.
const ABORTED: i32 = 134;

const FRUIT: &str = "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n";

/// What leads to a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A request whose answer never comes.
    Acceptance,
    /// An ordinary unload.
    Delivery(Shape),
    /// An unload whose statement was lost with an earlier process.
    LostStatement,
    /// A cancel of a running one.
    Cancel,
    /// A statement that runs beyond the deadline.
    Deadline,
    /// A deadline that passed before anybody took the unload up.
    Overdue,
    /// The files' time is over.
    Expiry,
}

/// What is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The file that the warehouse wrote.
    Plain,
    /// One that was joined of parts.
    Joined,
    /// One that was made because there are no rows.
    Empty,
}

fn ways_to(boundary: Boundary) -> &'static [Way] {
    match boundary {
        Boundary::Accepted => &[Way::Acceptance],
        Boundary::Claimed | Boundary::Started | Boundary::Submitted | Boundary::StatementFinished | Boundary::Published => {
            &[Way::Delivery(Shape::Plain)]
        }
        Boundary::Finalizing | Boundary::Verified | Boundary::ReceiptWritten | Boundary::Done => {
            &[Way::Delivery(Shape::Plain), Way::Delivery(Shape::Joined), Way::Delivery(Shape::Empty)]
        }
        Boundary::PartsJoined => &[Way::Delivery(Shape::Joined)],
        Boundary::AttemptFailed | Boundary::Waiting => &[Way::LostStatement],
        Boundary::CancelRecorded | Boundary::StatementCancelled => &[Way::Cancel],
        Boundary::DeadlineStopped => &[Way::Deadline],
        Boundary::Settling => &[Way::Overdue],
        Boundary::Expiring | Boundary::Expired | Boundary::FilesDeleted => &[Way::Expiry],
    }
}

/// Whether recovering passes the boundary once more; where what it stands behind is recorded already, it does not.
fn is_met_again(boundary: Boundary) -> bool {
    !matches!(boundary, Boundary::Accepted | Boundary::Done | Boundary::Waiting | Boundary::Expired)
}

#[test]
fn a_crash_between_any_two_steps_loses_nothing_and_repeats_nothing() {
    for &boundary in Boundary::ALL {
        for &way in ways_to(boundary) {
            crash_and_recover(boundary, way);
        }
    }
}

fn crash_and_recover(boundary: Boundary, way: Way) {
    let place = Place::with_tables();
    let mut witness = Witness::default();
    match way {
        Way::Acceptance => {
            let mut dying = serve(&place, boundary);
            let _caller = Running::watch(place.command(&unload(&dying, "SELECT * FROM fruit", &[])));
            assert_died(&mut dying, boundary);
        }
        Way::Delivery(shape) => {
            let mut dying = serve(&place, boundary);
            let (sql, options): (_, &[&str]) = match shape {
                Shape::Plain => ("SELECT * FROM fruit", &["--compression", "none"]),
                Shape::Joined => ("SELECT * FROM fruit", &["--compression", "gzip", "--parallel"]),
                Shape::Empty => ("SELECT * FROM fruit WHERE id < 0", &["--compression", "none"]),
            };
            assert_eq!(place.run(&unload(&dying, sql, options)).code, 0);
            assert_died(&mut dying, boundary);
        }
        Way::LostStatement => {
            let mut first = serve(&place, Boundary::Submitted);
            assert_eq!(submit(&place, &first, "SELECT * FROM fruit").code, 0);
            assert_died(&mut first, Boundary::Submitted);
            witness.look(&place, way);
            assert_died(&mut start(&place, boundary), boundary);
        }
        Way::Cancel => {
            let mut dying = serve(&place, boundary);
            assert_eq!(submit(&place, &dying, ENDLESS).code, 0);
            eventually("the statement runs", || status(&place, &dying.url).contains("EXECUTING"));
            // The answer may be lost with the process; the wish is recorded.
            place.run(&["cancel", "a", "--no-wait", "--server", &dying.url]);
            assert_died(&mut dying, boundary);
        }
        Way::Deadline => {
            let mut dying = serve(&place, boundary);
            assert_eq!(place.run(&unload(&dying, ENDLESS, &["--timeout", "3s"])).code, 0);
            assert_died(&mut dying, boundary);
        }
        Way::Overdue => {
            let mut first = serve(&place, Boundary::Claimed);
            assert_eq!(submit(&place, &first, "SELECT * FROM fruit").code, 0);
            assert_died(&mut first, Boundary::Claimed);
            change(
                &place,
                r#"update unload set status = 'PENDING', phase = null, attempt = 0, state = '{"is":"pending"}', worker = null,
                lease_until = null, deadline_at = 1"#,
            );
            assert_died(&mut start(&place, boundary), boundary);
        }
        Way::Expiry => {
            let mut service = place.serve();
            assert_eq!(submit(&place, &service, "SELECT * FROM fruit").code, 0);
            until(&place, &service, "DONE");
            service.signal("TERM");
            assert_eq!(service.end(), 0, "{}", service.stderr());
            drop(service);
            change(&place, "update unload set expires_at = 1");
            assert_died(&mut start(&place, boundary), boundary);
        }
    }
    witness.look(&place, way);
    if is_met_again(boundary) {
        assert_died(&mut start(&place, boundary), boundary);
        witness.look(&place, way);
    }
    let mut service = place.serve();
    let (end, expected): (_, &[&str]) = match way {
        Way::Acceptance | Way::Delivery(_) | Way::LostStatement => ("DONE", &["complete"]),
        Way::Cancel => ("CANCELLED", &["failed"]),
        Way::Deadline | Way::Overdue => ("FAILED", &["failed"]),
        Way::Expiry => ("EXPIRED", &["complete", "expired"]),
    };
    until(&place, &service, end);
    witness.look(&place, way);
    if end == "FAILED" {
        assert!(status(&place, &service.url).contains("deadline_exceeded"), "{way:?}: {}", status(&place, &service.url));
    }
    eventually("only the files of the winner are left", || folders(&place).len() == usize::from(end == "DONE"));
    if end == "DONE" {
        assert_delivered(&place, &service, way);
    }
    eventually("every end is announced", || announced(&place).iter().all(|(_, is_published)| *is_published));
    let told: Vec<_> = announced(&place).into_iter().map(|(what, _)| what).collect();
    assert_eq!(told, expected, "{boundary:?} {way:?}: each end is announced, and once");
    service.signal("TERM");
    assert_eq!(service.end(), 0, "{boundary:?} {way:?}: {}", service.stderr());
}

/// The file is what was asked for, and the receipt beside it is the one that the service gives.
fn assert_delivered(place: &Place, service: &Running, way: Way) {
    let got = place.run(&["download", "a", "--out", "got", "--server", &service.url]);
    assert_eq!(got.code, 0, "{way:?}: {}", got.stderr);
    let mut bytes = std::fs::read(place.path("got")).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut bytes);
        MultiGzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    }
    let expected = if way == Way::Delivery(Shape::Empty) { "id,name\n" } else { FRUIT };
    assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{way:?}");
    let winner = folders(place);
    let [folder] = &winner[..] else { panic!("not one folder: {winner:?}") };
    let written: Value = serde_json::from_slice(&std::fs::read(Path::new(folder).join("receipt.json")).unwrap()).unwrap();
    let (code, told) = http("GET", &format!("{}/api/unload/a/receipt", service.url), None);
    assert_eq!((code, serde_json::from_str::<Value>(&told).unwrap()), (200, written), "{way:?}");
}

/// Remembers how the unload stood: neither version nor status ever goes back.
#[derive(Debug, Default)]
struct Witness {
    version: i64,
    rank: usize,
}

impl Witness {
    fn look(&mut self, place: &Place, way: Way) {
        let (version, status): (i64, String) = on_table(place, async |connection| {
            let row = sqlx::query("select version, status from unload").fetch_one(connection).await.unwrap();
            (row.get(0), row.get(1))
        });
        let ranks: [&[&str]; 4] = [&["PENDING"], &["RUNNING"], &["DONE", "FAILED", "CANCELLED"], &["EXPIRED"]];
        let rank = ranks.iter().position(|names| names.contains(&status.as_str())).unwrap();
        assert!(version >= self.version && rank >= self.rank, "{way:?}: {self:?}, and then {version} {status}");
        (self.version, self.rank) = (version, rank);
    }
}

/// A service that dies at the boundary, once it is up.
fn serve(place: &Place, boundary: Boundary) -> Running {
    Running::start(command(place, boundary))
}

/// One that dies there as soon as it recovers, perhaps before it is up.
fn start(place: &Place, boundary: Boundary) -> Running {
    Running::watch(command(place, boundary))
}

fn command(place: &Place, boundary: Boundary) -> std::process::Command {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--tables", "tables", "--data-dir", "data"];
    let mut command = place.command(&arguments);
    command.env("FAILPOINTS", format!("{}=return", boundary.name()));
    command
}

/// The process ended at the failpoint, and not for any other reason.
fn assert_died(running: &mut Running, boundary: Boundary) {
    assert_eq!(running.end(), ABORTED, "{boundary:?}: {}", running.stderr());
    running.until("the failpoint fired");
    assert!(running.stderr().contains(boundary.name()), "{boundary:?}: {}", running.stderr());
}

fn submit(place: &Place, service: &Running, sql: &str) -> Ended {
    place.run(&unload(service, sql, &["--compression", "none"]))
}

fn unload<'a>(service: &'a Running, sql: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["unload", sql, "--request-id", "a", "--no-wait", "--server", &service.url];
    arguments.extend(options);
    arguments
}

fn status(place: &Place, url: &str) -> String {
    let told = place.run(&["status", "a", "--server", url]);
    format!("{}{}", told.stdout, told.stderr)
}

fn until(place: &Place, service: &Running, end: &str) {
    eventually(end, || {
        let told = status(place, &service.url);
        let is_terminal = ["DONE", "FAILED", "CANCELLED", "EXPIRED"].iter().any(|end| told.contains(end));
        assert!(!is_terminal || told.contains(end) || (end == "EXPIRED" && told.contains("DONE")), "{end}: {told}");
        told.contains(end)
    });
}

/// The folders of attempts that hold files.
fn folders(place: &Place) -> Vec<String> {
    let of = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let unloads = of(&place.path("data/files/unload-results"));
    let attempts = unloads.iter().flat_map(|unload| of(unload));
    attempts.filter(|attempt| !of(attempt).is_empty()).map(|attempt| attempt.display().to_string()).collect()
}

/// The announcements of the one unload, in their order, and whether the bus has them.
fn announced(place: &Place) -> Vec<(String, bool)> {
    on_table(place, async |connection| {
        let rows = sqlx::query("select announced, published_at is not null as is_published from outbox order by version")
            .fetch_all(connection)
            .await
            .unwrap();
        rows.iter().map(|row| (row.get(0), row.get::<i64, _>(1) == 1)).collect()
    })
}

fn change(place: &Place, sql: &'static str) {
    on_table(place, async |connection| {
        assert_eq!(sqlx::query(sql).execute(connection).await.unwrap().rows_affected(), 1);
    });
}
