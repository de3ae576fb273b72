//! The UNLOAD statement: built here and nowhere else, from a typed description, for every warehouse.
//!
//! Grammar and traps: <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>. The query becomes a literal with `'` and `\`
//! doubled and a newline before the closing quote, so that a comment at its end cannot swallow it. `ALLOWOVERWRITE`, `CLEANPATH` and
//! keys are never written: each attempt has a prefix of its own, and keys would end up in system tables.

use crate::options::{Compression, FixedWidth, Format};
use crate::unload::NewUnload;

/// A megabyte as `MAXFILESIZE` is read here: the documentation does not say which, and files that are smaller do no harm. `ROWGROUPSIZE` counts
/// in MiB, as writers of Parquet do.
pub const MEGABYTE: u64 = 1_000_000;

/// The role that the warehouse takes on to write (`IAM_ROLE`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IamRole {
    /// The cluster's default role; what warehouses without roles are given too.
    #[default]
    Default,
    /// One role, or a chain of them.
    Chain(Vec<String>),
}

/// How the files are encrypted where they land.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Encryption {
    /// As UNLOAD does without a word: keys that S3 manages (SSE-S3).
    #[default]
    Unsaid,
    /// With the key that the bucket itself names (`ENCRYPTED AUTO`).
    BucketKey,
    /// With this key of the key management service (`ENCRYPTED KMS_KEY_ID`).
    KmsKey(String),
}

/// What of a statement comes from the configuration of a warehouse, never from a caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatementSettings {
    /// Who writes.
    pub iam_role: IamRole,
    /// Where the bucket is, when that is not where the warehouse is.
    pub region: Option<String>,
    /// How the files are encrypted.
    pub encryption: Encryption,
}

/// Everything that an UNLOAD of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnloadStatement {
    /// The query that runs, its parameters bound and an outer `LIMIT` wrapped.
    pub query: String,
    /// Where the files go: `s3://bucket/…/output`, the beginning of their names.
    pub destination: String,
    /// What the configuration adds.
    pub settings: StatementSettings,
    /// How rows become bytes.
    pub format: Format,
    /// `PARTITION BY`: columns by whose values the files are put into folders; none for no folders.
    pub partition_by: Vec<String>,
    /// `INCLUDE`: those columns stay in the files.
    pub partition_include: bool,
    /// `HEADER`
    pub header: bool,
    /// `DELIMITER AS`
    pub delimiter: Option<char>,
    /// `FIXEDWIDTH AS`
    pub fixed_width: Option<FixedWidth>,
    /// `NULL AS`
    pub null_as: Option<String>,
    /// `ADDQUOTES`
    pub quote_all: bool,
    /// `ESCAPE`
    pub escape: bool,
    /// `GZIP`, `ZSTD`, `BZIP2`
    pub compression: Compression,
    /// `PARALLEL ON` or `OFF`
    pub parallel: bool,
    /// `MAXFILESIZE AS`, in bytes
    pub max_file_size: Option<u64>,
    /// `ROWGROUPSIZE AS`, in MiB
    pub row_group_size_mb: Option<u32>,
    /// `EXTENSION`
    pub extension: Option<String>,
    /// Whose it is, for a warehouse that labels what runs (`query_group`); no part of the text.
    pub label: Option<String>,
}

