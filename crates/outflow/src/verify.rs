//! Checks downloaded files against their receipt, offline: sizes, checksums, and rows where they can be counted.

mod count;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use outflow_api::{ReceiptFileView, ReceiptView};
use serde::Serialize;

use self::count::Count;
use crate::checksum::Running;
use crate::client::download::{RECEIPT, beside, within};
use crate::exit::{CliError, Exit, Result};

/// What came of checking one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether it is what the receipt says.
    pub(crate) ok: bool,
    /// Its size.
    pub(crate) bytes: Option<u64>,
    /// Its data rows, where they could be counted.
    pub(crate) rows: Option<u64>,
    /// Everything that is wrong with it.
    pub(crate) problems: Vec<String>,
    /// What could not be checked.
    pub(crate) unchecked: Vec<String>,
}

impl Verdict {
    fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ok: false, bytes: None, rows: None, problems: Vec::new(), unchecked: Vec::new() }
    }
}

/// Checks a file, or a folder with all files of its receipt.
///
/// # Errors
/// When there is no receipt, it cannot be read, or it does not tell of the file. What is wrong with a file is its verdict.
pub(crate) fn verify(path: &Path, receipt_path: Option<&Path>) -> Result<Vec<Verdict>> {
    let about = std::fs::metadata(path).map_err(|error| CliError::file("read", path, &error))?;
    let receipt_path = match receipt_path {
        Some(path) => path.to_owned(),
        None => find_receipt(path, about.is_dir())?,
    };
    let text = std::fs::read(&receipt_path).map_err(|error| CliError::file("read the receipt", &receipt_path, &error))?;
    let receipt: ReceiptView = serde_json::from_slice(&text).map_err(|error| {
        CliError::new(Exit::Failed, format!("`{}` is no receipt of this version: {error}", receipt_path.display()))
    })?;
    if about.is_dir() {
        let mut verdicts: Vec<_> = receipt.files.iter().map(|file| check_below(path, file, &receipt)).collect();
        check_sum(&receipt, &mut verdicts);
        return Ok(verdicts);
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = match &receipt.files[..] {
        [only] => only,
        files => files.iter().find(|file| whole.ends_with(&file.name)).ok_or_else(|| {
            let (receipt, path) = (receipt_path.display(), path.display());
            CliError::new(Exit::NotFound, format!("the receipt `{receipt}` does not tell of `{path}`"))
        })?,
    };
    Ok(vec![check(path, file, &receipt)])
}

/// The receipt of a file lies beside it, and that of several in their folder, above those of partitions.
fn find_receipt(path: &Path, is_folder: bool) -> Result<PathBuf> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let candidates = if is_folder {
        vec![path.join(RECEIPT)]
    } else {
        let is_of_partitions =
            |folder: &Path| folder.file_name().is_some_and(|name| name == "output" || name.to_string_lossy().contains('='));
        let mut above: Vec<_> = whole.ancestors().skip(1).take_while(|folder| is_of_partitions(folder)).collect();
        above.extend(above.last().map_or(whole.parent(), |last| last.parent()));
        [beside(path)].into_iter().chain(above.into_iter().map(|folder| folder.join(RECEIPT))).collect()
    };
    candidates.into_iter().find(|candidate| candidate.is_file()).ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("there is no receipt for `{}`", path.display()))
            .hint("save it with `outflow receipt ID --output json > FILE`, and name it with `--receipt FILE`")
    })
}

/// Checks a file of a receipt where a download puts it.
fn check_below(folder: &Path, file: &ReceiptFileView, receipt: &ReceiptView) -> Verdict {
    match within(&file.name) {
        Some(name) => check(&folder.join(name), file, receipt),
        None => {
            let mut verdict = Verdict::of(Path::new(&file.name));
            verdict.problems.push("has a name in the receipt that is no file's below a folder".to_owned());
            verdict
        }
    }
}

fn check(path: &Path, file: &ReceiptFileView, receipt: &ReceiptView) -> Verdict {
    let mut verdict = Verdict::of(path);
    match measure(path, file, receipt) {
        Err(error) => verdict.problems.push(format!("cannot be read: {}", crate::exit::describe(&error))),
        Ok(measured) => compare(&mut verdict, measured, file),
    }
    verdict.ok = verdict.problems.is_empty();
    verdict
}

