//! What a caller may choose about the result, and what follows from the choice.
//!
//! [`Requested`] is what was sent; [`UnloadOptions`] is what holds, with the defaults of the chosen format filled in. Only what the
//! caller sends can be illegal: a default that a format does not take simply does not apply.

mod fixed_width;
mod legality;

use serde::{Deserialize, Serialize};

pub use self::fixed_width::{FixedColumn, FixedWidth};
use crate::{Code, Error, Result};

/// The longest retention that can be asked for, in days.
pub const MAX_RETENTION_DAYS: u32 = 365;
/// How many days they stay when nothing is asked for.
pub const USUAL_RETENTION_DAYS: u32 = 7;
/// The longest an unload may take, in seconds: what the Data API lets a statement run.
pub const MAX_TIMEOUT_SECONDS: u64 = 86_400;

/// The least and the most that an option which is a number takes, by its name.
pub const BOUNDS: [(&str, u64, u64); 4] = [
    ("maxFileSizeMb", 5, 6_200),
    ("rowGroupSizeMb", 32, 128),
    ("retentionDays", 1, MAX_RETENTION_DAYS as u64),
    ("timeoutSeconds", 1, MAX_TIMEOUT_SECONDS),
];

/// The most columns that files are put into folders by.
const MOST_PARTITION_COLUMNS: usize = 16;

