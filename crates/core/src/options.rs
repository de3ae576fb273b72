//! What a caller may choose about the result, and what follows from the choice.
//!
//! [`Requested`] is what was sent; [`UnloadOptions`] is what holds, with the defaults of the chosen format filled in. Only what the
//! caller sends can be illegal: a default that a format does not take simply does not apply.

use serde::{Deserialize, Serialize};

use crate::{Code, Error, Result};

/// The longest retention that can be asked for, in days.
pub const MAX_RETENTION_DAYS: u32 = 365;
/// The longest an unload may take, in seconds: what the Data API lets a statement run.
pub const MAX_TIMEOUT_SECONDS: u64 = 86_400;

/// How rows become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    Json,
    /// Apache Parquet, Snappy inside.
    Parquet,
}

impl Format {
    /// The name in requests and in UNLOAD.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

/// How a text file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip; members concatenate.
    Gzip,
    /// Zstandard, one frame.
    Zstd,
}

impl Compression {
    /// The name in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The last part of the file's name, without a dot; none for uncompressed.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
        }
    }
}

/// The options as sent: what is absent was not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requested {
    /// `format`
    pub format: Option<Format>,
    /// `compression`
    pub compression: Option<Compression>,
    /// `header`
    pub header: Option<bool>,
    /// `delimiter`
    pub delimiter: Option<String>,
    /// `nullAs`
    pub null_as: Option<String>,
    /// `bom`
    pub bom: Option<bool>,
    /// `singleFile`
    pub single_file: Option<bool>,
    /// `parallel`
    pub parallel: Option<bool>,
    /// `retentionDays`
    pub retention_days: Option<u32>,
    /// `timeoutSeconds`
    pub timeout_seconds: Option<u64>,
}

/// The options that hold for an unload; what its format does not take is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnloadOptions {
    /// How rows become bytes.
    pub format: Format,
    /// How the text is compressed; `None` for Parquet.
    pub compression: Option<Compression>,
    /// Whether a line with the column names comes first; `None` where the format has none.
    pub header: Option<bool>,
    /// What stands between fields; CSV only.
    pub delimiter: Option<char>,
    /// What stands for NULL; CSV only.
    pub null_as: Option<String>,
    /// Whether the file begins with a byte order mark; CSV only.
    pub bom: Option<bool>,
    /// Whether the caller gets exactly one file.
    pub single_file: bool,
    /// Whether the warehouse may write several files at once.
    pub parallel: bool,
    /// How many days the files are kept.
    pub retention_days: u32,
    /// How many seconds the unload may take, from acceptance.
    pub timeout_seconds: u64,
}

impl Default for UnloadOptions {
    fn default() -> Self {
        Requested::default().resolve().expect("the defaults are legal")
    }
}

impl Requested {
    /// Fills in the defaults of the chosen format.
    ///
    /// # Errors
    /// `illegal_option`, naming the option or the two that do not go together and what to do.
    pub fn resolve(&self) -> Result<UnloadOptions> {
        let format = self.format.unwrap_or(Format::Csv);
        self.refuse_foreign(format)?;
        let is_csv = format == Format::Csv;
        let delimiter = match &self.delimiter {
            Some(text) => Some(parse_delimiter(text)?),
            None => is_csv.then_some(','),
        };
        let null_as = match &self.null_as {
            Some(text) => Some(parse_null_as(text)?),
            None => is_csv.then(String::new),
        };
        let compression = (format != Format::Parquet).then(|| self.compression.unwrap_or(Compression::Gzip));
        if self.bom == Some(true) && compression == Some(Compression::Zstd) {
            return Err(illegal(
                "`bom` does not go with `compression` `zstd`: the mark would be a frame of its own, and many readers stop at the first; use `gzip` or `none`",
            ));
        }
        let single_file = self.single_file.unwrap_or(true);
        let parallel = self.parallel.unwrap_or(!single_file);
        if single_file && parallel && !(compression == Some(Compression::Gzip) || compression == Some(Compression::None)) {
            return Err(illegal(
                "`parallel` with `singleFile` joins the parts, which works for text that is uncompressed or gzip; send `parallel` false, or `singleFile` false",
            ));
        }
        Ok(UnloadOptions {
            format,
            compression,
            header: is_csv.then(|| self.header.unwrap_or(true)),
            delimiter,
            null_as,
            bom: is_csv.then(|| self.bom.unwrap_or(false)),
            single_file,
            parallel,
            retention_days: bounded("retentionDays", self.retention_days.unwrap_or(7), 1, MAX_RETENTION_DAYS)?,
            timeout_seconds: bounded(
                "timeoutSeconds",
                self.timeout_seconds.unwrap_or(MAX_TIMEOUT_SECONDS),
                1,
                MAX_TIMEOUT_SECONDS,
            )?,
        })
    }

