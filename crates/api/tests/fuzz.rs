//! The targets of `fuzz/`, without libFuzzer: on the corpora of the guard, on requests, and on what chance makes of both.

#![allow(unreachable_pub, reason = "the targets are shared with a crate that shows them")]

#[path = "../../core/tests/guard/disguise.rs"]
#[allow(dead_code, reason = "the guard's own tests use all of it")]
mod disguise;
#[path = "../../../fuzz/src/target.rs"]
mod target;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use rstest::rstest;

use crate::disguise::Random;

/// Pieces that lead lexers and parsers astray.
#[rustfmt::skip]
const PIECES: [&str; 38] = [
    "'", "''", "\"", "\\", "\\'", "--", "/*", "*/", "\n", "\r", "\0", "\u{1}", ";", ":", "::", "$$", "(", ")", "[", "]", ",", ".", "*",
    "SELECT ", " FROM ", "WITH x AS (", " UNION ", " INTO ", "pg_sleep(", "{\"sql\":", "{", "}", "null", "1e999", "\\u0000", "\\ud800", "한",
    "\u{202e}",
];

/// Requests, whole and broken.
const REQUESTS: [&str; 8] = [
    r#"{"sql": "SELECT 1"}"#,
    r#"{"requestId": "a-1", "sql": "SELECT * FROM t WHERE a = :x", "parameters": {"x": {"type": "date", "value": "2026-01-31"}}}"#,
    r#"{"query": "SELECT 1", "format": "text", "delimiter": "\t", "nullAs": "\\N", "quoteAll": true, "escape": true, "compression": "bzip2"}"#,
    r#"{"sql": "SELECT 1", "format": "parquet", "rowGroupSizeMb": 32, "partitionBy": ["a", "b"], "partitionInclude": true}"#,
    r#"{"sql": "SELECT 1", "format": "text", "fixedWidth": "a:10, b:3", "extension": "dat.gz", "maxFileSizeMb": 5}"#,
    r#"{"sql": "SELECT 1", "labels": {"team": "한"}, "retentionDays": 1, "timeoutSeconds": 60, "notify": [], "bom": true, "header": false}"#,
    r#"{"sql": "SELECT 1", "parameters": {"a": 1, "b": -0.5e-7, "c": true, "d": null, "e": 18446744073709551616}}"#,
    r#"{"sql": 1, "Sql": [], "format": {}}"#,
];

fn requests() -> Vec<Vec<u8>> {
    REQUESTS.iter().map(|request| request.as_bytes().to_vec()).collect()
}

/// The short statements of the guard's corpora.
fn statements() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/guard/corpus");
    let mut statements = Vec::new();
    for folder in ["hostile", "redshift"] {
        for file in std::fs::read_dir(root.join(folder)).expect("the folder is there") {
            let text = std::fs::read_to_string(file.expect("it can be read").path()).expect("it is a text");
            let blocks = text.split("--# ").filter_map(|block| block.split_once('\n'));
            statements.extend(blocks.map(|(_, sql)| sql.trim().as_bytes().to_vec()).filter(|sql| sql.len() < 1_500));
        }
    }
    assert!(statements.len() > 600, "{}", statements.len());
    statements.sort();
    statements
}

/// The same, each behind the eight bytes that choose its clothes.
fn with_seeds() -> Vec<Vec<u8>> {
    (0..)
        .zip(statements())
        .map(|(number, sql): (u64, _)| [Random::new(number).number().to_le_bytes().as_slice(), &sql].concat())
        .collect()
}

/// Something done to some bytes, in one to four places.
fn mutated(bytes: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(6)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..at, random.pick(&PIECES).bytes())),
            2 => drop(bytes.splice(at..end, random.pick(&PIECES).bytes())),
            3 => drop(bytes.splice(at..end, random.number().to_le_bytes())),
            4 => {
                let other = &others[random.below(others.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => bytes.extend_from_within(at..end),
        }
    }
    bytes
}

/// Another seed each time, or the one that a failure told.
fn seed() -> u64 {
    match std::env::var("OUTFLOW_TEST_SEED") {
        Ok(told) => told.parse().expect("OUTFLOW_TEST_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    }
}

#[rstest]
#[case::guard(target::guard, statements(), 3_000)]
#[case::clothes(target::clothes, with_seeds(), 4_000)]
#[case::statement(target::statement, statements(), 10_000)]
#[case::request(target::request, requests(), 20_000)]
fn nothing_breaks_it(#[case] target: fn(&[u8]), #[case] known: Vec<Vec<u8>>, #[case] times: usize) {
    let seed = seed();
    let mut random = Random::new(seed);
    for time in 0..times {
        let bytes = match known.get(time) {
            Some(known) => known.clone(),
            None => mutated(&known[random.below(known.len())], &known, &mut random),
        };
        let is_broken = std::panic::catch_unwind(|| target(&bytes)).is_err();
        assert!(!is_broken, "again with OUTFLOW_TEST_SEED={seed}; case {time}: {:?}", String::from_utf8_lossy(&bytes));
    }
}
