//! A look at files of JSON objects, one a line.
//!
//! `serde_json` says whether a line is JSON; what is in it is then told from its text, since numbers that were parsed have lost their
//! digits.

mod scan;

use std::io::{BufRead, BufReader, Read};
use std::str;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::error::DataFusionError;
use outflow_core::Result;
use serde::de::IgnoredAny;

use self::scan::{Place, Scanner};
use super::super::super::error::from_reading;
use super::rows::RowSizes;
use super::{Inferred, MAX_ROW, TextFiles, not_utf8, unreadable};

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// The columns of all these files, in the order in which they first appear. Texts, numbers and truth values in one column are text.
///
/// # Errors
/// `table_unreadable` naming the file, and the line.
pub(in super::super) fn json_lines(files: &TextFiles) -> Result<Inferred> {
    let mut sizes = RowSizes::default();
    let mut scanner = Scanner::new(&files.names);
    for (number, (path, name)) in files.iter().enumerate() {
        let mut lines = Lines { input: files.open(path, name)?, name, number: 0, bytes: Vec::new() };
        while let Some((line, bytes)) = lines.next()? {
            files.look(line)?;
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            sizes.add(bytes.len() as u64);
            let text = str::from_utf8(bytes.trim_ascii_end()).map_err(|_| unreadable(name, not_utf8(line, bytes)))?;
            check(text).map_err(|problem| unreadable(name, format!("line {line}{problem}")))?;
            let looked = scanner.look(text, Place { file: number, line });
            looked.map_err(|problem| unreadable(name, format!("line {line}: {problem}")))?;
        }
        sizes.end_file();
    }
    let fields = scanner.into_fields();
    if fields.is_empty() {
        return Err(unreadable(&files.names.join("`, `"), "it has no rows to tell the columns"));
    }
    Ok(Inferred { schema: Arc::new(Schema::new(fields)), batch_rows: sizes.batch_rows() })
}

/// The lines of a file, one after the other in the same memory.
struct Lines<'a, R> {
    input: BufReader<R>,
    name: &'a str,
    number: u64,
    bytes: Vec<u8>,
}

impl<R: Read> Lines<'_, R> {
    /// The next line and its number, without a byte order mark before the first.
    fn next(&mut self) -> Result<Option<(u64, &[u8])>> {
        self.bytes.clear();
        self.number += 1;
        let bounded = &mut self.input.by_ref().take(MAX_ROW as u64);
        let read = bounded.read_until(b'\n', &mut self.bytes);
        match read.map_err(|error| from_reading(DataFusionError::from(error), self.name))? {
            0 => Ok(None),
            MAX_ROW => Err(unreadable(self.name, format!("line {} is longer than {} MiB", self.number, MAX_ROW >> 20))),
            _ => {
                let mark = if self.number == 1 { MARK } else { b"" };
                Ok(Some((self.number, self.bytes.strip_prefix(mark).unwrap_or(&self.bytes))))
            }
        }
    }
}

/// Whether the line is an object and nothing else.
fn check(text: &str) -> Result<(), String> {
    if !text.trim_start().starts_with('{') {
        return Err(" is no object; each line must be one, in `{` and `}`".to_owned());
    }
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|error| {
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        format!(", column {}: {said}", error.column())
    })
}
