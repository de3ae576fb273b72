//! Figures and the table that they end up in.

use std::fmt;
use std::time::Duration;

/// A table of figures under a line about the machine.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    rows: Vec<(String, String)>,
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new() }
    }

    /// Adds a figure, and shows it at once.
    pub(crate) fn add(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        let (what, figure) = (what.into(), figure.into());
        eprintln!("{what}: {figure}");
        self.rows.push((what, figure));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n| figure | measured |\n|---|---|", self.machine)?;
        self.rows.iter().try_for_each(|(what, figure)| writeln!(f, "| {what} | {figure} |"))
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
