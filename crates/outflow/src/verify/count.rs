//! How many data rows a file holds.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use outflow_api::OptionsView;
use outflow_core::options::{Compression, Format};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// How many data rows a file seems to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) rows: u64,
    /// How many it can have at most, whatever its values hold: each ends with a line's end.
    pub(super) at_most: u64,
    /// Whether it has just so many: text that is not escaped does not tell a line's end in a value from that of a row.
    pub(super) is_certain: bool,
}

/// Where a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// At each line's end.
    Lines,
    /// At a line's end outside quotes; a quote within them is doubled.
    Quoted,
    /// At a line's end without a backslash before it; a backslash has one too.
    Escaped,
}

/// Counts the data rows; reads text through `reader`, of Parquet the footer of the file.
pub(super) fn rows(reader: &mut impl Read, path: &Path, options: &OptionsView) -> io::Result<Count> {
    if options.format == Format::Parquet {
        let file = SerializedFileReader::new(File::open(path)?).map_err(io::Error::other)?;
        let rows = u64::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
        return Ok(Count { rows, at_most: rows, is_certain: true });
    }
    let (style, is_certain) = style(options);
    let (records, lines) = match options.compression {
        None | Some(Compression::None) => records(reader, style)?,
        Some(Compression::Gzip) => records(&mut flate2::bufread::MultiGzDecoder::new(BufReader::new(reader)), style)?,
        Some(Compression::Bzip2) => records(&mut bzip2::read::MultiBzDecoder::new(reader), style)?,
        Some(Compression::Zstd) => records(&mut zstd::Decoder::new(reader)?, style)?,
    };
    let header = u64::from(options.header == Some(true));
    Ok(Count { rows: records.saturating_sub(header), at_most: lines.saturating_sub(header), is_certain })
}

/// How rows end, and whether that is certain. What stands for NULL is written as it is, and may look like more.
fn style(options: &OptionsView) -> (Style, bool) {
    let is_null_plain = |character| !options.null_as.as_deref().is_some_and(|text| text.contains(character));
    match options.format {
        Format::Csv => (Style::Quoted, is_null_plain('"')),
        Format::Json | Format::Parquet => (Style::Lines, true),
        Format::Text if options.escape == Some(true) => (Style::Escaped, is_null_plain('\\')),
        Format::Text if options.quote_all == Some(true) => (Style::Quoted, false),
        Format::Text => (Style::Lines, false),
    }
}

/// Counts records and lines; the last one needs no end.
fn records(reader: &mut impl Read, style: Style) -> io::Result<(u64, u64)> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut count, mut is_quoted, mut is_escaped, mut is_open) = (0, false, false, false);
    let (mut lines, mut is_line_open) = (0, false);
    loop {
        let length = match reader.read(&mut buffer) {
            Ok(0) => return Ok((count + u64::from(is_open), lines + u64::from(is_line_open))),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for &byte in &buffer[..length] {
            let is_end = byte == b'\n' && !is_quoted && !is_escaped;
            is_quoted ^= byte == b'"' && style == Style::Quoted;
            is_escaped = byte == b'\\' && style == Style::Escaped && !is_escaped;
            is_open = !is_end;
            count += u64::from(is_end);
            is_line_open = byte != b'\n';
            lines += u64::from(!is_line_open);
        }
    }
}

#[cfg(test)]
mod tests {
    use outflow_core::options::Requested;

    use super::*;

    fn count(style: Style, text: &str) -> u64 {
        records(&mut text.as_bytes(), style).unwrap().0
    }

    #[test]
    fn records_are_not_lines() {
        assert_eq!(count(Style::Quoted, ""), 0);
        assert_eq!(count(Style::Quoted, "a,b\n1,2\n"), 2);
        assert_eq!(count(Style::Quoted, "a,b\n1,2"), 2);
        assert_eq!(count(Style::Quoted, "a\n\"x\ny\"\"\n\"\n"), 2);
        assert_eq!(count(Style::Quoted, "a\n\n\n"), 3);
        assert_eq!(count(Style::Lines, "{\"a\":\"\\\"\"}\n{}\n"), 2);
        assert_eq!(count(Style::Escaped, "a\\\nb|\"\n\\\\\nc"), 3);
    }

    #[test]
    fn there_are_no_more_rows_than_lines() {
        for style in [Style::Lines, Style::Quoted, Style::Escaped] {
            for (text, lines) in [("", 0), ("a\\\n\"b\nc\n", 3), ("a\n\"\n\nb", 4)] {
                let (records, counted) = records(&mut text.as_bytes(), style).unwrap();
                assert!(counted == lines && records <= lines, "{style:?} {text:?}: {records} of {counted}");
            }
        }
    }

    #[test]
    fn what_a_file_does_not_tell_is_not_counted_as_certain() {
        let certain = |change: fn(&mut Requested)| {
            let mut asked = Requested { format: Some(Format::Text), ..Requested::default() };
            change(&mut asked);
            style(&OptionsView::from(&asked.resolve().unwrap()))
        };
        assert_eq!(certain(|_| {}), (Style::Lines, false));
        assert_eq!(certain(|asked| asked.fixed_width = Some("a:3".into())), (Style::Lines, false));
        assert_eq!(certain(|asked| asked.quote_all = Some(true)), (Style::Quoted, false));
        assert_eq!(certain(|asked| asked.escape = Some(true)), (Style::Escaped, true));
        assert_eq!(certain(|asked| (asked.escape, asked.null_as) = (Some(true), Some("\\N".into()))), (Style::Escaped, false));
        assert_eq!(certain(|asked| asked.format = Some(Format::Csv)), (Style::Quoted, true));
        assert_eq!(certain(|asked| asked.format = Some(Format::Json)), (Style::Lines, true));
    }

    #[test]
    fn every_compression_is_read_in_all_its_members() {
        for compression in Compression::ALL {
            let asked = Requested {
                compression: Some(compression),
                header: Some(false),
                single_file: Some(false),
                ..Requested::default()
            };
            let options = OptionsView::from(&asked.resolve().unwrap());
            let member = outflow_storage::compress(b"1\n2\n", compression).unwrap();
            let counted = rows(&mut [member.clone(), member].concat().as_slice(), Path::new(""), &options).unwrap();
            assert_eq!(counted, Count { rows: 4, at_most: 4, is_certain: true }, "{compression:?}");
        }
    }
}