/// How rows become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    Json,
    /// Delimited text, or text of fixed widths, as UNLOAD writes it without a `FORMAT`.
    Text,
    /// Apache Parquet, Snappy inside.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Text, Self::Parquet];

    /// The name in requests and in UNLOAD.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
            Self::Parquet => "parquet",
        }
    }

    /// What stands between fields unless it is said, where something does.
    pub fn delimiter(self) -> Option<char> {
        match self {
            Self::Csv => Some(','),
            Self::Text => Some('|'),
            Self::Json | Self::Parquet => None,
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
    /// bzip2, one stream.
    Bzip2,
}

impl Compression {
    /// Every way to compress, and not to.
    pub const ALL: [Self; 4] = [Self::None, Self::Gzip, Self::Zstd, Self::Bzip2];

    /// The name in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
        }
    }

    /// The last part of the file's name, without a dot; none for uncompressed.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
            Self::Bzip2 => Some("bz2"),
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
    /// `quoteAll`
    pub quote_all: Option<bool>,
    /// `escape`
    pub escape: Option<bool>,
    /// `fixedWidth`
    pub fixed_width: Option<String>,
    /// `singleFile`
    pub single_file: Option<bool>,
    /// `parallel`
    pub parallel: Option<bool>,
    /// `maxFileSizeMb`
    pub max_file_size_mb: Option<u32>,
    /// `rowGroupSizeMb`
    pub row_group_size_mb: Option<u32>,
    /// `partitionBy`
    pub partition_by: Option<Vec<String>>,
    /// `partitionInclude`
    pub partition_include: Option<bool>,
    /// `extension`
    pub extension: Option<String>,
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
    /// What stands between fields; CSV and text only.
    pub delimiter: Option<char>,
    /// What stands for NULL; CSV and text only.
    pub null_as: Option<String>,
    /// Whether the file begins with a byte order mark; CSV only.
    pub bom: Option<bool>,
    /// Whether every field is put in quotes; text only.
    #[serde(default)]
    pub quote_all: Option<bool>,
    /// Whether a backslash stands before what could be taken for something else; text only.
    #[serde(default)]
    pub escape: Option<bool>,
    /// The widths of the columns, in bytes; text only.
    #[serde(default)]
    pub fixed_width: Option<FixedWidth>,
    /// Whether the caller gets exactly one file.
    pub single_file: bool,
    /// Whether the warehouse may write several files at once.
    pub parallel: bool,
    /// How large a file gets before the next is begun, in millions of bytes.
    #[serde(default)]
    pub max_file_size_mb: Option<u32>,
    /// How large a row group gets, in MiB; Parquet only.
    #[serde(default)]
    pub row_group_size_mb: Option<u32>,
    /// The columns by whose values the files are put into folders.
    #[serde(default)]
    pub partition_by: Option<Vec<String>>,
    /// Whether those columns stay in the files too.
    #[serde(default)]
    pub partition_include: Option<bool>,
    /// What the files' names end with, without its first dot, where it was sent.
    #[serde(default)]
    pub extension: Option<String>,
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
        self.check()?;
        let format = self.format.unwrap_or(Format::Csv);
        let fixed_width: Option<FixedWidth> = match self.fixed_width.as_deref().map(str::parse) {
            Some(Err(why)) => return Err(illegal(format!("`fixedWidth` {why}"))),
            Some(Ok(widths)) => Some(widths),
            None => None,
        };
        let is_delimited = format.delimiter().is_some() && fixed_width.is_none();
        let delimiter = match &self.delimiter {
            Some(text) => Some(parse_delimiter(text)?),
            None => format.delimiter().filter(|_| is_delimited),
        };
        let null_as = match &self.null_as {
            Some(text) => Some(parse_null_as(text)?),
            None => format.delimiter().is_some().then(String::new),
        };
        if self.escape == Some(true) && delimiter == Some('\\') {
            return Err(illegal(
                "`escape` does not go with `delimiter` `\\`: the backslash is what escapes; use another delimiter",
            ));
        }
        if format == Format::Text
            && let (Some(null_as), Some(delimiter)) = (&self.null_as, delimiter)
        {
            check_null_in_text(null_as, delimiter, self.quote_all == Some(true))?;
        }
        let partition_by = self.partition_by.as_deref().map(parse_partition_by).transpose()?;
        let single_file = self.is_single_file();
        Ok(UnloadOptions {
            format,
            compression: (format != Format::Parquet).then(|| self.compression.unwrap_or(Compression::Gzip)),
            header: is_delimited.then(|| self.header.unwrap_or(true)),
            delimiter,
            null_as,
            bom: (format == Format::Csv).then(|| self.bom.unwrap_or(false)),
            quote_all: (format == Format::Text && is_delimited).then(|| self.quote_all.unwrap_or(false)),
            escape: (format == Format::Text && is_delimited).then(|| self.escape.unwrap_or(false)),
            fixed_width,
            single_file,
            parallel: self.parallel.unwrap_or(!single_file),
            max_file_size_mb: self.max_file_size_mb.map(|size| bounded("maxFileSizeMb", size)).transpose()?,
            row_group_size_mb: self.row_group_size_mb.map(|size| bounded("rowGroupSizeMb", size)).transpose()?,
            partition_include: partition_by.is_some().then(|| self.partition_include.unwrap_or(false)),
            partition_by,
            extension: self.extension.as_deref().map(parse_extension).transpose()?,
            retention_days: bounded("retentionDays", self.retention_days.unwrap_or(USUAL_RETENTION_DAYS))?,
            timeout_seconds: bounded("timeoutSeconds", self.timeout_seconds.unwrap_or(MAX_TIMEOUT_SECONDS))?,
        })
    }

    /// Whether the caller gets one file: so unless another option that was sent makes several.
    fn is_single_file(&self) -> bool {
        self.single_file.unwrap_or(self.partition_by.is_none() && self.max_file_size_mb.is_none())
    }
}

impl UnloadOptions {
    /// What the warehouse is told to append to a file's name: `csv.gz`, `json`; nothing for Parquet, which appends its own.
    pub fn statement_extension(&self) -> Option<String> {
        let base = match (&self.extension, self.format) {
            (Some(extension), _) => return Some(extension.clone()),
            (None, Format::Csv) => "csv",
            (None, Format::Json) => "json",
            (None, Format::Text) => "txt",
            (None, Format::Parquet) => return None,
        };
        Some(match self.compression.and_then(Compression::extension) {
            Some(suffix) => format!("{base}.{suffix}"),
            None => base.to_owned(),
        })
    }

