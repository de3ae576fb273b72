//! The UNLOAD statement: built here and nowhere else, from a typed description, for every warehouse.
//!
//! Grammar and traps: <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>. The query becomes a literal with `'` and `\`
//! doubled and a newline before the closing quote, so that a comment at its end cannot swallow it. `ALLOWOVERWRITE`, `CLEANPATH` and
//! keys are never written: each attempt has a prefix of its own, and keys would end up in system tables.

use crate::options::{Compression, Format};
use crate::unload::NewUnload;

/// The role that the warehouse takes on to write (`IAM_ROLE`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IamRole {
    /// The cluster's default role; what warehouses without roles are given too.
    #[default]
    Default,
    /// One role, or a chain of them.
    Chain(Vec<String>),
}

/// Everything that an UNLOAD says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnloadStatement {
    /// The query that runs, its parameters bound and an outer `LIMIT` wrapped.
    pub query: String,
    /// Where the files go: `s3://bucket/…/output`, the beginning of their names.
    pub destination: String,
    /// Who writes.
    pub iam_role: IamRole,
    /// How rows become bytes.
    pub format: Format,
    /// `HEADER`
    pub header: bool,
    /// `DELIMITER AS`
    pub delimiter: Option<char>,
    /// `NULL AS`
    pub null_as: Option<String>,
    /// `GZIP`, `ZSTD`
    pub compression: Compression,
    /// `PARALLEL ON` or `OFF`
    pub parallel: bool,
    /// `EXTENSION`
    pub extension: Option<String>,
}

impl UnloadStatement {
    /// The statement of an unload into `destination`.
    pub fn new(asked: &NewUnload, destination: String, iam_role: IamRole) -> Self {
        let options = &asked.options;
        Self {
            query: if asked.is_limited { wrapped(&asked.bound_sql) } else { asked.bound_sql.clone() },
            destination,
            iam_role,
            format: options.format,
            header: options.header == Some(true) && !options.is_joined(),
            delimiter: options.delimiter,
            null_as: options.null_as.clone().filter(|text| !text.is_empty()),
            compression: options.compression.unwrap_or(Compression::None),
            parallel: options.parallel && !asked.is_ordered,
            extension: options.extension(),
        }
    }

    /// The text that the warehouse gets.
    pub fn to_sql(&self) -> String {
        let mut sql = format!("UNLOAD ({})\nTO {}\nIAM_ROLE ", query_literal(&self.query), literal(&self.destination));
        match &self.iam_role {
            IamRole::Default => sql.push_str("default"),
            IamRole::Chain(roles) => sql.push_str(&literal(&roles.join(","))),
        }
        let mut clause = |text: &str| {
            sql.push('\n');
            sql.push_str(text);
        };
        clause(match self.format {
            Format::Csv => "FORMAT AS CSV",
            Format::Json => "FORMAT AS JSON",
            Format::Parquet => "FORMAT AS PARQUET",
        });
        if self.header {
            clause("HEADER");
        }
        if let Some(delimiter) = self.delimiter {
            clause(&format!("DELIMITER AS {}", literal(delimiter.encode_utf8(&mut [0; 4]))));
        }
        if let Some(null_as) = &self.null_as {
            clause(&format!("NULL AS {}", literal(null_as)));
        }
        match self.compression {
            Compression::None => {}
            Compression::Gzip => clause("GZIP"),
            Compression::Zstd => clause("ZSTD"),
        }
        clause("MANIFEST VERBOSE");
        clause(if self.parallel { "PARALLEL ON" } else { "PARALLEL OFF" });
        if let Some(extension) = &self.extension {
            clause(&format!("EXTENSION {}", literal(extension)));
        }
        sql
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
            iam_role: IamRole::Default,
            format: Format::Csv,
            header: true,
            delimiter: Some(','),
            null_as: None,
            compression: Compression::Gzip,
            parallel: false,
            extension: Some("csv.gz".to_owned()),
        }
    }

    #[test]
    fn the_text_of_an_ordinary_statement() {
        insta::assert_snapshot!(statement(r"SELECT 'it''s', '\d+' FROM t").to_sql());
    }

    #[test]
    fn a_role_chain_and_a_null_text_are_written() {
        let roles = ["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b"].map(str::to_owned).to_vec();
        let sql =
            UnloadStatement { iam_role: IamRole::Chain(roles), null_as: Some("N'A".into()), ..statement("SELECT 1") }.to_sql();
        assert!(sql.contains("IAM_ROLE 'arn:aws:iam::1:role/a,arn:aws:iam::2:role/b'"), "{sql}");
        assert!(sql.contains("NULL AS 'N''A'"), "{sql}");
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
