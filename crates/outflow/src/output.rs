//! What goes to standard output, and how numbers and times read for a person. Everything else goes to standard error.

use std::io::{self, Write};

use chrono::{TimeDelta, Utc};
use outflow_core::Timestamp;
use serde::Serialize;

use crate::exit::Result;

/// Writes a text to standard output.
///
/// # Errors
/// A quiet one when the reader has gone.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a line to standard output.
///
/// # Errors
/// A quiet one when the reader has gone.
pub(crate) fn print_line(line: &str) -> Result<()> {
    print(&format!("{line}\n"))
}

/// Writes a value as indented JSON to standard output.
///
/// # Errors
/// A quiet one when the reader has gone.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print_line(&serde_json::to_string_pretty(value).expect("answers are plain JSON"))
}

/// Tells a person something beside the data, on standard error; if that is closed, nobody.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A text without what a terminal would obey; line ends and tabs stay.
pub(crate) fn plain(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// A size, such as `345 bytes` or `1.2 GB` (of 1,000).
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return counted(bytes, "byte");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if value < 999.95 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// A length of time, such as `350 ms`, `4.2 s` or `3 min 5 s`.
pub(crate) fn duration(time: TimeDelta) -> String {
    let milliseconds = time.num_milliseconds().max(0);
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{:.1} s", milliseconds as f64 / 1_000.0),
        60_000..3_600_000 => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1_000 % 60),
        3_600_000..86_400_000 => format!("{} h {} min", milliseconds / 3_600_000, milliseconds / 60_000 % 60),
        _ => format!("{} d {} h", milliseconds / 86_400_000, milliseconds / 3_600_000 % 24),
    }
}

/// A moment, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago that was.
pub(crate) fn ago(at: Timestamp) -> String {
    since(Utc::now() - at)
}

fn since(time: TimeDelta) -> String {
    match time.num_seconds().max(0) {
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds => format!("{} ago", duration(TimeDelta::seconds(seconds))),
    }
}

/// Rows of cells under a header, each column as wide as its widest cell; the last is not padded.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.chain([width(header[column])]).max().unwrap_or(0)
        })
        .collect();
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::new();
        for (cell, width_wanted) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width_wanted.saturating_sub(width(cell)) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// How many columns a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 345, 1_000, 999_960, 1_250_000_000].map(size), ["1 byte", "345 bytes", "1.0 kB", "1.0 MB", "1.2 GB"]);
        assert_eq!(counted(1, "row"), "1 row");
        let times = [0, 350, 4_200, 185_000, 7_260_000, 90_000_000].map(|ms| duration(TimeDelta::milliseconds(ms)));
        assert_eq!(times, ["0 ms", "350 ms", "4.2 s", "3 min 5 s", "2 h 1 min", "1 d 1 h"]);
        let ages = [-5, 350, 1_000, 59_999, 185_000].map(|ms| since(TimeDelta::milliseconds(ms)));
        assert_eq!(ages, ["0 s ago", "0 s ago", "1 s ago", "59 s ago", "3 min 5 s ago"]);
    }

    #[test]
    fn tables_line_up_in_every_script() {
        let rows = vec![vec!["주문".to_owned(), "1".to_owned()], vec!["ab".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME  N\n주문  1\nab    2\n");
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\nc");
    }
}
