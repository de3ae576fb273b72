//! Services that are away, are none, break off or send something else: what the client makes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::fake::{Fake, answer, crc64nvme, json as json_answer, sha256};
use crate::support::Place;

const BODY: &str = "id,name\n1,apple\n2,pear\n";

fn problem(status: u16, code: &str) -> Value {
    json!({"type": format!("/docs/errors/{code}"), "title": "t", "status": status, "detail": "what happened", "code": code, "requestId": "x"})
}

#[test]
fn every_refusal_has_its_exit_code_and_a_hint() {
    for (status, code, exit, hint) in [
        ("404 Not Found", "not_found", 3, "outflow list"),
        ("410 Gone", "expired", 3, "outflow retry"),
        ("409 Conflict", "already_terminal", 4, "outflow status"),
        ("422 Unprocessable Content", "sql_syntax", 2, ""),
        ("429 Too Many Requests", "quota_exceeded", 5, ""),
        ("503 Service Unavailable", "store_unavailable", 5, ""),
        ("500 Internal Server Error", "internal", 1, ""),
    ] {
        let number = status[..3].parse().unwrap();
        let fake = Fake::start(Box::new(move |_| json_answer(status, &problem(number, code))));
        let ended = Place::new().run(&["cancel", "x", "--server", &fake.url]);
        assert_eq!(ended.code, exit, "{code}: {}", ended.stderr);
        assert!(
            ended.stdout.is_empty() && ended.stderr.starts_with(&format!("error: what happened ({code})")),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains(hint), "{code}: {}", ended.stderr);
    }
}

#[test]
fn a_service_that_is_away_or_is_none_is_told_apart() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ended = place.run(&["status", "x", "--server", &away]);
    assert_eq!(ended.code, 5);
    assert!(
        ended.stderr.contains("connection refused") && ended.stderr.contains("hint: start one with `outflow serve`"),
        "{}",
        ended.stderr
    );

    let proxy = Fake::start(Box::new(|_| answer("502 Bad Gateway", "content-type: text/html\r\n", b"<html>")));
    let ended = place.run(&["status", "x", "--server", &proxy.url]);
    assert!(ended.code == 5 && ended.stderr.contains("not as Outflow does"), "{}", ended.stderr);

    let other = Fake::start(Box::new(|_| answer("200 OK", "content-type: text/html\r\n", b"<html>")));
    let ended = place.run(&["status", "x", "--server", &other.url]);
    assert!(ended.code == 1 && ended.stderr.contains("cannot be read"), "{}", ended.stderr);

    let ended = place.run(&["status", "x", "--server", "localhost:8080"]);
    assert!(ended.code == 2 && ended.stderr.contains("not the address of a service"), "{}", ended.stderr);
    let ended = place.run(&["status", "../healthz", "--server", &other.url]);
    assert!(ended.code == 2 && ended.stderr.contains("invalid_request_id"), "{}", ended.stderr);
}

/// The answers of a service with one finished unload; `file` answers for its file.
fn with_file(file: impl FnMut(Option<&str>) -> Vec<u8> + Send + 'static) -> Fake {
    with_file_of(&sha256(BODY), file)
}

/// The same, with that checksum in the receipt.
fn with_file_of(checksum: &Value, mut file: impl FnMut(Option<&str>) -> Vec<u8> + Send + 'static) -> Fake {
    let options = json!({"format": "csv", "compression": "none", "header": true, "delimiter": ",", "nullAs": "", "bom": false,
        "singleFile": true, "parallel": false, "retentionDays": 7, "timeoutSeconds": 60});
    Fake::finished(&options, &["output000.csv"], BODY, checksum, move |_, range| file(range))
}

fn ranged(range: Option<&str>) -> Vec<u8> {
    let from: usize = range.map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
    let headers = format!("content-range: bytes {from}-22/23\r\ncontent-disposition: attachment; filename=\"fruit.csv\"\r\n");
    let status = if from == 0 { "200 OK" } else { "206 Partial Content" };
    answer(status, &headers, &BODY.as_bytes()[from..])
}

