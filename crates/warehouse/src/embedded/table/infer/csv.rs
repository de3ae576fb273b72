//! A look at CSV files. The rules of the format are those of the reader that reads them later.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::str;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use csv_core::ReadRecordResult;
use datafusion::error::DataFusionError;
use outflow_core::Result;

use super::super::super::error::from_reading;
use super::guess::Guess;
use super::rows::RowSizes;
use super::{Inferred, MAX_ROW, TextFiles, not_utf8, unreadable};

/// What a field takes beside its text once it is read.
const FIELD: u64 = 16;

/// The columns that all these CSV files have. A field that is empty is NULL and says nothing.
///
/// # Errors
/// `table_unreadable` naming the file, and the line.
pub(in super::super) fn csv(files: &TextFiles) -> Result<Inferred> {
    let mut sizes = RowSizes::default();
    let mut table: Option<(Vec<String>, Vec<Guess>)> = None;
    for (path, name) in files.iter() {
        let mut records = Records::new(files.open(path, name)?, name);
        let header = header(&mut records)?;
        let (known, guesses) = table.get_or_insert_with(|| (header.clone(), vec![Guess::Nothing; header.len()]));
        if *known != header {
            let first = &files.names[0];
            return Err(unreadable(name, format!("its header is not that of `{first}`, which is in the same table")));
        }
        let mut row = 0;
        while let Some(record) = records.next()? {
            row += 1;
            files.look(row)?;
            sizes.add(record.text.len() as u64 + FIELD * guesses.len() as u64);
            record.check_length(header.len(), name)?;
            for (index, guess) in guesses.iter_mut().enumerate().filter(|(_, guess)| **guess != Guess::Text) {
                let field = record.field(index, name)?;
                if !field.is_empty() {
                    *guess = guess.and(Guess::of(field));
                }
            }
        }
        sizes.end_file();
    }
    let (header, guesses) = table.unwrap_or_default();
    let fields = header.into_iter().zip(guesses).map(|(name, guess)| Field::new(name, guess.data_type(), true));
    Ok(Inferred { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), batch_rows: sizes.batch_rows() })
}

fn header<R: Read>(records: &mut Records<'_, R>) -> Result<Vec<String>> {
    let name = records.name;
    let Some(record) = records.next()? else {
        return Err(unreadable(name, "it has no header line"));
    };
    let mut seen = HashSet::new();
    let mut header = Vec::new();
    for index in 0..record.ends.len() {
        let column = match record.field(index, name)?.trim_start_matches('\u{feff}') {
            "" => format!("column{}", index + 1),
            column => column.to_owned(),
        };
        if !seen.insert(column.clone()) {
            return Err(unreadable(name, format!("its header has the column `{column}` twice")));
        }
        header.push(column);
    }
    Ok(header)
}

/// The records of a file, one after the other in the same memory.
struct Records<'a, R> {
    input: BufReader<R>,
    name: &'a str,
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Whether the parser knows that the file ends.
    has_ended: bool,
}

struct Record<'a> {
    line: u64,
    text: &'a str,
    /// Where each field ends in the text.
    ends: &'a [usize],
}

impl<'a, R: Read> Records<'a, R> {
    fn new(input: BufReader<R>, name: &'a str) -> Self {
        Self { input, name, parser: csv_core::Reader::new(), text: vec![0; 4_096], ends: vec![0; 64], has_ended: false }
    }

    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let failed = |error: std::io::Error, name: &str| from_reading(DataFusionError::from(error), name);
        let (mut length, mut fields) = (0, 0);
        let buffered = self.input.fill_buf().map_err(|error| failed(error, self.name))?;
        // The parser counts a line when it comes to the line feed, which may still be ahead of it.
        let ahead = buffered.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count();
        let line = self.parser.line() + ahead as u64;
        loop {
            let input = self.input.fill_buf().map_err(|error| failed(error, self.name))?;
            // The parser takes the end of a file for that of a quoted field. One more line feed ends every record but one in quotes.
            let is_end = input.is_empty() && !self.has_ended;
            let input = if is_end { b"\n" } else { input };
            let (result, read, written, ended) =
                self.parser.read_record(input, &mut self.text[length..], &mut self.ends[fields..]);
            if is_end {
                self.has_ended = read > 0;
                if written > 0 {
                    return Err(unreadable(self.name, format!("a `\"` in the row of line {line} is never closed")));
                }
            } else {
                self.input.consume(read);
            }
            length += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length > MAX_ROW => {
                    let problem = format!("the row of line {line} is longer than {} MiB; is a `\"` never closed", MAX_ROW >> 20);
                    return Err(unreadable(self.name, problem));
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let bytes = &self.text[..length];
                    let text = str::from_utf8(bytes).map_err(|_| unreadable(self.name, not_utf8(line, bytes)))?;
                    return Ok(Some(Record { line, text, ends: &self.ends[..fields] }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}

impl Record<'_> {
    fn check_length(&self, expected: usize, name: &str) -> Result<()> {
        let (line, found) = (self.line, self.ends.len());
        if found == expected {
            return Ok(());
        }
        let said = if found == 1 { "1 field".to_owned() } else { format!("{found} fields") };
        Err(unreadable(name, format!("line {line} has {said}, but the header has {expected}")))
    }

    fn field(&self, index: usize, name: &str) -> Result<&str> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        // Bytes that are UTF-8 only across a delimiter are none.
        self.text.get(start..self.ends[index]).ok_or_else(|| unreadable(name, not_utf8(self.line, &[])))
    }
}