impl UnloadStatement {
    /// What UNLOAD does when nothing else is said: delimited text, in parallel.
    pub fn plain(query: impl Into<String>, destination: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            destination: destination.into(),
            settings: StatementSettings::default(),
            format: Format::Text,
            partition_by: Vec::new(),
            partition_include: false,
            header: false,
            delimiter: None,
            fixed_width: None,
            null_as: None,
            quote_all: false,
            escape: false,
            compression: Compression::None,
            parallel: true,
            max_file_size: None,
            row_group_size_mb: None,
            extension: None,
            label: None,
        }
    }

    /// The statement of an unload into `destination`.
    pub fn new(asked: &NewUnload, destination: String, settings: StatementSettings) -> Self {
        let options = &asked.options;
        Self {
            query: if asked.is_limited { wrapped(&asked.bound_sql) } else { asked.bound_sql.clone() },
            destination,
            settings,
            format: options.format,
            partition_by: options.partition_by.clone().unwrap_or_default(),
            partition_include: options.partition_include == Some(true),
            header: options.header == Some(true) && !options.is_joined(),
            delimiter: options.delimiter,
            fixed_width: options.fixed_width.clone(),
            null_as: options.null_as.clone().filter(|text| !text.is_empty()),
            quote_all: options.quote_all == Some(true),
            escape: options.escape == Some(true),
            compression: options.compression.unwrap_or(Compression::None),
            parallel: options.parallel && !asked.is_ordered,
            max_file_size: options.max_file_size_mb.map(|size| u64::from(size) * MEGABYTE),
            row_group_size_mb: options.row_group_size_mb,
            extension: options.statement_extension(),
            label: Some(asked.owner.as_str().to_owned()),
        }
    }

    /// The text that the warehouse gets.
    pub fn to_sql(&self) -> String {
        let mut sql = format!("UNLOAD ({})\nTO {}\nIAM_ROLE ", query_literal(&self.query), literal(&self.destination));
        match &self.settings.iam_role {
            IamRole::Default => sql.push_str("default"),
            IamRole::Chain(roles) => sql.push_str(&literal(&roles.join(","))),
        }
        for clause in self.clauses() {
            sql.push('\n');
            sql.push_str(&clause);
        }
        sql
    }

    /// The options, in the order of the documentation.
    fn clauses(&self) -> Vec<String> {
        let flag = |is_set: bool, text: &str| is_set.then(|| text.to_owned());
        let format = match self.format {
            Format::Csv => Some("FORMAT AS CSV"),
            Format::Json => Some("FORMAT AS JSON"),
            Format::Parquet => Some("FORMAT AS PARQUET"),
            // Delimited text is what UNLOAD writes without a word; there is none for it.
            Format::Text => None,
        };
        let compression = match self.compression {
            Compression::None => None,
            Compression::Gzip => Some("GZIP"),
            Compression::Zstd => Some("ZSTD"),
            Compression::Bzip2 => Some("BZIP2"),
        };
        let encryption = match &self.settings.encryption {
            Encryption::Unsaid => None,
            Encryption::BucketKey => Some("ENCRYPTED AUTO".to_owned()),
            Encryption::KmsKey(key) => Some(format!("KMS_KEY_ID {} ENCRYPTED", literal(key))),
        };
        let partition_by = (!self.partition_by.is_empty()).then(|| {
            let columns: Vec<_> = self.partition_by.iter().map(|name| identifier(name)).collect();
            format!("PARTITION BY ({}){}", columns.join(", "), if self.partition_include { " INCLUDE" } else { "" })
        });
        let clauses = [
            format.map(str::to_owned),
            partition_by,
            Some("MANIFEST VERBOSE".to_owned()),
            flag(self.header, "HEADER"),
            self.delimiter.map(|delimiter| format!("DELIMITER AS {}", literal(delimiter.encode_utf8(&mut [0; 4])))),
            self.fixed_width.as_ref().map(|widths| format!("FIXEDWIDTH AS {}", literal(&widths.to_string()))),
            encryption,
            compression.map(str::to_owned),
            flag(self.quote_all, "ADDQUOTES"),
            self.null_as.as_ref().map(|null_as| format!("NULL AS {}", literal(null_as))),
            flag(self.escape, "ESCAPE"),
            Some(if self.parallel { "PARALLEL ON" } else { "PARALLEL OFF" }.to_owned()),
            self.max_file_size.map(|bytes| format!("MAXFILESIZE AS {} MB", megabytes(bytes))),
            self.row_group_size_mb.map(|size| format!("ROWGROUPSIZE AS {size} MB")),
            self.settings.region.as_ref().map(|region| format!("REGION AS {}", literal(region))),
            self.extension.as_ref().map(|extension| format!("EXTENSION {}", literal(extension))),
        ];
        clauses.into_iter().flatten().collect()
    }
}

/// A name as an identifier that is read exactly so.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// As a decimal number of megabytes, every byte of it.
fn megabytes(bytes: u64) -> String {
    match bytes % MEGABYTE {
        0 => (bytes / MEGABYTE).to_string(),
        rest => format!("{}.{rest:06}", bytes / MEGABYTE).trim_end_matches('0').to_owned(),
    }
}

