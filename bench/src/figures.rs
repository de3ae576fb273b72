//! Figures, what they should be, and the table that they end up in.

use std::fmt;
use std::time::Duration;

/// A table of figures under a line about the machine.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    target: Option<(String, bool)>,
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new() }
    }

    /// Adds a figure that nothing is asked of, and shows it at once.
    pub(crate) fn add(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.push(what.into(), measured.into(), None);
    }

    /// Adds a figure beside what it should be, and whether it is.
    pub(crate) fn add_against(&mut self, what: impl Into<String>, measured: impl Into<String>, target: &str, is_met: bool) {
        self.push(what.into(), measured.into(), Some((target.to_owned(), is_met)));
    }

    /// Adds times of which so many hundredths should be under a bound.
    pub(crate) fn add_times(&mut self, what: impl Into<String>, times: &mut Times, hundredths: usize, under: Duration) {
        let target = format!("p{hundredths} under {} ms", under.as_millis());
        let is_met = times.percentile(hundredths) < under;
        self.add_against(what, times.summary(), &target, is_met);
    }

    fn push(&mut self, what: String, measured: String, target: Option<(String, bool)>) {
        let row = Row { what, measured, target };
        eprintln!("{}: {} {}", row.what, row.measured, row.judged());
        self.rows.push(row);
    }
}

impl Row {
    fn judged(&self) -> String {
        match &self.target {
            None => String::new(),
            Some((target, true)) => format!("{target}: yes"),
            Some((target, false)) => format!("{target}: **no**"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n| figure | measured | target |\n|---|---|---|", self.machine)?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} | {} | {} |", row.what, row.measured, row.judged()))
    }
}

/// The times of many tries.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn extend(&mut self, other: Times) {
        self.0.extend(other.0);
    }

    /// The time that so many hundredths of the tries stay under; zero without tries.
    pub(crate) fn percentile(&mut self, hundredths: usize) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * hundredths / 100).min(last)).copied().unwrap_or_default()
    }

    /// Median, 99th percentile and how many tries.
    pub(crate) fn summary(&mut self) -> String {
        format!(
            "p50 {:.2} ms, p99 {:.2} ms ({} tries)",
            self.percentile(50).as_secs_f64() * 1e3,
            self.percentile(99).as_secs_f64() * 1e3,
            self.0.len()
        )
    }
}
