//! How many data rows a file holds.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use outflow_api::OptionsView;
use outflow_core::options::{Compression, Format};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// Counts the data rows; reads text through `reader`, of Parquet the footer of the file.
pub(super) fn rows(reader: &mut impl Read, path: &Path, options: &OptionsView) -> io::Result<u64> {
    if options.format == Format::Parquet {
        let file = SerializedFileReader::new(File::open(path)?).map_err(io::Error::other)?;
        return Ok(u64::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0));
    }
    let is_csv = options.format == Format::Csv;
    let records = match options.compression {
        None | Some(Compression::None) => records(reader, is_csv)?,
        Some(Compression::Gzip) => records(&mut flate2::bufread::MultiGzDecoder::new(BufReader::new(reader)), is_csv)?,
        Some(Compression::Bzip2) => records(&mut bzip2::read::MultiBzDecoder::new(reader), is_csv)?,
        Some(Compression::Zstd) => records(&mut zstd::Decoder::new(reader)?, is_csv)?,
    };
    Ok(records.saturating_sub(u64::from(options.header == Some(true))))
}

/// Counts lines; in CSV a line's end within quotes belongs to the value, and the last line needs no end.
fn records(reader: &mut impl Read, is_csv: bool) -> io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut count, mut is_quoted, mut is_open) = (0, false, false);
    loop {
        let length = match reader.read(&mut buffer) {
            Ok(0) => return Ok(count + u64::from(is_open)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for &byte in &buffer[..length] {
            match byte {
                b'"' if is_csv => {
                    is_quoted = !is_quoted;
                    is_open = true;
                }
                b'\n' if !is_quoted => {
                    count += 1;
                    is_open = false;
                }
                _ => is_open = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_not_lines() {
        let count = |text: &str| records(&mut text.as_bytes(), true).unwrap();
        assert_eq!(count(""), 0);
        assert_eq!(count("a,b\n1,2\n"), 2);
        assert_eq!(count("a,b\n1,2"), 2);
        assert_eq!(count("a\n\"x\ny\"\"\n\"\n"), 2);
        assert_eq!(count("a\n\n\n"), 3);
        assert_eq!(records(&mut "{\"a\":\"\\\"\"}\n{}\n".as_bytes(), false).unwrap(), 2);
    }
}