    /// What a file's name ends with, without its first dot: `csv.gz`, `parquet`.
    pub fn file_extension(&self) -> String {
        self.statement_extension().unwrap_or_else(|| "parquet".to_owned())
    }

    /// The media type of the files as they lie in storage.
    pub fn content_type(&self) -> &'static str {
        match (self.compression, self.format) {
            (Some(Compression::Gzip), _) => "application/gzip",
            (Some(Compression::Zstd), _) => "application/zstd",
            (Some(Compression::Bzip2), _) => "application/x-bzip2",
            (_, Format::Csv) => "text/csv; charset=utf-8",
            (_, Format::Json) => "application/x-ndjson",
            (_, Format::Text) => "text/plain; charset=utf-8",
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

fn bounded<T: Into<u64> + Copy>(name: &str, value: T) -> Result<T> {
    let number = value.into();
    let (_, least, most) = BOUNDS.iter().find(|(bounded, ..)| *bounded == name).copied().unwrap_or(("", 1, 0));
    if (least..=most).contains(&number) {
        return Ok(value);
    }
    Err(illegal(format!("`{name}` is {number}; it must be from {least} to {most}")))
}

/// One ASCII character that cannot be taken for quoting or a line's end (UNLOAD, DELIMITER), be it a control character.
fn parse_delimiter(text: &str) -> Result<char> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r' | '\0') => Ok(c),
        _ => Err(illegal(format!(
            "`delimiter` is `{}`; it must be a single ASCII character, and neither a double quote, a line's end nor NUL",
            text.chars().take(80).flat_map(char::escape_debug).collect::<String>()
        ))),
    }
}

fn parse_null_as(text: &str) -> Result<String> {
    if text.len() > 100 || text.chars().any(|c| c.is_control()) {
        return Err(illegal("`nullAs` must have at most 100 bytes and no control characters"));
    }
    Ok(text.to_owned())
}

/// In text NULL is written as it is, whatever `escape` and `quoteAll` do to values: it must not end its own field.
fn check_null_in_text(null_as: &str, delimiter: char, is_quoted: bool) -> Result<()> {
    let shown = null_as.escape_debug();
    if null_as.contains(delimiter) {
        let delimiter = delimiter.escape_debug();
        let message =
            format!("`nullAs` is `{shown}`, and holds the `delimiter` `{delimiter}`: NULL would be several fields; use another");
        return Err(illegal(message));
    }
    if is_quoted && null_as.contains('"') {
        let message = format!(
            "`nullAs` is `{shown}`, and with `quoteAll` a double quote begins and ends a field; leave it out of `nullAs`"
        );
        return Err(illegal(message));
    }
    Ok(())
}

fn parse_partition_by(names: &[String]) -> Result<Vec<String>> {
    let is_sound = |name: &String| !name.is_empty() && name.len() <= 127 && !name.chars().any(char::is_control);
    if names.is_empty() || names.len() > MOST_PARTITION_COLUMNS || !names.iter().all(is_sound) {
        return Err(illegal(format!(
            "`partitionBy` must be a list of 1 to {MOST_PARTITION_COLUMNS} column names of the query, each of at most 127 bytes"
        )));
    }
    match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        Some((_, name)) => Err(illegal(format!("`partitionBy` names `{name}` twice; name it once"))),
        None => Ok(names.to_vec()),
    }
}

/// UNLOAD takes anything; ours ends a file's name and stays in its folder.
fn parse_extension(text: &str) -> Result<String> {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty()
        || text.len() > 32
        || !text.chars().all(is_sound)
        || text.starts_with('.')
        || text.ends_with('.')
        || text.contains("..")
    {
        return Err(illegal(format!(
            "`extension` is `{}`; it must be 1 to 32 of `A-Za-z0-9._-`, without a dot at its ends, such as `txt.gz`",
            text.chars().take(80).flat_map(char::escape_debug).collect::<String>()
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
