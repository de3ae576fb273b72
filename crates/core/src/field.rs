//! How one field becomes text: in CSV (RFC 4180) and in UNLOAD's delimited text.
//!
//! Delimited text: <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>, ADDQUOTES and ESCAPE. With neither, a field is written
//! as it is, and whoever reads it must know that it holds no delimiter and no line's end.

use crate::options::{Format, UnloadOptions};
use crate::statement::UnloadStatement;

/// How the fields of a file are separated, quoted and escaped.
#[derive(Debug, Clone)]
pub struct FieldStyle {
    delimiter: u8,
    /// Whether every field is quoted.
    is_quoted: bool,
    /// Whether a quote is doubled and a field with a special byte is quoted.
    is_csv: bool,
    /// Whether a special byte is escaped.
    is_escaped: bool,
    /// The bytes that make a field more than itself.
    special: [bool; 256],
}

impl FieldStyle {
    /// CSV: a field that holds the delimiter, a quote or a line's end is quoted, its quotes are doubled.
    pub fn csv(delimiter: char) -> Self {
        Self::new(Format::Csv, delimiter, false, false)
    }

    /// The style of a statement's files.
    pub fn of_statement(statement: &UnloadStatement) -> Self {
        Self::new(statement.format, separator(statement.format, statement.delimiter), statement.quote_all, statement.escape)
    }

    /// The style of an unload's files.
    pub fn of_options(options: &UnloadOptions) -> Self {
        let (quoted, escaped) = (options.quote_all == Some(true), options.escape == Some(true));
        Self::new(options.format, separator(options.format, options.delimiter), quoted, escaped)
    }

    fn new(format: Format, delimiter: char, is_quoted: bool, is_escaped: bool) -> Self {
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let is_csv = format == Format::Csv;
        let mut special = [false; 256];
        if is_csv {
            for byte in [delimiter, b'"', b'\n', b'\r'] {
                special[usize::from(byte)] = true;
            }
        } else if is_escaped {
            for byte in [delimiter, b'\\', b'\n', b'\r'] {
                special[usize::from(byte)] = true;
            }
            if is_quoted {
                special[usize::from(b'"')] = true;
                special[usize::from(b'\'')] = true;
            }
        }
        Self { delimiter, is_quoted, is_csv, is_escaped, special }
    }

    /// What stands between fields.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether fields are quoted that need it, and quotes in them doubled.
    pub fn is_csv(&self) -> bool {
        self.is_csv
    }

    /// Whether every field is put in quotes.
    pub fn is_quoted(&self) -> bool {
        self.is_quoted
    }

    /// The bytes that make a field more than itself, in their order.
    pub fn special_bytes(&self) -> Vec<u8> {
        (0..=u8::MAX).filter(|byte| self.special[usize::from(*byte)]).collect()
    }

    /// Whether a field is written otherwise than as it is.
    pub fn is_special(&self, field: &[u8]) -> bool {
        self.is_quoted || field.iter().any(|byte| self.special[usize::from(*byte)])
    }

    /// Appends a field.
    pub fn push(&self, field: &[u8], out: &mut Vec<u8>) {
        if self.is_special(field) { self.push_special(field, out) } else { out.extend_from_slice(field) }
    }

    /// Appends a field that has something special, or is to be quoted although it has nothing.
    pub fn push_special(&self, field: &[u8], out: &mut Vec<u8>) {
        let is_quoted = self.is_csv || self.is_quoted;
        if is_quoted {
            out.push(b'"');
        }
        for byte in field {
            if self.is_csv && *byte == b'"' {
                out.push(b'"');
            } else if self.is_escaped && self.special[usize::from(*byte)] {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        if is_quoted {
            out.push(b'"');
        }
    }

    /// Appends the line of names.
    pub fn push_header<'a>(&self, names: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
        for (index, name) in names.into_iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            self.push(name.as_bytes(), out);
        }
        out.push(b'\n');
    }
}

fn separator(format: Format, delimiter: Option<char>) -> char {
    delimiter.or(format.delimiter()).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(style: &FieldStyle, fields: &[&str]) -> String {
        let mut out = Vec::new();
        style.push_header(fields.iter().copied(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn text(delimiter: char, is_quoted: bool, is_escaped: bool) -> FieldStyle {
        FieldStyle::new(Format::Text, delimiter, is_quoted, is_escaped)
    }

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let fields = ["a", "", "b,c", "say \"hi\"", "two\nlines", "\r", "d|e", "한글"];
        assert_eq!(line(&FieldStyle::csv(','), &fields), "a,,\"b,c\",\"say \"\"hi\"\"\",\"two\nlines\",\"\r\",d|e,한글\n");
        assert_eq!(line(&FieldStyle::csv('|'), &["b,c", "d|e"]), "b,c|\"d|e\"\n");
    }

    #[test]
    fn text_is_quoted_and_escaped_as_asked() {
        let fields = ["1", "", "a|b", "q\"'\\", "x\ny\rz"];
        assert_eq!(line(&text('|', false, false), &fields), "1||a|b|q\"'\\|x\ny\rz\n");
        assert_eq!(line(&text('|', true, false), &fields), "\"1\"|\"\"|\"a|b\"|\"q\"'\\\"|\"x\ny\rz\"\n");
        assert_eq!(line(&text('|', false, true), &fields), "1||a\\|b|q\"'\\\\|x\\\ny\\\rz\n");
        assert_eq!(line(&text('|', true, true), &fields), "\"1\"|\"\"|\"a\\|b\"|\"q\\\"\\'\\\\\"|\"x\\\ny\\\rz\"\n");
    }
}
