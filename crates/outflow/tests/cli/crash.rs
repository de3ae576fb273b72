//! Crashes of the real process: it dies at each boundary between two steps, and again while it recovers; what is left is carried on to
//! the right end, once.

use std::path::Path;

use outflow_engine::Boundary;
use sqlx::{Connection, Row, SqliteConnection};

use crate::support::{ENDLESS, Ended, Place, Running, eventually};

/// The exit code of a process that aborted itself.
const ABORTED: i32 = 134;

const FRUIT: &str = "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n";

/// What leads to a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// An ordinary unload.
    Delivery,
    /// An unload whose statement was lost with an earlier process.
    LostStatement,
    /// A cancel of a running one.
    Cancel,
    /// The files' time is over.
    Expiry,
}

fn way_to(boundary: Boundary) -> Way {
    match boundary {
        Boundary::Claimed
        | Boundary::Started
        | Boundary::Submitted
        | Boundary::StatementFinished
        | Boundary::Finalizing
        | Boundary::Verified
        | Boundary::ReceiptWritten
        | Boundary::Done => Way::Delivery,
        Boundary::AttemptFailed | Boundary::Waiting => Way::LostStatement,
        Boundary::CancelRecorded | Boundary::StatementCancelled => Way::Cancel,
        Boundary::Expiring | Boundary::Expired | Boundary::FilesDeleted => Way::Expiry,
    }
}

/// Whether recovering passes the boundary once more; where what it stands behind is recorded already, it does not.
fn is_met_again(boundary: Boundary) -> bool {
    !matches!(boundary, Boundary::Done | Boundary::Waiting | Boundary::Expired)
}

#[test]
fn a_crash_between_any_two_steps_loses_nothing_and_repeats_nothing() {
    for &boundary in Boundary::ALL {
        crash_and_recover(boundary);
    }
}

fn crash_and_recover(boundary: Boundary) {
    let place = Place::with_tables();
    let way = way_to(boundary);
    match way {
        Way::Delivery => {
            let mut dying = serve(&place, boundary);
            assert_eq!(submit(&place, &dying, "SELECT * FROM fruit").code, 0);
            assert_died(&mut dying, boundary);
        }
        Way::LostStatement => {
            let mut first = serve(&place, Boundary::Submitted);
            assert_eq!(submit(&place, &first, "SELECT * FROM fruit").code, 0);
            assert_died(&mut first, Boundary::Submitted);
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
    if is_met_again(boundary) {
        assert_died(&mut start(&place, boundary), boundary);
    }
    let mut service = place.serve();
    let end = match way {
        Way::Delivery | Way::LostStatement => "DONE",
        Way::Cancel => "CANCELLED",
        Way::Expiry => "EXPIRED",
    };
    until(&place, &service, end);
    if end == "DONE" {
        let got = place.run(&["download", "a", "--out", "-", "--server", &service.url]);
        assert_eq!((got.code, &*got.stdout), (0, FRUIT), "{boundary:?}: {}", got.stderr);
    }
    eventually("only the files of the winner are left", || folders(&place).len() == usize::from(end == "DONE"));
    eventually("every end is announced", || announced(&place).iter().all(|(_, is_published)| *is_published));
    let told: Vec<_> = announced(&place).into_iter().map(|(what, _)| what).collect();
    let expected: &[&str] = match way {
        Way::Delivery | Way::LostStatement => &["complete"],
        Way::Cancel => &["failed"],
        Way::Expiry => &["complete", "expired"],
    };
    assert_eq!(told, expected, "{boundary:?}: each end is announced, and once");
    service.signal("TERM");
    assert_eq!(service.end(), 0, "{boundary:?}: {}", service.stderr());
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
    place.run(&["unload", sql, "--request-id", "a", "--compression", "none", "--no-wait", "--server", &service.url])
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

fn on_table<T>(place: &Place, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let url = format!("sqlite:{}", place.path("data/outflow.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let answer = work(&mut connection).await;
        connection.close().await.unwrap();
        answer
    })
}