#[test]
fn whoever_waits_sees_rows_and_bytes() {
    let steps = [
        json!({"status": "PENDING", "phase": null, "attempt": 0, "rowCount": null, "byteCount": null, "queuePosition": 1_234}),
        json!({"status": "RUNNING", "phase": "EXECUTING", "attempt": 1, "rowCount": 1_234_567, "byteCount": 0, "queuePosition": null}),
        json!({"status": "RUNNING", "phase": "WAITING", "attempt": 1, "rowCount": null, "byteCount": null, "queuePosition": null}),
        json!({"status": "RUNNING", "phase": "EXECUTING", "attempt": 2, "rowCount": 1, "byteCount": 1_250_000_000, "queuePosition": null}),
        json!({"status": "FAILED", "phase": null, "attempt": 2, "rowCount": null, "byteCount": null, "queuePosition": null}),
    ];
    let mut at = 0;
    let fake = Fake::start(Box::new(move |request| {
        if request.path == "/api/unload/x" {
            return json_answer("404 Not Found", &problem(404, "not_found"));
        }
        let mut step = steps[at.min(steps.len() - 1)].clone();
        at += 1;
        let more = json!({"requestId": "x", "version": at, "error": null});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json_answer("200 OK", &step)
    }));
    let told = Place::new().run(&["status", "x", "--wait", "--server", &fake.url]).stderr;
    let lines: Vec<_> = told.lines().take(5).collect();
    assert_eq!(
        lines,
        [
            "PENDING, 1,234 before it",
            "RUNNING (EXECUTING): 1,234,567 rows",
            "RUNNING (WAITING)",
            "RUNNING (EXECUTING), attempt 2: 1 row, 1.2 GB",
            "FAILED, attempt 2"
        ]
    );
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    for checksum in [sha256(BODY), crc64nvme(BODY)] {
        let place = Place::new();
        let cuts = Arc::new(AtomicUsize::new(0));
        let fake = with_file_of(&checksum, move |range| {
            let mut whole = ranged(range);
            if cuts.fetch_add(1, Ordering::SeqCst) < 2 {
                whole.truncate(whole.len() - 8);
            }
            whole
        });
        let ended = place.run(&["download", "x", "--server", &fake.url]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stdout, "fruit.csv\n");
        assert_eq!(std::fs::read_to_string(place.path("fruit.csv")).unwrap(), BODY);
        let seen = fake.seen.lock().unwrap().clone();
        let ranges: Vec<_> = seen.into_iter().filter(|seen| seen.path.ends_with("/files/0")).map(|seen| seen.range).collect();
        assert_eq!(ranges, [None, Some("bytes=15-".to_owned()), Some("bytes=15-".to_owned())]);
        assert_eq!(std::fs::read_dir(place.root()).unwrap().count(), 1, "nothing else is left");
    }
}

#[test]
fn what_an_earlier_download_left_is_gone_on_from_and_given_up_where_it_is_something_else() {
    for checksum in [sha256(BODY), crc64nvme(BODY)] {
        let digits = &checksum["value"].as_str().unwrap()[..12];
        for (left, expected) in
            [(&BODY[..15], vec![Some("bytes=15-".to_owned())]), ("id,name\n1,melon", vec![Some("bytes=15-".to_owned()), None])]
        {
            let place = Place::new();
            std::fs::write(place.path(&format!(".fruit.csv.{digits}.part")), left).unwrap();
            let fake = with_file_of(&checksum, ranged);
            let ended = place.run(&["download", "x", "--out", "fruit.csv", "--server", &fake.url]);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            assert_eq!(std::fs::read_to_string(place.path("fruit.csv")).unwrap(), BODY);
            let seen = fake.seen.lock().unwrap().clone();
            let ranges: Vec<_> = seen.into_iter().filter(|seen| seen.path.ends_with("/files/0")).map(|seen| seen.range).collect();
            assert_eq!(ranges, expected);
            assert_eq!(std::fs::read_dir(place.root()).unwrap().count(), 1, "nothing else is left");
        }
    }
}

#[test]
fn standard_output_gets_every_byte_once_even_when_the_service_knows_no_ranges() {
    let place = Place::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let fake = with_file(move |_| {
        let mut whole = ranged(None);
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            whole.truncate(whole.len() - 8);
        }
        whole
    });
    let ended = place.run(&["download", "x", "--out", "-", "--server", &fake.url]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, BODY), "{}", ended.stderr);
}

#[test]
fn what_is_not_what_the_receipt_says_gets_no_name() {
    for checksum in [sha256(BODY), crc64nvme(BODY)] {
        let place = Place::new();
        let fake = with_file_of(&checksum, |_| answer("200 OK", "", BODY.replace("pear", "peer").as_bytes()));
        let ended = place.run(&["download", "x", "--out", "fruit.csv", "--server", &fake.url]);
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains("(verification_failed)"), "{}", ended.stderr);
        assert_eq!(std::fs::read_dir(place.root()).unwrap().count(), 0);
    }
}

#[test]
fn what_is_there_is_not_overwritten_unless_it_is_wished() {
    let place = Place::new();
    let fake = with_file(ranged);
    std::fs::write(place.path("fruit.csv"), "mine").unwrap();
    for out in [&["download", "x"][..], &["download", "x", "--out", "fruit.csv"]] {
        let ended = place.run(&[out, &["--server", &fake.url]].concat());
        assert_eq!(ended.code, 4, "{}", ended.stderr);
        assert!(ended.stderr.contains("`--force`"), "{}", ended.stderr);
        assert_eq!(std::fs::read_to_string(place.path("fruit.csv")).unwrap(), "mine");
    }
    assert_eq!(place.run(&["download", "x", "--force", "--server", &fake.url]).code, 0);
    assert_eq!(std::fs::read_to_string(place.path("fruit.csv")).unwrap(), BODY);
    let ended = place.run(&["download", "x", "--out", "nowhere/fruit.csv", "--server", &fake.url]);
    assert!(ended.code == 3 && ended.stderr.contains("no folder `nowhere`"), "{}", ended.stderr);
}