    /// Refuses what was sent but the format does not take. A flag sent as `false` asks for nothing and passes.
    fn refuse_foreign(&self, format: Format) -> Result<()> {
        let sent = [
            ("header", self.header == Some(true), format != Format::Csv),
            ("delimiter", self.delimiter.is_some(), format != Format::Csv),
            ("nullAs", self.null_as.is_some(), format != Format::Csv),
            ("bom", self.bom == Some(true), format != Format::Csv),
            ("compression", self.compression.is_some_and(|c| c != Compression::None), format == Format::Parquet),
        ];
        match sent.iter().find(|(_, sent, foreign)| *sent && *foreign) {
            None => Ok(()),
            Some(("compression", ..)) => {
                Err(illegal("`compression` does not go with `format` `parquet`, which is Snappy inside; leave it out"))
            }
            Some((name, ..)) => {
                Err(illegal(format!("`{name}` does not go with `format` `{}`; leave it out or use `csv`", format.as_str())))
            }
        }
    }
}

impl UnloadOptions {
    /// What the warehouse is told to append to a file's name: `csv.gz`, `json`; nothing for Parquet, which appends its own.
    pub fn extension(&self) -> Option<String> {
        let base = match self.format {
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Parquet => return None,
        };
        Some(match self.compression.and_then(Compression::extension) {
            Some(suffix) => format!("{base}.{suffix}"),
            None => base.to_owned(),
        })
    }

    /// The media type of the files as they lie in storage.
    pub fn content_type(&self) -> &'static str {
        match (self.compression, self.format) {
            (Some(Compression::Gzip), _) => "application/gzip",
            (Some(Compression::Zstd), _) => "application/zstd",
            (_, Format::Csv) => "text/csv; charset=utf-8",
            (_, Format::Json) => "application/x-ndjson",
            (_, Format::Parquet) => "application/vnd.apache.parquet",
        }
    }

    /// Whether it is foreseen that the parts are joined while finalizing: then the statement writes no header, the join puts one before the first part.
    pub fn is_joined(&self) -> bool {
        self.bom == Some(true) || (self.single_file && self.parallel)
    }
}

fn illegal(message: impl Into<String>) -> Error {
    Error::new(Code::IllegalOption, message)
}

fn bounded<T: PartialOrd + std::fmt::Display + Copy>(name: &str, value: T, least: T, most: T) -> Result<T> {
    if value < least || value > most {
        return Err(illegal(format!("`{name}` is {value}; it must be from {least} to {most}")));
    }
    Ok(value)
}

/// One ASCII character that cannot be taken for quoting or a line's end (UNLOAD, DELIMITER).
fn parse_delimiter(text: &str) -> Result<char> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r' | '\0') && (c == '\t' || !c.is_ascii_control()) => {
            Ok(c)
        }
        _ => Err(illegal(format!(
            "`delimiter` is `{}`; it must be a single ASCII character, and neither a double quote nor a line's end",
            text.escape_debug()
        ))),
    }
}

fn parse_null_as(text: &str) -> Result<String> {
    if text.len() > 100 || text.chars().any(|c| c.is_control()) {
        return Err(illegal("`nullAs` must have at most 100 bytes and no control characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