/// A string literal as Redshift reads it: `'` and `\` doubled.
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    push_escaped(&mut quoted, text);
    quoted.push('\'');
    quoted
}

/// The query as UNLOAD's literal, with a newline before the closing quote.
fn query_literal(query: &str) -> String {
    let mut quoted = String::with_capacity(query.len() + query.len() / 8 + 3);
    quoted.push('\'');
    push_escaped(&mut quoted, query);
    quoted.push_str("\n'");
    quoted
}

fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            out.push(character);
        }
        out.push(character);
    }
}

/// UNLOAD refuses an outer `LIMIT`; inside a derived table it is allowed.
fn wrapped(query: &str) -> String {
    format!("SELECT * FROM (\n{query}\n) AS outflow_limited")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn statement(query: &str) -> UnloadStatement {
        UnloadStatement {
            query: query.to_owned(),
            destination: "s3://local/unload-results/abc/1-1/output".to_owned(),
            format: Format::Csv,
            header: true,
            delimiter: Some(','),
            compression: Compression::Gzip,
            parallel: false,
            extension: Some("csv.gz".to_owned()),
            ..UnloadStatement::plain("", "")
        }
    }

    #[test]
    fn the_text_of_an_ordinary_statement() {
        insta::assert_snapshot!(statement(r"SELECT 'it''s', '\d+' FROM t").to_sql());
    }

    #[test]
    fn whatever_unload_can_say_is_said() {
        let roles = ["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b"].map(str::to_owned).to_vec();
        let settings = StatementSettings {
            iam_role: IamRole::Chain(roles),
            region: Some("eu-west-1".to_owned()),
            encryption: Encryption::KmsKey("1234abcd".to_owned()),
        };
        let text = UnloadStatement {
            settings,
            format: Format::Text,
            delimiter: Some('\''),
            null_as: Some("N'A\\".to_owned()),
            quote_all: true,
            escape: true,
            compression: Compression::Bzip2,
            max_file_size: Some(5_500_000),
            ..statement("SELECT 1")
        };
        let fixed = UnloadStatement {
            settings: StatementSettings { encryption: Encryption::BucketKey, ..StatementSettings::default() },
            fixed_width: Some("id:3,name:39".parse().unwrap()),
            ..UnloadStatement::plain("SELECT 1", "s3://b/k")
        };
        let parquet = UnloadStatement {
            format: Format::Parquet,
            partition_by: vec!["year".to_owned(), "a \"b\"".to_owned()],
            partition_include: true,
            row_group_size_mb: Some(128),
            max_file_size: Some(6_200_000_000),
            ..UnloadStatement::plain("SELECT 1", "s3://b/k")
        };
        insta::assert_snapshot!([text.to_sql(), fixed.to_sql(), parquet.to_sql()].join(";\n\n"));
    }

    /// Redshift's lexer, as far as one literal goes: gives what stands in it and what follows it.
    fn unescape(text: &str) -> Option<(String, &str)> {
        let mut characters = text.strip_prefix('\'')?.char_indices();
        let mut value = String::new();
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' => match characters.clone().next() {
                    Some((_, '\'')) => {
                        characters.next();
                        value.push('\'');
                    }
                    _ => return Some((value, &text[at + 2..])),
                },
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }

    proptest! {
        #[test]
        fn what_redshift_un_escapes_is_what_was_sent(query in "(?s).*") {
            let sql = statement(&query).to_sql();
            let (value, rest) = unescape(sql.strip_prefix("UNLOAD (").unwrap()).unwrap();
            prop_assert_eq!(value, format!("{query}\n"));
            prop_assert!(rest.starts_with(")\nTO 's3://"));
        }

        #[test]
        fn hostile_text_never_leaves_its_literal(query in r"['\\\n)\-;/*a ]*") {
            let sql = statement(&query).to_sql();
            let (value, rest) = unescape(sql.strip_prefix("UNLOAD (").unwrap()).unwrap();
            prop_assert_eq!(value, format!("{query}\n"));
            prop_assert!(rest.starts_with(")\nTO 's3://"));
        }
    }
}