fn compare(verdict: &mut Verdict, measured: Measured, file: &ReceiptFileView) {
    verdict.bytes = Some(measured.bytes);
    if measured.bytes != file.bytes {
        verdict.problems.push(format!("has {} bytes, and the receipt says {}", measured.bytes, file.bytes));
    }
    let (name, value, expected) = (measured.checksum.name(), measured.checksum.value(), &file.checksum.value);
    if value != *expected {
        verdict.problems.push(format!("has the {name} {value}, and the receipt says {expected}"));
    }
    match (measured.rows, file.rows) {
        (Err(why), _) => verdict.problems.push(format!("its rows cannot be counted: {why}")),
        (Ok(Count { rows, .. }), Some(expected)) if rows == expected => verdict.rows = Some(rows),
        (Ok(Count { is_certain: false, at_most, .. }), Some(expected)) if at_most < expected => {
            verdict.problems.push(format!("has {at_most} lines, and the receipt says that it has {expected} rows"));
        }
        (Ok(Count { is_certain: false, .. }), _) => {
            verdict
                .unchecked
                .push("the rows: a value may hold a line's end, and nothing in the file tells it from a row's".to_owned());
        }
        (Ok(Count { rows, .. }), expected) => {
            verdict.rows = Some(rows);
            if let Some(expected) = expected {
                verdict.problems.push(format!("has {rows} rows, and the receipt says {expected}"));
            }
        }
    }
}

/// Where the receipt knows rows only of all files together, the sum is what can be wrong.
fn check_sum(receipt: &ReceiptView, verdicts: &mut [Verdict]) {
    let sum: Option<u64> = verdicts.iter().map(|verdict| verdict.rows).sum();
    if let (Some(sum), Some(last)) = (sum, verdicts.last_mut())
        && sum != receipt.row_count
    {
        last.problems.push(format!("all files together have {sum} rows, and the receipt says {}", receipt.row_count));
        last.ok = false;
    }
}

struct Measured {
    bytes: u64,
    checksum: Running,
    rows: std::result::Result<Count, String>,
}

/// Reads a file once for its size, its checksum (that of the receipt's algorithm) and its rows.
fn measure(path: &Path, file: &ReceiptFileView, receipt: &ReceiptView) -> io::Result<Measured> {
    let mut reader = Summing { inner: File::open(path)?, checksum: Running::new(file.checksum.algorithm), bytes: 0 };
    let rows = count::rows(&mut reader, path, &receipt.options);
    io::copy(&mut reader, &mut io::sink())?;
    Ok(Measured { bytes: reader.bytes, checksum: reader.checksum, rows: rows.map_err(|error| error.to_string()) })
}

/// A reader that sees everything that is read through it.
struct Summing<R> {
    inner: R,
    checksum: Running,
    bytes: u64,
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.checksum.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use outflow_api::ChecksumView;
    use outflow_core::receipt::ChecksumAlgorithm;

    use super::*;

    fn compared(count: Count, expected: u64) -> Verdict {
        let running = Running::new(ChecksumAlgorithm::Sha256);
        let checksum = ChecksumView { algorithm: ChecksumAlgorithm::Sha256, value: running.value() };
        let (name, content_type) = ("output000".to_owned(), "text/plain".to_owned());
        let file = ReceiptFileView { index: 0, name, bytes: 4, rows: Some(expected), checksum, content_type };
        let mut verdict = Verdict::of(Path::new("output000"));
        compare(&mut verdict, Measured { bytes: 4, checksum: running, rows: Ok(count) }, &file);
        verdict
    }

    #[test]
    fn fewer_lines_than_rows_are_wrong_whatever_the_values_hold() {
        let uncertain = Count { rows: 1, at_most: 2, is_certain: false };
        assert_eq!(compared(uncertain, 1).rows, Some(1));
        let unknown = compared(uncertain, 2);
        assert!(unknown.problems.is_empty() && unknown.unchecked.len() == 1, "{unknown:?}");
        let fewer = compared(uncertain, 3);
        assert_eq!(fewer.problems, ["has 2 lines, and the receipt says that it has 3 rows"]);
        let certain = compared(Count { rows: 1, at_most: 2, is_certain: true }, 2);
        assert_eq!(certain.problems, ["has 1 rows, and the receipt says 2"]);
    }
}
