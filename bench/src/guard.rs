//! How long the guard takes for a verdict, in this process: on what analysts write, put together to a size, and on the shapes that cost most.

mod shape;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use crate::figures::{Report, Times};

/// A size of text, how often it is tried, and what the 99th percentile should stay under.
const SIZES: [(usize, &str, usize, Duration); 2] =
    [(4 * 1024, "4 KB", 4_000, Duration::from_millis(2)), (64 * 1024, "64 KB", 400, Duration::from_millis(50))];

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let statements = statements()?;
    let guards = [Guard::embedded(), Guard::redshift()];
    for (size, name, tries, under) in SIZES {
        let mut times = Times::default();
        for number in 0..tries {
            let sql = put_together(&statements, number, size);
            let begun = Instant::now();
            let checked = guards[1].check(&sql, &Parameters::default());
            times.push(begun.elapsed());
            checked.with_context(|| format!("what analysts write is refused, put together from number {number} on"))?;
        }
        report.add_times(format!("the guard on {name} of what analysts write"), &mut times, 99, under);

        let mut slowest: Option<(&str, Times)> = None;
        for (shape, sql) in shape::shapes(size) {
            let mut times = Times::default();
            for number in 0..tries / 20 {
                let guard = &guards[number % guards.len()];
                let begun = Instant::now();
                // Some of it passes and some does not: a verdict is a verdict.
                std::hint::black_box(guard.check(&sql, &Parameters::default()).is_ok());
                times.push(begun.elapsed());
            }
            eprintln!("  {name}, {shape}: {}", times.summary());
            if slowest.as_mut().is_none_or(|(_, other)| other.percentile(99) < times.percentile(99)) {
                slowest = Some((shape, times));
            }
        }
        let (shape, mut times) = slowest.context("there is no shape")?;
        report.add_times(format!("the guard on {name} of the shape that costs most: {shape}"), &mut times, 99, under);
    }
    Ok(())
}

/// The statements of the guard's legitimate corpus that pass, in one order.
fn statements() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/tests/guard/corpus/redshift");
    let mut statements = Vec::new();
    for file in std::fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let text = std::fs::read_to_string(file?.path())?;
        let blocks = text.split("--# ").filter_map(|block| block.split_once('\n'));
        statements.extend(blocks.map(|(_, sql)| sql.trim().trim_end_matches(';').to_owned()));
    }
    let guard = Guard::redshift();
    statements.retain(|sql| !sql.contains(';') && guard.check(sql, &Parameters::default()).is_ok());
    statements.sort();
    ensure!(statements.len() >= 200, "the corpus has {} statements that pass", statements.len());
    Ok(statements)
}

/// How many words and symbols a text has that the guard takes, which leaves some room for how they are counted here.
const TOKENS: usize = 19_000;

/// About how many words and symbols stand in a text without blanks.
fn words(text: &str) -> usize {
    let symbols = text.chars().filter(char::is_ascii_punctuation).filter(|symbol| *symbol != '_').count();
    symbols
        + text
            .split(|character: char| character.is_ascii_punctuation() && character != '_')
            .filter(|word| !word.is_empty())
            .count()
}

/// As many statements as fit into a size, as queries of one WITH, filled up by a comment.
fn put_together(statements: &[String], from: usize, size: usize) -> String {
    const TAIL: &str = "\nSELECT count(*) FROM q0 -- ";
    let mut sql = String::from("WITH q0 AS (SELECT 1)");
    let mut tokens = 0;
    for number in 0.. {
        let next = &statements[(from * 7 + number) % statements.len()];
        let next = format!(",\nq{} AS (\n{next}\n)", number + 1);
        tokens += next.split(char::is_whitespace).map(words).sum::<usize>();
        if sql.len() + next.len() + TAIL.len() > size || tokens > TOKENS {
            break;
        }
        sql.push_str(&next);
    }
    sql.push_str(TAIL);
    sql.push_str(&"x".repeat(size.saturating_sub(sql.len())));
    sql
}
